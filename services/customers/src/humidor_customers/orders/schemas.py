"""What callers send and see of orders."""

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    computed_field,
    model_validator,
)

from humidor_common.web.inputs import Input, Label, Moment, Note, StoreId
from humidor_customers.catalogue.rules import Unit
from humidor_customers.inputs import Gtin, RetailerId
from humidor_customers.orders.rules import Limit, Payment, State, StockState

MOST_LINES = 500
Quantity = Annotated[int, Field(ge=1, le=1_000_000)]
Lines: TypeAlias = Annotated[list["LineInput"], Field(min_length=1, max_length=MOST_LINES)]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

_ORDER: dict[str, JsonValue] = {
    "retailer_id": "C1",
    "lines": [{"gtin": "06901028000017", "quantity": 5, "unit": "carton"}],
    "confirm": True,
}


class LineInput(Input):
    """What is wanted of a product; caps cut it in whole units."""

    gtin: Gtin
    quantity: Quantity
    unit: Unit = "carton"


class Wish(Input):
    """What a customer wants; with `accept_less` it takes what stock there is, else all or nothing."""

    lines: Lines
    accept_less: bool = False
    note: Note | None = None

    @model_validator(mode="after")
    def _check(self) -> "Wish":
        if len({line.gtin for line in self.lines}) < len(self.lines):
            raise ValueError("a product stands in the order more than once")
        return self


class OrderInput(Wish):
    """An order of a customer, in the cycle whose window is open unless another is named.

    It is a draft until it is confirmed; `confirm` does both at once.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_ORDER]})

    retailer_id: RetailerId
    cycle_id: UUID | None = None
    confirm: bool = False


class CutView(BaseModel):
    """What a cap took off what was wanted."""

    limit: Limit
    sticks: int


class LineView(BaseModel):
    """One product: wanted, allowed, kept back for it, handed over. Prices are those of the last change.

    `free_sticks` is what the warehouse had left when it answered.
    """

    line: int
    gtin: str
    unit: Unit
    multiple_sticks: int
    requested_sticks: int
    ordered_sticks: int
    cuts: list[CutView]
    price_segment: str | None
    minor_per_carton: int
    sticks_per_carton: int
    reserved_sticks: int | None = None
    free_sticks: int | None = None
    delivered_sticks: int | None = None


class Proof(Input):
    """How one knows that the goods were handed over; a picture or signature by its SHA-256, not itself."""

    kind: Literal["signature", "photo", "code", "paper"]
    reference: Label
    sha256: Digest | None = None


class OrderView(BaseModel):
    """An order as it is.

    `stock` says how far the warehouse is, `payment` whether it is paid; `exceptions` names what happened
    though it should not have. `closes_at` is when its window closes as far as was known at its last change.
    `value_minor` is that of what is ordered, later of what is kept back and delivered.
    """

    order_id: UUID
    retailer_id: str
    cycle_id: UUID
    store_id: str
    state: State
    stock: StockState
    payment: Payment
    prepaid: bool
    accept_less: bool
    note: str | None
    currency: str
    value_minor: int
    paid_minor: int
    closes_at: datetime
    delivery_on: date
    attempt: int
    exceptions: list[str]
    refusal_code: str | None
    closed_code: str | None
    closed_reason: str | None
    proof: Proof | None
    placed_at: datetime
    placed_by: str
    confirmed_at: datetime | None
    reserved_at: datetime | None
    dispatched_at: datetime | None
    delivered_at: datetime | None
    closed_at: datetime | None
    version: int
    changed_at: datetime
    lines: list[LineView]

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated properties
    @property
    def refund_due_minor(self) -> int:
        """What was paid for an order that does not stand, or beyond its value."""
        owed = 0 if self.state in ("cancelled", "lapsed") else self.value_minor
        return max(self.paid_minor - owed, 0)


class Filters(BaseModel):
    """What a list of orders may be narrowed to; a lot needs its product."""

    retailer_id: RetailerId | None = None
    cycle_id: UUID | None = None
    store_id: StoreId | None = None
    state: State | None = None
    gtin: Gtin | None = None
    lot: Label | None = None

    @model_validator(mode="after")
    def _check(self) -> "Filters":
        if (self.gtin is None) != (self.lot is None):
            raise ValueError("gtin and lot go together")
        return self


class DeliveredLine(Input):
    """What was handed over of a product; what is not named was handed over as kept back."""

    gtin: Gtin
    quantity: Annotated[int, Field(ge=0, le=1_000_000)]
    unit: Unit = "carton"


class DeliveryInput(Input):
    """That the customer has the goods, and how one knows."""

    proof: Proof
    delivered_at: Moment | None = None
    lines: Annotated[list[DeliveredLine], Field(max_length=MOST_LINES)] = Field(default_factory=list)


class DebitInput(Input):
    """What a bank says of a debit (or refund) of an order; its reference counts once."""

    outcome: Literal["paid", "failed", "refunded"]
    amount_minor: Annotated[int, Field(ge=0, le=10**15)]
    reference: Label
    reason: Note | None = None
    booked_at: Moment | None = None


class DebitView(BaseModel):
    """A debit and what it made of the order."""

    debit_id: UUID
    order_id: UUID
    outcome: Literal["paid", "failed", "refunded"]
    amount_minor: int
    reference: str
    reason: str | None
    booked_at: datetime
    recorded_at: datetime
    recorded_by: str
    order_state: State
    payment: Payment
    refund_due_minor: int
