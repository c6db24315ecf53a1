"""What sales, returns, voids, orders and alerts state about demand."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from humidor_common.events import Event
from humidor_common.events.customers import OrderCancelled, OrderConfirmed
from humidor_common.events.inventory import AlertClosed, AlertRaised
from humidor_common.events.pos import SaleLine, SaleRecorded, SaleReturned, SaleVoided
from humidor_forecasting.gtins import lenient_gtin

FOREVER = 2**31 - 1
MOST = 10**12
STOCK_OUT = "stock_out"


class Unusable(ValueError):  # noqa: N818 - says what the event is
    """The event states what no demand can be; the message says which."""


class Line(NamedTuple):
    """One product in one unit of one document; money in minor units, `cut_quantity` what a cap took away."""

    store_id: str
    thread_id: UUID
    document_id: UUID
    gtin: str
    unit: str
    kind: str
    attempt: int
    occurred_at: datetime
    quantity: int
    cut_quantity: int
    amount_minor: int
    currency: str | None


class Withdrawal(NamedTuple):
    """A thread that is no demand any more, up to this attempt."""

    store_id: str
    thread_id: UUID
    attempt: int


class StockOut(NamedTuple):
    """A time without stock; open where it has no end."""

    alert_id: UUID
    store_id: str
    gtin: str
    raised_at: datetime
    closed_at: datetime | None


def read_event(event: Event) -> tuple[list[Line], list[Withdrawal]]:
    """Say what one event states.

    A return belongs to the day of its sale: the buyer did not want it after all. A return without its sale
    counts against the day it came. A void, or an order's cancellation, takes the whole thread away. What a
    customer requested is the demand, also where a cap cut it.

    Raises:
        Unusable: A quantity or a name that nothing can have.
    """
    if isinstance(event, SaleRecorded):
        thread = event.sale_id, event.sale_id
        return _lines(event, thread, "sale", event.sold_at, event.currency), []
    if isinstance(event, SaleReturned):
        thread = event.sale_id or event.return_id, event.return_id
        return _lines(event, thread, "return", event.returned_at, event.currency), []
    if isinstance(event, SaleVoided):
        return [], [Withdrawal(_name(event.store_id), event.sale_id, FOREVER)] if event.sale_id else []
    if isinstance(event, OrderConfirmed):
        return _ordered(event), []
    if isinstance(event, OrderCancelled):
        return [], [Withdrawal(_name(event.store_id), event.order_id, event.attempt)]
    return [], []


def read_stock_out(event: Event) -> StockOut | None:
    """Read the begin or the end of a time without stock; either may come first, each tells the begin."""
    if not isinstance(event, (AlertRaised, AlertClosed)) or event.kind != STOCK_OUT or not event.gtin:
        return None
    closed = event.closed_at if isinstance(event, AlertClosed) else None
    store_id, gtin = _name(event.store_id), lenient_gtin(_name(event.gtin))
    return StockOut(event.alert_id, store_id, gtin, event.raised_at, closed)


def _lines(
    event: SaleRecorded | SaleReturned, thread: tuple[UUID, UUID], kind: str, at: datetime, currency: str
) -> list[Line]:
    together: dict[tuple[str, str], list[int]] = {}
    for line in event.lines:
        _check(line)
        sums = together.setdefault((lenient_gtin(line.gtin), line.unit), [0, 0])
        sums[0] += line.quantity
        sums[1] += line.quantity * line.unit_price
    store_id = _name(event.store_id)
    return [
        Line(store_id, *thread, gtin, unit, kind, 0, at, quantity, 0, amount, currency)
        for (gtin, unit), (quantity, amount) in together.items()
    ]


def _check(line: SaleLine) -> None:
    if not 0 < line.quantity <= MOST:
        raise Unusable(f"line {line.line}: a quantity of {line.quantity} is not one that a sale can have")
    _name(line.gtin)


def _ordered(event: OrderConfirmed) -> list[Line]:
    together: dict[str, list[int]] = {}
    for line in event.lines:
        if not 0 <= line.ordered_sticks <= MOST or not 0 <= line.requested_sticks <= MOST:
            raise Unusable(f"{line.gtin[:20]}: no order is of {line.requested_sticks} sticks")
        sums = together.setdefault(lenient_gtin(_name(line.gtin)), [0, 0])
        requested = max(line.requested_sticks, line.ordered_sticks)
        sums[0] += requested
        sums[1] += requested - line.ordered_sticks if line.limits else 0
    store_id, order_id = _name(event.store_id), event.order_id
    return [
        Line(store_id, order_id, order_id, gtin, "stick", "order", event.attempt, event.confirmed_at,
             requested, cut, 0, event.currency)
        for gtin, (requested, cut) in together.items()
        if requested
    ]  # fmt: skip


def _name(text: str) -> str:
    if "\x00" in text or len(text) > 100:
        raise Unusable("a name holds a NUL character or more than 100 letters")
    return text


def newest_attempts(lines: Iterable[Line]) -> list[Line]:
    """Keep of each order in a batch only what its last attempt states."""
    kept = list(lines)
    last: dict[UUID, int] = {}
    for line in kept:
        last[line.thread_id] = max(line.attempt, last.get(line.thread_id, 0))
    return [line for line in kept if line.attempt == last[line.thread_id]]


def resolve_units(lines: Sequence[Line], units: dict[str, tuple[str, str]]) -> list[Line]:
    """Put the product in the place of its cartons' own item numbers, and add up what is then one line."""
    together: dict[tuple[UUID, str, str], Line] = {}
    for line in lines:
        gtin, unit = units.get(line.gtin, (line.gtin, line.unit))
        key = line.document_id, gtin, unit
        found = together.get(key)
        together[key] = line._replace(
            gtin=gtin,
            unit=unit,
            quantity=line.quantity + (found.quantity if found else 0),
            cut_quantity=line.cut_quantity + (found.cut_quantity if found else 0),
            amount_minor=line.amount_minor + (found.amount_minor if found else 0),
        )
    return list(together.values())
