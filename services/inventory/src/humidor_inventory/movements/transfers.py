"""Plans, sends and calls off transfers between stores; what has left is on order at its destination."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.events.inventory import DispatchedLot, TransferDispatched
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_common.web.problems import FieldError, Problem, not_found
from humidor_inventory.inputs import sticks_of
from humidor_inventory.movements import transfer_queries as queries
from humidor_inventory.movements.rules import Parcel, sellable
from humidor_inventory.movements.transfer_schemas import (
    PlannedLineView,
    TransferInput,
    TransferLine,
    TransferView,
)
from humidor_inventory.replenishment.review import review
from humidor_inventory.stock.service import load_shelves, lock_stores, write_balances, write_shelves
from humidor_inventory.stock.shelf import Shelf, Source
from humidor_inventory.stores.calendar import load_days
from humidor_inventory.units.queries import load_factors
from humidor_inventory.units.service import resolve_units

SENT = ("dispatched", "partially_received", "received")


async def create_transfer(
    conn: Connection, principal: Principal, given: TransferInput, *, now: datetime
) -> TransferView:
    """Plan a transfer, and send it where the caller says so: then all of it leaves or nothing is kept."""
    ends = [given.from_store_id, given.to_store_id]
    await lock_stores(conn, ends)
    days = await load_days(conn, ends, now)
    await resolve_units(conn, [(f"lines[{i}].", line) for i, line in enumerate(given.lines)])
    view = TransferView(
        transfer_id=uuid7(),
        from_store_id=given.from_store_id,
        to_store_id=given.to_store_id,
        state="planned",
        note=given.note,
        created_at=now,
        created_by=principal.subject,
        dispatched_at=None,
        closed_at=None,
        closed_reason=None,
        lines=await _read_lines(conn, given.lines),
        parcels=[],
        losses=[],
    )
    await queries.store_transfer(conn, view)
    await _note(conn, principal, "plan", view)
    if given.dispatch:
        return await _dispatch(conn, principal, view, days[given.from_store_id], now=now)
    return view


async def dispatch_transfer(
    conn: Connection, principal: Principal, transfer_id: UUID, *, now: datetime
) -> TransferView:
    """Send a planned transfer; one that has left already stays as it is."""
    view = await lock_transfer(conn, principal, transfer_id)
    principal.check_store(view.from_store_id)
    if view.state in SENT:
        return view
    if view.state == "cancelled":
        raise Problem(409, "transfer-cancelled", "The transfer was cancelled.")
    days = await load_days(conn, [view.from_store_id], now)
    return await _dispatch(conn, principal, view, days[view.from_store_id], now=now)


async def cancel_transfer(
    conn: Connection, principal: Principal, transfer_id: UUID, reason: str, *, now: datetime
) -> TransferView:
    """Call off what has not left yet."""
    view = await lock_transfer(conn, principal, transfer_id)
    principal.check_store(view.from_store_id)
    if view.state != "planned":
        raise Problem(409, "transfer-under-way", f"The transfer is {view.state} already.")
    await conn.execute(
        """UPDATE transfers SET state = 'cancelled', closed_at = $2, closed_reason = $3
           WHERE transfer_id = $1""",
        transfer_id,
        now,
        reason,
    )
    after = await queries.load_transfer(conn, transfer_id)
    await _note(conn, principal, "cancel", after, reason)
    return after


async def lock_transfer(conn: Connection, principal: Principal, transfer_id: UUID) -> TransferView:
    """Find a transfer of the caller's stores, lock both ends and read it as it is then."""
    view = await queries.load_transfer(conn, transfer_id)
    check_visible(principal, view)
    await lock_stores(conn, [view.from_store_id, view.to_store_id])
    return await queries.load_transfer(conn, transfer_id)


def check_visible(principal: Principal, view: TransferView) -> None:
    """Refuse a transfer that neither leaves from nor comes to a store of the caller: it is not found."""
    if not principal.may_use_store(view.from_store_id) and not principal.may_use_store(view.to_store_id):
        raise not_found("transfer", view.transfer_id)


