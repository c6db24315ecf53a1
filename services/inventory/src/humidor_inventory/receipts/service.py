"""Books goods that come in: lots, balances, the order they answer, what was sold before they came."""

from collections.abc import Sequence
from datetime import date, datetime

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.events.inventory import GoodsReceived, ReceivedLine
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_common.web.problems import FieldError, Problem, invalid
from humidor_inventory.inputs import sticks_of
from humidor_inventory.orders.rules import OrderLine, order_state, receive
from humidor_inventory.receipts import queries
from humidor_inventory.receipts.rules import expiry
from humidor_inventory.receipts.schemas import Difference, ReceiptInput, ReceiptView, ReceivedLineView
from humidor_inventory.replenishment.review import review
from humidor_inventory.stock.rules import UNATTRIBUTED
from humidor_inventory.stock.service import load_shelves, lock_stores, write_balances, write_shelves
from humidor_inventory.stock.shelf import Shelves, Source
from humidor_inventory.units.queries import load_factors

_REASONS = {"purchase": "receipt", "opening": "opening"}


async def receive_goods(
    conn: Connection, principal: Principal, receipt: ReceiptInput, *, now: datetime
) -> ReceiptView:
    """Book a receipt, all its lines or none, in a fixed number of statements."""
    await lock_stores(conn, [receipt.store_id])
    await queries.require_store(conn, receipt.store_id)
    order = await queries.load_order(conn, receipt.store_id, receipt.purchase_order_id)
    lines = await _read_lines(conn, receipt)
    pairs = {(receipt.store_id, line.gtin) for line in lines} | {(receipt.store_id, o.gtin) for o in order}
    named = {(receipt.store_id, line.gtin, line.lot) for line in lines}
    shelves = await load_shelves(conn, pairs, named)
    receipt_id = uuid7()
    source = Source(_REASONS[receipt.kind], receipt_id, 0, now)
    await _put(conn, receipt, lines, shelves, source)
    state, differences = _answer_order(order, lines, shelves, receipt)
    view = ReceiptView(
        receipt_id=receipt_id,
        store_id=receipt.store_id,
        kind=receipt.kind,
        purchase_order_id=receipt.purchase_order_id,
        purchase_order_state=state,
        received_at=now,
        received_by=principal.subject,
        differences=differences,
        lines=lines,
    )
    await write_shelves(conn, shelves, now=now)
    await write_balances(conn, [shelf for shelf in shelves.values() if not shelf.entries])
    await queries.store_receipt(conn, view)
    await queries.store_order(conn, receipt.purchase_order_id, state, order, now)
    await review(conn, [shelf for shelf in shelves.values() if shelf.needs_review], now=now)
    await outbox.append(conn, [_event(view, shelves)])
    document = view.model_dump(mode="json")
    await audit.record(conn, principal, "receive", "receipt", str(receipt_id), after=document)
    return view


async def _read_lines(conn: Connection, receipt: ReceiptInput) -> list[ReceivedLineView]:
    factors = await load_factors(conn, {line.gtin for line in receipt.lines})
    unknown = [
        FieldError(f"lines[{i}].gtin", "there is no such product")
        for i, line in enumerate(receipt.lines)
        if line.gtin not in factors
    ]
    if unknown:
        raise Problem(422, "invalid", f"{unknown[0].field}: {unknown[0].message}", errors=unknown[:50])
    return [
        ReceivedLineView(
            line=i + 1,
            gtin=line.gtin,
            lot=line.lot or UNATTRIBUTED,
            quantity_sticks=sticks_of(line.quantity, line.unit, factors[line.gtin], f"lines[{i}].quantity"),
        )
        for i, line in enumerate(receipt.lines)
    ]


async def _put(
    conn: Connection,
    receipt: ReceiptInput,
    lines: Sequence[ReceivedLineView],
    shelves: Shelves,
    source: Source,
) -> None:
    """Raise the lots, with their dates, and let them cover what was sold before they came."""
    lives = await queries.load_shelf_lives(conn, {line.gtin for line in lines})
    received: dict[str, set[str]] = {}
    for i, (line, given) in enumerate(zip(lines, receipt.lines, strict=True)):
        shelf = shelves[receipt.store_id, line.gtin]
        lot = shelf.lot(line.lot)
        if line.lot != UNATTRIBUTED:
            expires = expiry(given.production_date, given.expiry_date, lives[line.gtin])
            lot.expiry_date = _agree(lot.expiry_date, expires, f"lines[{i}].expiry_date")
            made = _agree(lot.production_date, given.production_date, f"lines[{i}].production_date")
            lot.production_date = made
            lot.received_at = lot.received_at or source.occurred_at
            shelf.reorder_lots()
        shelf.put(line.lot, line.quantity_sticks, "received", source._replace(line=line.line))
        received.setdefault(line.gtin, set()).add(line.lot)
    for gtin, lots in received.items():
        shelves[receipt.store_id, gtin].settle_shortfall(lots, source)
    codes = [
        (receipt.store_id, code, line.gtin, line.lot)
        for line, given in zip(lines, receipt.lines, strict=True)
        for code in given.codes
    ]
    await queries.store_codes(conn, codes)


def _agree(known: date | None, given: date | None, field: str) -> date | None:
    """Keep one date for one lot: a receipt that says otherwise is a mistake to be looked into."""
    if known is not None and given is not None and known != given:
        raise invalid(field, f"the books say {known} for this lot")
    return known or given


def _answer_order(
    order: list[OrderLine], lines: Sequence[ReceivedLineView], shelves: Shelves, receipt: ReceiptInput
) -> tuple[str | None, list[Difference]]:
    if receipt.purchase_order_id is None:
        return None, []
    by_gtin = {line.gtin: line for line in order}
    for line in lines:
        ordered = by_gtin.setdefault(line.gtin, OrderLine(line.gtin, 0, 0))
        shelves[receipt.store_id, line.gtin].on_order -= receive(ordered, line.quantity_sticks)
    if receipt.close_purchase_order:
        for ordered in order:
            shelves[receipt.store_id, ordered.gtin].on_order -= ordered.outstanding
    differences = [
        Difference(
            gtin=line.gtin,
            ordered_sticks=line.ordered,
            received_sticks=line.received,
            difference_sticks=line.received - line.ordered,
        )
        for line in by_gtin.values()
        if line.received != line.ordered
    ]
    return order_state(order, close=receipt.close_purchase_order), differences


def _event(view: ReceiptView, shelves: Shelves) -> GoodsReceived:
    def told(line: ReceivedLineView) -> ReceivedLine:
        lot = shelves[view.store_id, line.gtin].lot(line.lot)
        return ReceivedLine(
            gtin=line.gtin,
            lot=line.lot,
            quantity_sticks=line.quantity_sticks,
            production_date=_iso(lot.production_date),
            expiry_date=_iso(lot.expiry_date),
        )

    return GoodsReceived(
        receipt_id=view.receipt_id,
        store_id=view.store_id,
        purchase_order_id=view.purchase_order_id,
        kind=view.kind,
        lines=[told(line) for line in view.lines],
        received_at=view.received_at,
    )


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
