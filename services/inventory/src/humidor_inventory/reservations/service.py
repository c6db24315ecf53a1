"""Keeps goods back for a time: never more than may be sold, and free again when the time is over."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.web.problems import FieldError, Problem, invalid, not_found
from humidor_inventory.inputs import sticks_of
from humidor_inventory.movements.rules import sellable
from humidor_inventory.replenishment.review import review
from humidor_inventory.reservations.schemas import ReservationInput, ReservationView
from humidor_inventory.stock.service import load_shelves, lock_stores, write_balances
from humidor_inventory.stock.shelf import Shelf
from humidor_inventory.stores.calendar import load_days
from humidor_inventory.units.queries import load_factors
from humidor_inventory.units.service import resolve_units

_SELECT = """
SELECT reservation_id, store_id, gtin, quantity_sticks, reference, reserved_at, reserved_by, expires_at,
       closed_at, closed_reason, order_id,
       CASE WHEN state = 'active' AND expires_at <= $1 THEN 'expired' ELSE state END AS state
FROM reservations
"""
EXPIRE = """
UPDATE reservations SET state = 'expired', closed_at = $1, closed_reason = 'its time was over'
WHERE state = 'active' AND expires_at <= $1 AND store_id = ANY($2::text[]) AND ($3::text IS NULL OR gtin = $3)
RETURNING store_id, gtin, quantity_sticks
"""
_DUE = """
SELECT store_id FROM reservations WHERE state = 'active' AND expires_at <= $1 ORDER BY expires_at LIMIT $2
"""


async def reserve(
    conn: Connection, principal: Principal, given: ReservationInput, *, now: datetime
) -> ReservationView:
    """Keep goods back, if so much of the sound lots is not kept back already."""
    await lock_stores(conn, [given.store_id])
    day = (await load_days(conn, [given.store_id], now))[given.store_id]
    await resolve_units(conn, [("", given)])
    factors = await load_factors(conn, [given.gtin])
    if given.gtin not in factors:
        raise invalid("gtin", "there is no such product")
    shelf = await _load(conn, given.store_id, given.gtin)
    _free(shelf, await conn.fetch(EXPIRE, now, [given.store_id], given.gtin))
    sticks = sticks_of(given.quantity, given.unit, factors[given.gtin], "quantity")
    free = sellable(shelf.lots, day) - shelf.reserved
    if free < sticks:
        detail = f"{max(free, 0)} sticks are free, {sticks} were asked for."
        raise Problem(409, "not-enough-stock", detail, errors=[FieldError("quantity", "is too much")])
    shelf.reserved += sticks
    view = ReservationView(
        reservation_id=uuid7(),
        store_id=given.store_id,
        gtin=given.gtin,
        quantity_sticks=sticks,
        state="active",
        reference=given.reference,
        reserved_at=now,
        reserved_by=principal.subject,
        expires_at=now + timedelta(seconds=given.expires_in_seconds),
        closed_at=None,
        closed_reason=None,
    )
    await conn.execute(
        """INSERT INTO reservations (reservation_id, store_id, gtin, quantity_sticks, state, reference,
                                     reserved_at, reserved_by, expires_at, closed_at, closed_reason, order_id)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)""",
        *view.model_dump().values(),
    )
    await _write(conn, [shelf], now)
    await _note(conn, principal, "reserve", view)
    return view


async def confirm(
    conn: Connection, principal: Principal, reservation_id: UUID, *, now: datetime
) -> ReservationView:
    """Make it firm: it no longer expires, and holds until it is released."""
    view = await _lock(conn, principal, reservation_id, now)
    if view.state == "confirmed":
        return view
    if view.state != "active":
        raise Problem(409, "reservation-over", f"The reservation is {view.state}.")
    await conn.execute(
        "UPDATE reservations SET state = 'confirmed' WHERE reservation_id = $1", reservation_id
    )
    after = await get_reservation(conn, reservation_id, now)
    await _note(conn, principal, "confirm", after)
    return after


async def release(
    conn: Connection, principal: Principal, reservation_id: UUID, reason: str, *, now: datetime
) -> ReservationView:
    """Let the goods go: handed over, or no longer wanted; the sale itself is told by the terminal."""
    view = await _lock(conn, principal, reservation_id, now)
    if view.state == "released":
        return view
    if view.state == "expired":
        raise Problem(409, "reservation-over", "The reservation is expired.")
    if view.order_id:
        raise Problem(409, "belongs-to-order", f"It belongs to the order {view.order_id}; cancel that.")
    await conn.execute(
        """UPDATE reservations SET state = 'released', closed_at = $2, closed_reason = $3
           WHERE reservation_id = $1""",
        reservation_id,
        now,
        reason,
    )
    shelf = await _load(conn, view.store_id, view.gtin)
    shelf.reserved -= view.quantity_sticks
    await _write(conn, [shelf], now)
    after = await get_reservation(conn, reservation_id, now)
    await _note(conn, principal, "release", after, reason)
    return after


async def expire_due(conn: Connection, *, now: datetime, at_most: int = 200) -> int:
    """Free what reservations kept whose time is over, those that are longest over first."""
    stores = sorted({row[0] for row in await conn.fetch(_DUE, now, at_most)})
    if not stores:
        return 0
    await lock_stores(conn, stores)
    over = await conn.fetch(EXPIRE, now, stores, None)
    shelves = await load_shelves(conn, {(row["store_id"], row["gtin"]) for row in over})
    for row in over:
        shelves[row["store_id"], row["gtin"]].reserved -= row["quantity_sticks"]
    await _write(conn, list(shelves.values()), now)
    return len(over)


async def get_reservation(conn: Connection, reservation_id: UUID, now: datetime) -> ReservationView:
    row = await conn.fetchrow(_SELECT + " WHERE reservation_id = $2", now, reservation_id)
    if row is None:
        raise not_found("reservation", reservation_id)
    return ReservationView(**row)


async def list_reservations(
    conn: Connection,
    filters: tuple[list[str] | None, str | None, str | None],
    *,
    now: datetime,
    after: UUID | None,
    limit: int,
) -> list[ReservationView]:
    """Read those of visible stores, of a product and in a state, the oldest first."""
    conditions = ("r.store_id = ANY(${}::text[])", "r.gtin = ${}", "r.state = ${}", "r.reservation_id > ${}")
    given = [(c, v) for c, v in zip(conditions, (*filters, after), strict=True) if v is not None]
    where = " AND ".join(["true", *(text.format(n) for n, (text, _) in enumerate(given, 3))])
    statement = f"SELECT * FROM ({_SELECT}) r WHERE {where} ORDER BY r.reservation_id LIMIT $2"  # noqa: S608 - our own text
    rows = await conn.fetch(statement, now, limit, *(value for _, value in given))
    return [ReservationView(**row) for row in rows]


async def _lock(
    conn: Connection, principal: Principal, reservation_id: UUID, now: datetime
) -> ReservationView:
    view = await get_reservation(conn, reservation_id, now)
    if not principal.may_use_store(view.store_id):
        raise not_found("reservation", reservation_id)
    await lock_stores(conn, [view.store_id])
    return await get_reservation(conn, reservation_id, now)


async def _load(conn: Connection, store_id: str, gtin: str) -> Shelf:
    pair = (store_id, gtin)
    return (await load_shelves(conn, [pair]))[pair]


def _free(shelf: Shelf, over: Sequence[Any]) -> None:
    shelf.reserved -= sum(row["quantity_sticks"] for row in over)


async def _write(conn: Connection, shelves: Sequence[Shelf], now: datetime) -> None:
    await write_balances(conn, shelves)
    await review(conn, [shelf for shelf in shelves if shelf.needs_review], now=now)


async def _note(
    conn: Connection, principal: Principal, action: str, view: ReservationView, reason: str | None = None
) -> None:
    document = view.model_dump(mode="json")
    entity_id = str(view.reservation_id)
    await audit.record(conn, principal, action, "reservation", entity_id, after=document, reason=reason)
