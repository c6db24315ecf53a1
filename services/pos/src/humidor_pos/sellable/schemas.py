"""The sellable list and a store's own prices over HTTP."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Gtin = Annotated[str, StringConstraints(pattern=r"^(\d{8}|\d{12,14})$")]


class UnitGtin(BaseModel):
    """The GTIN that stands on a unit of the product, where that is not the product's own."""

    gtin: str
    unit: Literal["pack", "carton", "case"]


class UnsellableLot(BaseModel):
    """A lot in stock that may not be sold."""

    lot: str
    reason: Literal["expired", "held"]
    expiry_date: date | None


class ExpiringLot(BaseModel):
    """A lot in stock that may be sold up to and on its expiry date, which is near."""

    lot: str
    expiry_date: date


class RunningCampaign(BaseModel):
    """A campaign on the store's own day: its price (minor units), its discount, or neither of them."""

    campaign_id: str
    kind: str
    audience: Literal["retailers", "consumers"]
    ends_on: date
    price_per_pack: int | None
    currency: str | None
    discount_percent: float | None
    keeps_set_price: bool


class Offer(BaseModel):
    """What consumers pay today by one campaign, the cheapest for them: minor units, for one unit."""

    campaign_id: str
    prices: dict[str, int]
    currency: str


class SellableProduct(BaseModel):
    """Prices are in minor units, for one unit; empty where the product has none.

    `campaigns` has the lowest price first, then the highest discount. `offer` is what consumers pay today for
    each unit by the cheapest for them, one about every product included; null where they pay as ever.
    """

    gtin: str
    name: str
    brand: str
    sticks_per_pack: int
    packs_per_carton: int
    cartons_per_case: int
    currency: str | None
    prices: dict[str, int]
    source: Literal["store", "list"] | None
    unit_gtins: list[UnitGtin]
    unsellable_lots: list[UnsellableLot]
    expiring_lots: list[ExpiringLot]
    campaigns: list[RunningCampaign]
    offer: Offer | None


class SellableList(BaseModel):
    """What a store may sell now; `campaigns` are those about every product."""

    store_id: str
    revision: int
    items: list[SellableProduct]
    campaigns: list[RunningCampaign]


class NewPrice(BaseModel):
    """A price of a store's own, in minor units for one pack."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"price_per_pack": 2600, "currency": "CNY"}]}
    )

    price_per_pack: Annotated[int, Field(ge=0, le=10**12)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class PriceView(BaseModel):
    """A price of a store's own."""

    store_id: str
    gtin: str
    price_per_pack: int
    currency: str
    changed_at: datetime
