"""What callers send and see of freshness."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from humidor_inventory.freshness.rules import (
    DEFAULT_BANDS_DAYS,
    DEFAULT_EXPIRING_WITHIN_DAYS,
    DEFAULT_MAX_AGE_DAYS,
)
from humidor_inventory.inputs import Gtin, Input, Label, LotCode, Note, Quantity, StoreId
from humidor_inventory.units.rules import Unit

Days = Annotated[int, Field(ge=1, le=36_500)]
LotState = Literal["expired", "expiring", "over_age", "over_shelf"]
Action = Literal["withdraw", "sell_first", "inspect", "move_forward", "keep"]


class RuleInput(Input):
    """How old goods of a brand may become.

    `bands_days` are the last days of the bands of age; age counts from production, time on the shelf from
    the day when the lot came into the store.
    """

    bands_days: Annotated[
        list[Days], Field(min_length=1, max_length=12, default_factory=lambda: list(DEFAULT_BANDS_DAYS))
    ]
    expiring_within_days: Days = DEFAULT_EXPIRING_WITHIN_DAYS
    max_age_days: Days | None = DEFAULT_MAX_AGE_DAYS
    max_shelf_days: Days | None = None

    @model_validator(mode="after")
    def _check(self) -> "RuleInput":
        if sorted(set(self.bands_days)) != self.bands_days:
            raise ValueError("bands_days rise, each named once")
        return self


class RuleView(BaseModel):
    """A rule as it is; the one without a brand is for every brand that has none of its own."""

    brand: str | None
    bands_days: list[int]
    expiring_within_days: int
    max_age_days: int | None
    max_shelf_days: int | None
    changed_at: datetime | None
    changed_by: str | None


class BandView(BaseModel):
    """What is of one band of age; `share` is of all that the store has of the brand, 0 to 1."""

    band: str
    lots: int
    on_hand_sticks: int
    share: float


class BandsView(BaseModel):
    """The stock of one brand in one store, by age since production."""

    store_id: str
    brand: str
    on_hand_sticks: int
    bands: list[BandView]


class FreshLotView(BaseModel):
    """One lot on the shelf, how fresh it is and what to do with it.

    `withdraw` what has expired, `sell_first` what expires within the days of the rule, `inspect` what is
    older and `move_forward` what stands longer on the shelf than the rule allows.
    """

    store_id: str
    gtin: str
    name: str
    brand: str
    lot: str
    on_hand_sticks: int
    production_date: date | None
    expiry_date: date | None
    received_at: datetime | None
    age_days: int | None
    shelf_days: int | None
    days_left: int | None
    held: bool
    action: Action


class PickPart(Input):
    """So much out of one lot."""

    lot: LotCode | Literal[""]
    quantity: Quantity


class PickInput(Input):
    """What to pick; without `lots` by FEFO, with them as somebody decided, for a reason."""

    store_id: StoreId
    gtin: Gtin
    quantity: Quantity
    unit: Unit = "pack"
    lots: Annotated[list[PickPart], Field(min_length=1, max_length=100)] | None = None
    reason: Note | None = None
    reference: Label | None = None

    @model_validator(mode="after")
    def _check(self) -> "PickInput":
        if self.lots is None:
            return self
        if len({part.lot for part in self.lots}) != len(self.lots):
            raise ValueError("each lot is named once")
        if sum(part.quantity for part in self.lots) != self.quantity:
            raise ValueError("the lots add up to quantity")
        return self


class PickedLot(BaseModel):
    """So much out of one lot, in sticks."""

    lot: str
    sticks: int
    expiry_date: date | None = None


class PickView(BaseModel):
    """A pick as it was recorded; it moves no stock, the sale or the transfer does."""

    pick_id: UUID
    store_id: str
    gtin: str
    quantity_sticks: int
    suggested: list[PickedLot]
    chosen: list[PickedLot]
    overridden: bool
    short_sticks: int
    reason: str | None
    reference: str | None
    picked_at: datetime
    picked_by: str


class ViolationView(BaseModel):
    """Goods that were sold although they might not have been; `kind` says whether expired or held."""

    entry_id: int
    kind: Literal["expired", "held"]
    store_id: str
    gtin: str
    brand: str
    lot: str
    sticks: int
    sale_id: UUID
    line: int
    sold_at: datetime
    recorded_at: datetime
    expiry_date: date | None
    days_over: int | None
