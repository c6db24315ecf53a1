"""Books what arrives of a transfer, and what was lost on the way."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.events.inventory import ArrivedLot, TransferReceived
from humidor_common.messaging import outbox
from humidor_common.web.problems import FieldError, Problem, invalid
from humidor_inventory.inputs import sticks_of
from humidor_inventory.movements import transfer_queries as queries
from humidor_inventory.movements.rules import Parcel, earliest, transfer_state
from humidor_inventory.movements.transfer_schemas import ArrivalInput, ArrivalLine, TransferView
from humidor_inventory.movements.transfers import SENT, lock_transfer
from humidor_inventory.replenishment.review import review
from humidor_inventory.stock.service import load_shelves, write_balances, write_shelves
from humidor_inventory.stock.shelf import Shelf, Source
from humidor_inventory.units.queries import load_factors
from humidor_inventory.units.service import resolve_units


class Arrival(NamedTuple):
    """What became of one parcel now, in sticks; `reason` where something is lost."""

    parcel: Parcel
    received: int
    lost: int
    reason: str | None


async def receive_transfer(
    conn: Connection, principal: Principal, transfer_id: UUID, given: ArrivalInput, *, now: datetime
) -> TransferView:
    """Raise the lots at the destination with their dates, and take what came or is lost off its orders."""
    view = await lock_transfer(conn, principal, transfer_id)
    principal.check_store(view.to_store_id)
    if view.state not in SENT:
        raise Problem(409, "transfer-not-dispatched", f"The transfer is {view.state}.")
    if view.state == "received":
        raise Problem(409, "transfer-closed", "All of the transfer has been received.")
    parcels = await queries.load_parcels(conn, transfer_id)
    arrivals = await _read(conn, parcels, given)
    pairs = {(view.to_store_id, arrival.parcel.gtin) for arrival in arrivals}
    lots = {(view.to_store_id, arrival.parcel.gtin, arrival.parcel.lot) for arrival in arrivals}
    shelves = await load_shelves(conn, pairs, lots)
    for arrival in arrivals:
        number = parcels.index(arrival.parcel) + 1
        _put(
            shelves[view.to_store_id, arrival.parcel.gtin],
            arrival,
            Source("transfer_in", transfer_id, number, now),
        )
    await write_shelves(conn, shelves, now=now)
    await write_balances(conn, shelves.values())
    await _store(conn, principal, view, (parcels, arrivals), now)
    await review(conn, [shelf for shelf in shelves.values() if shelf.needs_review], now=now)
    after = await queries.load_transfer(conn, transfer_id)
    await outbox.append(conn, [_event(after, arrivals, now)])
    await audit.record(
        conn,
        principal,
        "receive",
        "transfer",
        str(transfer_id),
        before=view,
        after=after,
        reason=given.close_reason,
    )
    return after


async def _store(
    conn: Connection,
    principal: Principal,
    view: TransferView,
    found: tuple[Sequence[Parcel], Sequence[Arrival]],
    now: datetime,
) -> None:
    parcels, arrivals = found
    await queries.store_parcels(conn, view.transfer_id, parcels)
    losses = [(a.parcel.gtin, a.parcel.lot, a.lost, a.reason or "") for a in arrivals if a.lost]
    await queries.store_losses(conn, view.transfer_id, losses, principal.subject, now)
    await conn.execute(
        """UPDATE transfers SET state = $2, closed_at = CASE WHEN $2 = 'received' THEN $3::timestamptz END
           WHERE transfer_id = $1""",
        view.transfer_id,
        transfer_state(parcels),
        now,
    )


async def _read(conn: Connection, parcels: Sequence[Parcel], given: ArrivalInput) -> list[Arrival]:
    """Say what became of each parcel, and count it there."""
    if given.lines is None:
        arrivals = [Arrival(each, each.on_the_way, 0, None) for each in parcels if each.on_the_way]
        for arrival in arrivals:
            arrival.parcel.received += arrival.received
        return arrivals
    await resolve_units(conn, [(f"lines[{i}].", line) for i, line in enumerate(given.lines)])
    factors = await load_factors(conn, {parcel.gtin for parcel in parcels})
    arrivals = []
    for i, line in enumerate(given.lines):
        parcel = _find(parcels, line, i)
        received = sticks_of(line.received, line.unit, factors[line.gtin], f"lines[{i}].received")
        lost = sticks_of(line.lost, line.unit, factors[line.gtin], f"lines[{i}].lost")
        if received + lost > parcel.on_the_way:
            detail = f"{parcel.on_the_way} sticks of the lot are on the way, {received + lost} are reported."
            errors = [FieldError(f"lines[{i}]", "is more than is on the way")]
            raise Problem(409, "more-than-dispatched", detail, errors=errors)
        parcel.received += received
        parcel.lost += lost
        arrivals.append(Arrival(parcel, received, lost, line.reason))
    if given.close_reason:
        arrivals += _give_up(parcels, given.close_reason)
    return arrivals


def _give_up(parcels: Iterable[Parcel], reason: str) -> list[Arrival]:
    given_up = []
    for parcel in parcels:
        if parcel.on_the_way:
            given_up.append(Arrival(parcel, 0, parcel.on_the_way, reason))
            parcel.lost += parcel.on_the_way
    return given_up


def _find(parcels: Sequence[Parcel], line: ArrivalLine, i: int) -> Parcel:
    found = [each for each in parcels if each.gtin == line.gtin and line.lot in (None, each.lot)]
    if not found:
        raise invalid(f"lines[{i}]", "the transfer holds no such lot")
    if len(found) > 1:
        raise invalid(f"lines[{i}].lot", "the transfer holds several lots of this product; name one")
    return found[0]


def _put(shelf: Shelf, arrival: Arrival, source: Source) -> None:
    """Where the books know other dates of the lot, the earlier ones hold: they are the safer ones."""
    parcel = arrival.parcel
    shelf.on_order -= arrival.received + arrival.lost
    if not arrival.received:
        return
    lot = shelf.lot(parcel.lot)
    if parcel.lot:
        lot.production_date = earliest((lot.production_date, parcel.production_date))
        lot.expiry_date = earliest((lot.expiry_date, parcel.expiry_date))
        lot.received_at = lot.received_at or source.occurred_at
        shelf.reorder_lots()
    shelf.put(parcel.lot, arrival.received, "transferred", source)
    shelf.settle_shortfall({parcel.lot}, source)


def _event(view: TransferView, arrivals: Iterable[Arrival], now: datetime) -> TransferReceived:
    return TransferReceived(
        transfer_id=view.transfer_id,
        store_id=view.to_store_id,
        from_store_id=view.from_store_id,
        complete=view.state == "received",
        lines=[
            ArrivedLot(gtin=a.parcel.gtin, lot=a.parcel.lot, received_sticks=a.received, lost_sticks=a.lost)
            for a in arrivals
        ],
        received_at=now,
    )