async def _read_lines(conn: Connection, lines: Sequence[TransferLine]) -> list[PlannedLineView]:
    factors = await load_factors(conn, {line.gtin for line in lines})
    unknown = [
        FieldError(f"lines[{i}].gtin", "there is no such product")
        for i, line in enumerate(lines)
        if line.gtin not in factors
    ]
    if unknown:
        raise Problem(422, "invalid", f"{unknown[0].field}: {unknown[0].message}", errors=unknown[:50])
    return [
        PlannedLineView(
            line=i + 1,
            gtin=line.gtin,
            lot=line.lot,
            quantity_sticks=sticks_of(line.quantity, line.unit, factors[line.gtin], f"lines[{i}].quantity"),
        )
        for i, line in enumerate(lines)
    ]


async def _dispatch(
    conn: Connection, principal: Principal, view: TransferView, day: date, *, now: datetime
) -> TransferView:
    gtins = {line.gtin for line in view.lines}
    pairs = {(store_id, gtin) for store_id in (view.from_store_id, view.to_store_id) for gtin in gtins}
    shelves = await load_shelves(conn, pairs)
    over = await queries.load_over(conn, view.from_store_id, gtins, now)
    parcels: dict[tuple[str, str], Parcel] = {}
    for line in view.lines:
        shelf = shelves[view.from_store_id, line.gtin]
        source = Source("transfer_out", view.transfer_id, line.line, now)
        kept = shelf.reserved - over.get(line.gtin, 0)
        for lot, sticks in _take(shelf, line, (day, kept), source):
            held = shelf.lot(lot)
            parcel = parcels.setdefault((line.gtin, lot), Parcel(line.gtin, lot))
            parcel.dispatched += sticks
            parcel.production_date, parcel.expiry_date = held.production_date, held.expiry_date
        shelves[view.to_store_id, line.gtin].on_order += line.quantity_sticks
    await write_shelves(conn, shelves, now=now)
    await write_balances(conn, [shelves[view.to_store_id, gtin] for gtin in sorted(gtins)])
    await queries.store_parcels(conn, view.transfer_id, parcels.values())
    await conn.execute(
        "UPDATE transfers SET state = 'dispatched', dispatched_at = $2 WHERE transfer_id = $1",
        view.transfer_id,
        now,
    )
    await review(conn, [shelf for shelf in shelves.values() if shelf.needs_review], now=now)
    await outbox.append(conn, [_event(view, list(parcels.values()), now)])
    after = await queries.load_transfer(conn, view.transfer_id)
    await _note(conn, principal, "dispatch", after)
    return after


def _take(
    shelf: Shelf, line: PlannedLineView, bounds: tuple[date, int], source: Source
) -> list[tuple[str, int]]:
    """Take a line out of the named lot, or of the oldest sound ones; never below zero or what is reserved."""
    day, kept = bounds
    sticks, field = line.quantity_sticks, f"lines[{line.line - 1}]"
    lot = shelf.lot(line.lot) if line.lot else None
    if lot is not None and lot.held:
        detail = f"The lot {lot.lot} is held."
        raise Problem(409, "lot-held", detail, errors=[FieldError(f"{field}.lot", "is held")])
    free = sellable(shelf.lots, day) - kept
    holds = free if lot is None else min(lot.on_hand, free) if lot.sound(day) else lot.on_hand
    if holds < sticks:
        detail = f"{max(holds, 0)} sticks can leave, {sticks} were to go."
        raise Problem(
            409, "not-enough-stock", detail, errors=[FieldError(f"{field}.quantity", "is too much")]
        )
    if lot is not None:
        shelf.put(lot.lot, -sticks, "named_lot", source)
        return [(lot.lot, sticks)]
    return [(take.lot, take.sticks) for take in shelf.take(sticks, day, None, source)]


def _event(view: TransferView, parcels: Sequence[Parcel], now: datetime) -> TransferDispatched:
    return TransferDispatched(
        transfer_id=view.transfer_id,
        store_id=view.from_store_id,
        to_store_id=view.to_store_id,
        lines=[
            DispatchedLot(
                gtin=parcel.gtin,
                lot=parcel.lot,
                quantity_sticks=parcel.dispatched,
                production_date=_iso(parcel.production_date),
                expiry_date=_iso(parcel.expiry_date),
            )
            for parcel in parcels
        ],
        dispatched_at=now,
    )


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


async def _note(
    conn: Connection, principal: Principal, action: str, view: TransferView, reason: str | None = None
) -> None:
    document = view.model_dump(mode="json")
    await audit.record(
        conn, principal, action, "transfer", str(view.transfer_id), after=document, reason=reason
    )
