"""What callers send and see of products."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from humidor_inventory.inputs import Gtin, Input, Label, Name, SupplierId

_EXAMPLE: dict[str, JsonValue] = {
    "name": "Harbour Gold 84 mm",
    "brand": "Harbour",
    "manufacturer": "Harbour Tobacco",
    "price_class": "1",
    "shelf_life_days": 540,
    "retail_price_per_pack": 2500,
    "currency": "CNY",
}
_MAX_STICKS_PER_CASE = 1_000_000_000

Factor = Annotated[int, Field(ge=1, le=100_000)]


class UnitGtinInput(Input):
    """The item number that stands on a unit of the product, other than the product's own."""

    gtin: Gtin
    unit: Literal["pack", "carton", "case"]


class ProductInput(Input):
    """A product as it shall be; prices are in minor units per pack.

    The cost price is without VAT. Left out, it stays what it was; a change holds from `cost_valid_from` on
    (today, unless an earlier day is named) and history before it keeps its cost. null means unknown.
    Its own GTIN stands for whatever unit is named beside it; those of `unit_gtins` stand for their units.
    Left out, they stay what they were: sales have been counted by them.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    name: Name
    brand: Label
    manufacturer: Label | None = None
    status: Literal["active", "discontinued"] = "active"
    price_class: Label | None = None
    sticks_per_pack: Factor = 20
    packs_per_carton: Factor = 10
    cartons_per_case: Factor = 50
    shelf_life_days: Annotated[int, Field(ge=1, le=36_500)] | None = None
    retail_price_per_pack: Annotated[int, Field(ge=0, le=10**15)] | None = None
    cost_price_per_pack: Annotated[int, Field(ge=0, le=10**9)] | None = None
    cost_valid_from: date | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None
    supplier_id: SupplierId | None = None
    lead_time_days: Annotated[int, Field(ge=0, le=3650)] | None = None
    order_multiple_packs: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    unit_gtins: Annotated[list[UnitGtinInput], Field(max_length=20, default_factory=list)]

    @model_validator(mode="after")
    def _check(self) -> "ProductInput":
        for name in ("retail_price_per_pack", "cost_price_per_pack"):
            if getattr(self, name) is not None and self.currency is None:
                raise ValueError(f"currency is needed beside {name}")
        if self.cost_valid_from is not None and "cost_price_per_pack" not in self.model_fields_set:
            raise ValueError("cost_price_per_pack is needed beside cost_valid_from")
        if self.sticks_per_pack * self.packs_per_carton * self.cartons_per_case > _MAX_STICKS_PER_CASE:
            raise ValueError("a case holds no more than 1,000,000,000 sticks")
        self.unit_gtins.sort(key=lambda each: each.gtin)
        if len({each.gtin for each in self.unit_gtins}) != len(self.unit_gtins):
            raise ValueError("unit_gtins name a GTIN more than once")
        return self


class ProductItem(ProductInput):
    """A product of a batch."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"gtin": "06901028000017", **_EXAMPLE}]})

    gtin: Gtin


class ProductBatch(Input):
    """Up to 1,000 products, each GTIN once; each succeeds or fails alone."""

    products: Annotated[list[ProductItem], Field(min_length=1, max_length=1000)]

    @model_validator(mode="after")
    def _check_repeats(self) -> "ProductBatch":
        if len({product.gtin for product in self.products}) != len(self.products):
            raise ValueError("a GTIN stands in the batch more than once")
        return self


class ProductView(BaseModel):
    """A product as it is."""

    gtin: str
    name: str
    brand: str
    manufacturer: str | None
    status: str
    price_class: str | None
    sticks_per_pack: int
    packs_per_carton: int
    cartons_per_case: int
    shelf_life_days: int | None
    retail_price_per_pack: int | None
    cost_price_per_pack: int | None
    currency: str | None
    supplier_id: str | None
    lead_time_days: int | None
    order_multiple_packs: int | None
    unit_gtins: list[UnitGtinInput]
    version: int
    changed_at: datetime


class ProductResult(BaseModel):
    """What became of one product of a batch."""

    gtin: str
    status: Literal["created", "changed", "unchanged", "rejected"]
    version: int | None
    problem: dict[str, Any] | None = None


class ProductResults(BaseModel):
    """One result for each product, in the order sent."""

    results: list[ProductResult]


class TradeItemView(BaseModel):
    """What a GTIN on a pack, carton or case stands for; `unit` is None where it is the product's own."""

    gtin: str
    product_gtin: str
    name: str
    unit: Literal["pack", "carton", "case"] | None
    sticks: int | None
