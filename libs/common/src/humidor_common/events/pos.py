"""Facts that `pos` tells: what happened at a terminal."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from humidor_common.events.base import Event
from humidor_common.events.persons import PersonErased, PersonExported

Unit = Literal["stick", "pack", "carton", "case"]


class SaleLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line; `unit_price` is in minor units of the sale's currency, for one `unit`."""

    line: int
    gtin: str
    quantity: int
    unit: Unit
    unit_price: int
    lot: str | None = None
    code: str | None = None


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """One means of payment; `amount` is in minor units."""

    method: str
    amount: int


class AgeCheck(msgspec.Struct, frozen=True, kw_only=True):
    """Evidence that the buyer's age was checked; never the document's number."""

    method: str
    passed: bool
    clerk: str | None = None


class SaleRecorded(Event, frozen=True, kw_only=True):
    """A terminal sold goods; recorded as it happened, whatever is odd about it is in `exceptions`."""

    TYPE: ClassVar[str] = "pos.sale-recorded.v1"
    TOPIC: ClassVar[str] = "pos.sale.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "sale_id"

    sale_id: UUID
    store_id: str
    terminal_id: str
    sold_at: datetime
    recorded_at: datetime
    currency: str
    total: int
    lines: list[SaleLine]
    payments: list[Payment]
    member_id: str | None = None
    age_check: AgeCheck | None = None
    exceptions: list[str] = msgspec.field(default_factory=list)


class SaleReturned(Event, frozen=True, kw_only=True):
    """Goods came back; `sale_id` is None where the return stands alone."""

    TYPE: ClassVar[str] = "pos.sale-returned.v1"
    TOPIC: ClassVar[str] = "pos.sale.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "return_id"

    return_id: UUID
    sale_id: UUID | None
    store_id: str
    terminal_id: str
    returned_at: datetime
    recorded_at: datetime
    currency: str
    total: int
    lines: list[SaleLine]
    payments: list[Payment]
    reason: str
    restock: bool
    member_id: str | None = None
    exceptions: list[str] = msgspec.field(default_factory=list)


class SaleVoided(Event, frozen=True, kw_only=True):
    """A sale was cancelled as a whole; without `sale_id` it cancels nothing that is known."""

    TYPE: ClassVar[str] = "pos.sale-voided.v1"
    TOPIC: ClassVar[str] = "pos.sale.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "void_id"

    void_id: UUID
    sale_id: UUID | None
    store_id: str
    terminal_id: str
    voided_at: datetime
    recorded_at: datetime
    reason: str
    lines: list[SaleLine] = msgspec.field(default_factory=list)
    exceptions: list[str] = msgspec.field(default_factory=list)


class DayClosed(Event, frozen=True, kw_only=True):
    """A terminal closed its day; `differences` holds what its totals lack against ours, in minor units."""

    TYPE: ClassVar[str] = "pos.day-closed.v1"
    TOPIC: ClassVar[str] = "pos.day.v1"
    KEY: ClassVar[str] = "store_id"
    SUBJECT: ClassVar[str] = "closing_id"

    closing_id: UUID
    store_id: str
    terminal_id: str
    business_date: date
    currency: str
    status: Literal["reconciled", "discrepant"]
    sale_count: int
    sale_total: int
    return_count: int
    return_total: int
    void_count: int
    differences: dict[str, int]
    closed_at: datetime


class PersonErasedByPos(PersonErased, frozen=True, kw_only=True):
    """`pos` has taken a member off its sales and returns."""

    TYPE: ClassVar[str] = "pos.person-erased.v1"
    TOPIC: ClassVar[str] = "pos.person.v1"


class PersonExportedByPos(PersonExported, frozen=True, kw_only=True):
    """`pos` has gathered the sales and returns of a member."""

    TYPE: ClassVar[str] = "pos.person-exported.v1"
    TOPIC: ClassVar[str] = "pos.person.v1"
