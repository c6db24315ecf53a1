"""What callers send and see of stocktakes."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, model_validator

from humidor_inventory.inputs import Gtin, Input, Label, LotCode, Note, StoreId
from humidor_inventory.stocktakes.rules import State, Status
from humidor_inventory.turnover.rules.classes import AbcClass
from humidor_inventory.units.rules import Unit

MAX_PRODUCTS = 5000
MAX_COUNTS = 1000

ReasonCode = Literal["count", "damage", "theft", "loss", "found", "correction"]
Counting = Literal["accepted", "superseded", "duplicate", "conflict", "rejected"]

_EXAMPLE: dict[str, JsonValue] = {
    "store_id": "S0001",
    "kind": "cycle",
    "abc_classes": ["A"],
    "blind": True,
    "thresholds": {"packs": 1, "percent": "2"},
}


class ThresholdsInput(Input):
    """What a variance may be without a recount; a measure that is null is not looked at."""

    packs: Annotated[int | None, Field(ge=0, le=1_000_000)] = 1
    percent: Annotated[Decimal | None, Field(ge=0, le=1000, max_digits=7, decimal_places=2)] = Decimal(2)
    value_minor: Annotated[int | None, Field(ge=0, le=10**12)] = None


class StocktakeInput(Input):
    """A stocktake to be made: everything in a store, or the products that a list, classes or a brand name.

    `abc_classes` are worked out from the store's sales value of the last 90 days. `by_lot` counts each lot by
    itself; without it a product is counted as a whole and a loss comes off the lots that sell first.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    store_id: StoreId
    kind: Literal["full", "cycle"]
    blind: bool = False
    by_lot: bool = False
    gtins: Annotated[list[Gtin] | None, Field(min_length=1, max_length=MAX_PRODUCTS)] = None
    abc_classes: Annotated[list[AbcClass] | None, Field(min_length=1, max_length=3)] = None
    brand: Label | None = None
    thresholds: ThresholdsInput = ThresholdsInput()
    note: Note | None = None

    @model_validator(mode="after")
    def _check(self) -> "StocktakeInput":
        named = [each for each in (self.gtins, self.abc_classes, self.brand) if each is not None]
        if self.kind == "full" and named:
            raise ValueError("a full stocktake covers the whole store: name no gtins, abc_classes or brand")
        if self.kind == "cycle" and len(named) != 1:
            raise ValueError("a cycle count names gtins, abc_classes or a brand, and only one of them")
        return self


class StocktakeView(BaseModel):
    """A stocktake; `round` is the one being counted, from 1, or the last; 0 before the start."""

    stocktake_id: UUID
    store_id: str
    kind: str
    blind: bool
    by_lot: bool
    state: State
    thresholds: ThresholdsInput
    round: int
    products: int
    lines: int
    note: str | None
    created_by: str
    created_at: datetime
    started_at: datetime | None
    approved_by: str | None
    approved_at: datetime | None
    posted_by: str | None
    posted_at: datetime | None
    cancelled_reason: str | None


class LineView(BaseModel):
    """One line; figures are sticks, and null in a blind count until it comes to review.

    `book_sticks` is the book at the moment of the count that stands. `round` is the round in which the line
    is to be counted.
    """

    line: int
    gtin: str
    name: str
    lot: str
    round: int
    status: Status | Literal["counted"]
    reasons: list[str]
    snapshot_sticks: int | None
    book_sticks: int | None
    counted_sticks: int | None
    variance_sticks: int | None
    variance_value: int | None
    currency: str | None
    counter: str | None
    counted_at: datetime | None
    reason_code: str | None


class CountInput(Input):
    """One count: all that lies there of a product (or lot) at `counted_at`; now where it does not say.

    `count_id` comes from the device, so that sending it again changes nothing.
    """

    count_id: UUID
    gtin: Gtin
    lot: LotCode | None = None
    quantity: Annotated[int, Field(ge=0, le=1_000_000_000)]
    unit: Unit = "pack"
    counted_at: AwareDatetime | None = None


class CountBatch(Input):
    """Counts that a device has gathered, in any order."""

    counts: Annotated[list[CountInput], Field(min_length=1, max_length=MAX_COUNTS)]


class CountResult(BaseModel):
    """What became of one count: `superseded` is kept, but the counter's later one stands."""

    count_id: UUID
    status: Counting
    round: int | None = None
    problem: dict[str, Any] | None = None


class CountResults(BaseModel):
    """The answers in the order of the counts."""

    results: list[CountResult]


class CloseInput(Input):
    """Ends a round; lines that nobody has counted are refused, or taken as counted zero by the caller."""

    uncounted_as_zero: bool = False


class LineKey(Input):
    """A line of a stocktake."""

    gtin: Gtin
    lot: LotCode | None = None


class RecountInput(Input):
    """Sends lines back to be counted once more."""

    lines: Annotated[list[LineKey], Field(min_length=1, max_length=MAX_COUNTS)]
    reason: Note


class LineReason(LineKey):
    """Why a line differs, as far as somebody has found out."""

    reason_code: ReasonCode


class ApprovalInput(Input):
    """Approves the counts; a line that `reasons` does not name is adjusted with the reason `count`."""

    note: Note | None = None
    reasons: Annotated[list[LineReason], Field(max_length=MAX_PRODUCTS, default_factory=list)]


class FileError(BaseModel):
    """One mistake in a file: the line as an editor numbers it, and the column's heading."""

    row: int
    column: str
    message: str


class ImportReport(BaseModel):
    """What a scanner's file comes to; `written` only where it was no dry run and has no error."""

    dry_run: bool
    written: bool
    rows: int
    lines: int
    encoding: str
    delimiter: str
    errors: list[FileError]
    results: list[CountResult] = []


class ShrinkageItem(BaseModel):
    """What a product lost in a period, in sticks; losses are positive and gains negative.

    `stocktake_sticks` is what stocktakes found missing, net of what they found too much; `recorded_sticks`
    what people booked as theft, loss or damage. `shrinkage_percent` relates their sum to the sticks sold.
    """

    gtin: str
    name: str
    stocktake_sticks: int
    recorded_sticks: int
    shrinkage_sticks: int
    sold_sticks: int
    shrinkage_percent: float | None
    shrinkage_value: int | None
    currency: str | None


class ShrinkageView(BaseModel):
    """Shrinkage of a store in a period of whole days of its own; values at today's retail prices."""

    store_id: str
    first_day: date
    last_day: date
    stocktakes: int
    shrinkage_sticks: int
    items: list[ShrinkageItem]
