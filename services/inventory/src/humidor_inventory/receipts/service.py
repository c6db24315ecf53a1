"""Books goods that come in: lots, balances, the order they answer, what was sold before they came."""

from datetime import date, datetime

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.events.inventory import CartonsReceived, DamagedLot, GoodsReceived, ReceivedLine
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_common.web.problems import invalid
from humidor_inventory.receipts import queries
from humidor_inventory.receipts.answering import answer_order, settle_order
from humidor_inventory.receipts.arriving import Arrival, read_arrival
from humidor_inventory.receipts.rules import expiry
from humidor_inventory.receipts.schemas import ReceiptInput, ReceiptView, ReceivedLineView
from humidor_inventory.replenishment.review import review
from humidor_inventory.stock.rules import UNATTRIBUTED
from humidor_inventory.stock.service import load_shelves, lock_stores, write_balances, write_shelves
from humidor_inventory.stock.shelf import Shelf, Shelves, Source
from humidor_inventory.units.service import resolve_units

_REASONS = {"purchase": "receipt", "opening": "opening"}


async def receive_goods(
    conn: Connection, principal: Principal, receipt: ReceiptInput, *, now: datetime
) -> ReceiptView:
    """Book a receipt, all its lines or none, in a fixed number of statements."""
    await lock_stores(conn, [receipt.store_id])
    await queries.require_store(conn, receipt.store_id)
    await resolve_units(conn, [(f"lines[{i}].", line) for i, line in enumerate(receipt.lines)])
    arrival = await read_arrival(conn, receipt)
    gtins = {line.gtin for line in arrival.lines} | {line.gtin for line in arrival.order_lines}
    named = {(receipt.store_id, line.gtin, line.lot) for line in arrival.lines}
    shelves = await load_shelves(conn, [(receipt.store_id, gtin) for gtin in gtins], named)
    receipt_id = uuid7()
    source = Source(_REASONS[receipt.kind], receipt_id, 0, now)
    await _put(conn, receipt.store_id, arrival, shelves, source)
    state, differences, found = answer_order(arrival, shelves, close=receipt.close_purchase_order)
    view = ReceiptView(
        receipt_id=receipt_id,
        store_id=receipt.store_id,
        kind=receipt.kind,
        purchase_order_id=arrival.order and arrival.order["purchase_order_id"],
        purchase_order_state=state,
        shipment_id=receipt.shipment_id,
        received_at=now,
        received_by=principal.subject,
        differences=differences,
        lines=arrival.lines,
    )
    await write_shelves(conn, shelves, now=now)
    await write_balances(conn, [shelf for shelf in shelves.values() if not shelf.entries])
    await queries.store_receipt(conn, view)
    if receipt.kind == "purchase":
        await queries.store_habits(conn, receipt.store_id, _by_product(view))
    if arrival.order is not None:
        await settle_order(conn, arrival, view, found)
    await review(conn, [shelf for shelf in shelves.values() if shelf.needs_review], now=now)
    await outbox.append(conn, [_event(view, shelves, arrival), *_cartons(view, arrival)])
    document = view.model_dump(mode="json")
    await audit.record(conn, principal, "receive", "receipt", str(receipt_id), after=document)
    return view


def _by_product(view: ReceiptView) -> dict[str, int]:
    sums: dict[str, int] = {}
    for line in view.lines:
        sums[line.gtin] = sums.get(line.gtin, 0) + line.quantity_sticks
    return sums


async def _put(conn: Connection, store_id: str, arrival: Arrival, shelves: Shelves, source: Source) -> None:
    """Raise the lots, with their dates, and let them cover what was sold before they came."""
    lives = await queries.load_shelf_lives(conn, {line.gtin for line in arrival.lines})
    received: dict[str, set[str]] = {}
    for n, line in enumerate(arrival.lines):
        shelf = shelves[store_id, line.gtin]
        if line.lot != UNATTRIBUTED:
            _date(shelf, arrival, n, (lives[line.gtin], source.occurred_at))
        at = source._replace(line=line.line)
        sound = line.quantity_sticks - line.damaged_sticks
        if sound:
            shelf.put(line.lot, sound, "received", at)
            received.setdefault(line.gtin, set()).add(line.lot)
        if line.damaged_sticks:
            shelf.quarantine(line.lot, line.damaged_sticks, "damaged", at)
    for gtin, lots in received.items():
        shelves[store_id, gtin].settle_shortfall(lots, source)
    codes = [
        (store_id, code, line.gtin, line.lot)
        for line, given in zip(arrival.lines, arrival.given, strict=True)
        for code in given.codes
    ]
    await queries.store_codes(conn, codes)


def _date(shelf: Shelf, arrival: Arrival, n: int, known: tuple[int | None, datetime]) -> None:
    given, field = arrival.given[n], arrival.fields[n]
    shelf_life_days, now = known
    lot = shelf.lot(arrival.lines[n].lot)
    expires = expiry(given.production_date, given.expiry_date, shelf_life_days)
    lot.expiry_date = _agree(lot.expiry_date, expires, f"{field}.expiry_date")
    lot.production_date = _agree(lot.production_date, given.production_date, f"{field}.production_date")
    lot.received_at = lot.received_at or now
    shelf.reorder_lots()


def _agree(known: date | None, given: date | None, field: str) -> date | None:
    """Keep one date for one lot: a receipt that says otherwise is a mistake to be looked into."""
    if known is not None and given is not None and known != given:
        raise invalid(field, f"the books say {known} for this lot")
    return known or given


def _event(view: ReceiptView, shelves: Shelves, arrival: Arrival) -> GoodsReceived:
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
        supplier_id=arrival.order and arrival.order["supplier_id"],
        shipment_id=view.shipment_id,
        damaged=[
            DamagedLot(gtin=line.gtin, lot=line.lot, quantity_sticks=line.damaged_sticks)
            for line in view.lines
            if line.damaged_sticks
        ],
    )


def _cartons(view: ReceiptView, arrival: Arrival) -> list[CartonsReceived]:
    """Tell which codes stand on the cartons of a lot, one event a line: a till may scan nothing else."""
    return [
        CartonsReceived(
            receipt_id=view.receipt_id,
            line=line.line,
            store_id=view.store_id,
            gtin=line.gtin,
            lot=line.lot,
            codes=given.codes,
            received_at=view.received_at,
        )
        for line, given in zip(view.lines, arrival.given, strict=True)
        if given.codes and line.lot != UNATTRIBUTED
    ]


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
