"""Lets orders follow what the warehouse answers."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_common.db.statements import Statement, write_together
from humidor_common.events.inventory import StockRefused, StockReleased, StockReserved, StockShipped
from humidor_common.telemetry.logs import get_logger
from humidor_customers.orders import queries
from humidor_customers.orders.checking import worth
from humidor_customers.orders.keeping import entering, next_version
from humidor_customers.orders.rules import settled
from humidor_customers.orders.schemas import LineView, OrderView

Lot: TypeAlias = tuple[UUID, str, str, int]
StockAnswer: TypeAlias = StockReserved | StockRefused | StockReleased | StockShipped

log = get_logger(__name__)


async def apply_answers(conn: Connection, answers: Sequence[StockAnswer], *, now: datetime) -> None:
    """Apply answers to the orders that wait for them; one that is late or comes again changes nothing."""
    orders = await queries.lock(conn, {answer.order_id for answer in answers})
    changed: dict[UUID, OrderView] = {}
    relined: set[UUID] = set()
    lots = []
    for answer in answers:
        order = orders.get(answer.order_id)
        if order is None:
            log.warning("an answer about an unknown order", extra={"order_id": str(answer.order_id)})
            continue
        update = _update(order, answer)
        if update is None:
            continue
        if isinstance(answer, StockShipped):
            lots += [(answer.order_id, each.gtin, each.lot, each.sticks) for each in answer.lots]
        if "lines" in update:
            relined.add(answer.order_id)
        orders[answer.order_id] = changed[answer.order_id] = next_version(order, update, now)
    await write_together(conn, _writing(list(changed.values()), relined, lots))


def _writing(orders: Sequence[OrderView], relined: Collection[UUID], lots: Sequence[Lot]) -> list[Statement]:
    """Make the statements that write what was answered, and nothing of what was not."""
    documents = [each.model_dump(mode="json", exclude={"lines"}) for each in orders]
    refused = [each for each in orders if each.state == "refused"]
    answered = [
        (each.order_id, line.gtin, line.reserved_sticks, line.free_sticks)
        for each in orders
        if each.order_id in relined
        for line in each.lines
    ]
    return [
        *(queries.writing(documents, lines=False) if documents else ()),
        *([queries.answering(answered)] if answered else ()),
        *([queries.writing_lots(lots)] if lots else ()),
        *([entering(refused)] if refused else ()),
    ]


def _update(order: OrderView, answer: StockAnswer) -> dict[str, object] | None:
    """Say what an answer makes of an order; None where it is about an earlier attempt or known already."""
    if isinstance(answer, StockShipped):
        return {"stock": "shipped"} if order.stock == "shipping" else None
    if answer.attempt != order.attempt:
        return None
    if isinstance(answer, StockReleased):
        return {"stock": "released"} if order.stock == "releasing" else None
    if order.stock != "asked":
        return None
    lines = _answered(order.lines, answer)
    if isinstance(answer, StockRefused):
        return {
            "state": "refused",
            "stock": "refused",
            "payment": "paid" if order.paid_minor else "none",
            "refusal_code": answer.code,
            "lines": lines,
        }
    value_minor = worth(lines, "reserved_sticks")
    return {
        "state": "reserved",
        "stock": "reserved",
        "reserved_at": answer.reserved_at,
        "lines": lines,
        "value_minor": value_minor,
        "payment": settled(order.payment, order.paid_minor, value_minor),
    }


def _answered(lines: Sequence[LineView], answer: StockReserved | StockRefused) -> list[LineView]:
    told = {line.gtin: line for line in answer.lines}
    kept = isinstance(answer, StockReserved)
    return [
        line.model_copy(
            update={
                "reserved_sticks": told[line.gtin].reserved_sticks if kept else None,
                "free_sticks": told[line.gtin].free_sticks,
            }
        )
        if line.gtin in told
        else line
        for line in lines
    ]
