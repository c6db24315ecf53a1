"""Sends goods back to their supplier: out of the stock, counted in the supplier's score, and told."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.events.inventory import SentBackLine, SupplierReturnDispatched
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_common.web.problems import FieldError, Problem, invalid, not_found
from humidor_inventory.inputs import sticks_of
from humidor_inventory.orders.notices import Notice, notify_suppliers
from humidor_inventory.replenishment.review import review
from humidor_inventory.scorecards.measuring import count
from humidor_inventory.scorecards.rules import Counts
from humidor_inventory.stock.rules import UNATTRIBUTED
from humidor_inventory.stock.service import load_shelves, lock_stores, write_shelves
from humidor_inventory.stock.shelf import Shelf, Source
from humidor_inventory.supplier_returns.queries import get_return
from humidor_inventory.supplier_returns.schemas import CreditInput, ReturnInput, SupplierReturnView
from humidor_inventory.units.queries import load_factors

_WRITE = """
INSERT INTO supplier_returns (supplier_return_id, store_id, supplier_id, purchase_order_id, state, reason,
                              note, created_at, created_by)
VALUES ($1, $2, $3, $4, 'draft', $5, $6, $7, $8)
"""
_LINES = """
INSERT INTO supplier_return_lines (supplier_return_id, line, gtin, lot, bucket, quantity_sticks)
SELECT $1, (e->>0)::int, e->>1, e->>2, e->>3, (e->>4)::bigint FROM jsonb_array_elements($2::jsonb) e
"""
_TODAY = "SELECT ($2::timestamptz AT TIME ZONE time_zone)::date FROM stores WHERE store_id = $1"


async def create_return(
    conn: Connection, principal: Principal, given: ReturnInput, *, now: datetime
) -> SupplierReturnView:
    """Note what shall go back, and send it where the caller says so."""
    await lock_stores(conn, [given.store_id])
    day = await _today(conn, given.store_id, now)
    await _require_known(conn, given)
    factors = await load_factors(conn, {line.gtin for line in given.lines})
    lines = []
    for n, line in enumerate(given.lines):
        if line.gtin not in factors:
            raise invalid(f"lines[{n}].gtin", "there is no such product")
        sticks = sticks_of(line.quantity, line.unit, factors[line.gtin], f"lines[{n}].quantity")
        lines.append((n + 1, line.gtin, line.lot or UNATTRIBUTED, line.bucket, sticks))
    return_id = uuid7()
    owner = (given.store_id, given.supplier_id, given.purchase_order_id)
    await conn.execute(_WRITE, return_id, *owner, given.reason, given.note, now, principal.subject)
    await conn.execute(_LINES, return_id, lines)
    view = await get_return(conn, return_id)
    await _note(conn, principal, "create", view)
    return await _dispatch(conn, principal, view, day, now=now) if given.dispatch else view


async def dispatch_return(
    conn: Connection, principal: Principal, return_id: UUID, *, now: datetime
) -> SupplierReturnView:
    """Send what was noted; one that has left already stays as it is."""
    view = await _lock(conn, principal, return_id)
    if view.state in ("dispatched", "credited"):
        return view
    _require(view, "draft")
    return await _dispatch(conn, principal, view, await _today(conn, view.store_id, now), now=now)


async def credit_return(
    conn: Connection, principal: Principal, return_id: UUID, given: CreditInput, *, now: datetime
) -> SupplierReturnView:
    """Note what the supplier credited for goods that went back."""
    view = await _lock(conn, principal, return_id)
    _require(view, "dispatched")
    figures = (given.credit_note, given.credited_minor, given.currency)
    await conn.execute(
        """UPDATE supplier_returns SET state = 'credited', closed_at = $2, closed_by = $3, credit_note = $4,
                                       credited_minor = $5, currency = $6
           WHERE supplier_return_id = $1""",
        return_id,
        now,
        principal.subject,
        *figures,
    )
    after = await get_return(conn, return_id)
    await _note(conn, principal, "credit", after)
    return after


async def cancel_return(
    conn: Connection, principal: Principal, return_id: UUID, reason: str, *, now: datetime
) -> SupplierReturnView:
    """Call off what has not left."""
    view = await _lock(conn, principal, return_id)
    _require(view, "draft")
    await conn.execute(
        """UPDATE supplier_returns SET state = 'cancelled', closed_at = $2, closed_by = $3
           WHERE supplier_return_id = $1""",
        return_id,
        now,
        principal.subject,
    )
    after = await get_return(conn, return_id)
    await _note(conn, principal, "cancel", after, reason)
    return after


async def _dispatch(
    conn: Connection, principal: Principal, view: SupplierReturnView, day: date, *, now: datetime
) -> SupplierReturnView:
    shelves = await load_shelves(conn, [(view.store_id, line.gtin) for line in view.lines])
    for line in view.lines:
        shelf = shelves[view.store_id, line.gtin]
        _require_held(shelf, line, day)
        change = shelf.put if line.bucket == "on_hand" else shelf.quarantine
        source = Source("supplier_return", view.supplier_return_id, line.line, now)
        change(line.lot, -line.quantity_sticks, "sent_back", source)
    await write_shelves(conn, shelves, now=now)
    await conn.execute(
        """UPDATE supplier_returns SET state = 'dispatched', dispatched_at = $2, dispatched_by = $3
           WHERE supplier_return_id = $1""",
        view.supplier_return_id,
        now,
        principal.subject,
    )
    returned = Counts(returned_sticks=sum(line.quantity_sticks for line in view.lines))
    await count(conn, view.supplier_id, view.store_id, returned, now)
    await review(conn, [shelf for shelf in shelves.values() if shelf.needs_review], now=now)
    event = _event(view, now)
    await outbox.append(conn, [event])
    notice = Notice(
        supplier_id=view.supplier_id,
        topic="inventory.supplier-return.dispatched",
        subject=str(view.supplier_return_id),
        body=msgspec.to_builtins(event),
    )
    await notify_suppliers(conn, [notice], now=now)
    after = await get_return(conn, view.supplier_return_id)
    await _note(conn, principal, "dispatch", after)
    return after


def _require_held(shelf: Shelf, line: Any, day: date) -> None:
    """Refuse to send what the lot does not hold, or what is reserved of sound goods."""
    lot = shelf.lot(line.lot)
    holds = lot.on_hand if line.bucket == "on_hand" else lot.quarantined
    if line.bucket == "on_hand" and lot.sound(day):
        holds = min(holds, shelf.sellable(day))
    if holds < line.quantity_sticks:
        detail = f"{max(holds, 0)} sticks can go back, {line.quantity_sticks} were to go."
        field = f"lines[{line.line - 1}].quantity"
        raise Problem(409, "not-enough-stock", detail, errors=[FieldError(field, "is too much")])


def _event(view: SupplierReturnView, now: datetime) -> SupplierReturnDispatched:
    return SupplierReturnDispatched(
        supplier_return_id=view.supplier_return_id,
        store_id=view.store_id,
        supplier_id=view.supplier_id,
        purchase_order_id=view.purchase_order_id,
        reason=view.reason,
        lines=[
            SentBackLine(gtin=x.gtin, lot=x.lot, bucket=x.bucket, quantity_sticks=x.quantity_sticks)
            for x in view.lines
        ],
        dispatched_at=now,
    )


async def _lock(conn: Connection, principal: Principal, return_id: UUID) -> SupplierReturnView:
    view = await get_return(conn, return_id)
    if not principal.may_use_store(view.store_id):
        raise not_found("return", return_id)
    await lock_stores(conn, [view.store_id])
    return await get_return(conn, return_id)


def _require(view: SupplierReturnView, state: str) -> None:
    if view.state != state:
        raise Problem(409, "return-state", f"The return is {view.state}, not {state}.")


async def _today(conn: Connection, store_id: str, now: datetime) -> date:
    day: date | None = await conn.fetchval(_TODAY, store_id, now)
    if day is None:
        raise invalid("store_id", "there is no such store")
    return day


async def _require_known(conn: Connection, given: ReturnInput) -> None:
    known = "SELECT EXISTS (SELECT FROM suppliers WHERE supplier_id = $1)"
    if not await conn.fetchval(known, given.supplier_id):
        raise invalid("supplier_id", "there is no such supplier")
    if given.purchase_order_id is None:
        return
    own = await conn.fetchval(
        """SELECT EXISTS (SELECT FROM purchase_orders
                          WHERE purchase_order_id = $1 AND store_id = $2 AND supplier_id = $3)""",
        given.purchase_order_id,
        given.store_id,
        given.supplier_id,
    )
    if not own:
        raise invalid("purchase_order_id", "this store has no such order with the supplier")


async def _note(
    conn: Connection, principal: Principal, action: str, view: SupplierReturnView, reason: str | None = None
) -> None:
    document, identity = view.model_dump(mode="json"), str(view.supplier_return_id)
    await audit.record(
        conn, principal, action, "supplier_return", identity, after=document, reason=reason or view.note
    )
