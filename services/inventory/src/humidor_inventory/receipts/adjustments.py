"""Corrects the books by hand."""

from datetime import datetime

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.web.problems import FieldError, Problem, invalid
from humidor_inventory.inputs import sticks_of
from humidor_inventory.receipts import queries
from humidor_inventory.receipts.schemas import AdjustmentInput, AdjustmentView
from humidor_inventory.replenishment.review import review
from humidor_inventory.stock.rules import UNATTRIBUTED
from humidor_inventory.stock.service import load_shelves, lock_stores, write_shelves
from humidor_inventory.stock.shelf import Shelf, Source
from humidor_inventory.units.queries import load_factors
from humidor_inventory.units.service import resolve_units

# Reasons that correct the books; the others move goods, so a stocktake under way can net them.
_CORRECTIONS = frozenset(("count", "theft", "loss", "found", "correction"))


async def adjust_stock(
    conn: Connection, principal: Principal, given: AdjustmentInput, *, now: datetime
) -> AdjustmentView:
    """Change what one lot holds, or move goods between the shelf and quarantine; never below zero."""
    await lock_stores(conn, [given.store_id])
    await queries.require_store(conn, given.store_id)
    await resolve_units(conn, [("", given)])
    factors = await load_factors(conn, [given.gtin])
    if given.gtin not in factors:
        raise invalid("gtin", "there is no such product")
    if given.reason_code in _CORRECTIONS:
        await queries.require_uncounted(conn, given.store_id, given.gtin)
    pair = (given.store_id, given.gtin)
    lot = given.lot or UNATTRIBUTED
    shelves = await load_shelves(conn, [pair], [(*pair, lot)])
    view = AdjustmentView(
        adjustment_id=uuid7(),
        store_id=given.store_id,
        gtin=given.gtin,
        lot=lot,
        bucket={"quarantine": "quarantined", "release": "on_hand"}.get(given.reason_code, given.bucket),
        delta_sticks=sticks_of(given.quantity, given.unit, factors[given.gtin], "quantity"),
        reason_code=given.reason_code,
        note=given.note,
        adjusted_at=now,
        adjusted_by=principal.subject,
    )
    _apply(shelves[pair], view, Source("adjustment", view.adjustment_id, 1, now))
    await write_shelves(conn, shelves, now=now)
    await queries.store_adjustment(conn, view)
    await review(conn, [shelf for shelf in shelves.values() if shelf.needs_review], now=now)
    await audit.record(
        conn,
        principal,
        "adjust",
        "stock",
        f"{given.store_id}/{given.gtin}/{lot}",
        after=view,
        reason=given.note or given.reason_code,
    )
    return view


def _apply(shelf: Shelf, view: AdjustmentView, source: Source) -> None:
    changes = {view.bucket: view.delta_sticks}
    if view.reason_code in ("quarantine", "release"):
        changes["quarantined" if view.bucket == "on_hand" else "on_hand"] = -view.delta_sticks
    lot = shelf.lot(view.lot)
    for bucket, delta in changes.items():
        held = lot.on_hand if bucket == "on_hand" else lot.quarantined
        if delta < 0 and held + delta < 0:
            detail = f"The lot holds {held} sticks {bucket.replace('_', ' ')}, {-delta} were to go."
            raise Problem(409, "not-enough-stock", detail, errors=[FieldError("quantity", "is too much")])
    if "on_hand" in changes:
        shelf.put(view.lot, changes["on_hand"], "counted", source)
    if "quarantined" in changes:
        shelf.quarantine(view.lot, changes["quarantined"], "counted", source)
    if changes.get("on_hand", 0) > 0:
        shelf.settle_shortfall({view.lot}, source)
