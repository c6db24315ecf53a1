"""Keeps lots from being sold, and lets them go again."""

from collections.abc import Collection
from datetime import datetime

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.problems import Problem, not_found
from humidor_inventory.lots.schemas import HoldView
from humidor_inventory.stock.changes import note_change
from humidor_inventory.stock.service import lock_stores
from humidor_inventory.stock.telling import LotKey, tell_lots

_READ = """
SELECT l.held, l.held_since, l.on_hand_sticks, s.reserved_sticks, s.sellable_sticks
FROM lot_stock l CROSS JOIN LATERAL (
    SELECT coalesce(sum(o.on_hand_sticks), 0)::bigint AS sellable_sticks,
           (SELECT coalesce(sum(quantity_sticks), 0)::bigint FROM reservations r
            WHERE r.store_id = $1 AND r.gtin = $2
              AND (r.state = 'confirmed' OR (r.state = 'active' AND r.expires_at > $4))) AS reserved_sticks
    FROM lot_stock o LEFT JOIN stores t USING (store_id)
    WHERE o.store_id = $1 AND o.gtin = $2 AND o.live AND (o.on_hand_sticks < 0 OR (NOT o.held
      AND (o.expiry_date IS NULL
           OR o.expiry_date >= ($4::timestamptz AT TIME ZONE coalesce(t.time_zone, 'UTC'))::date)))) s
WHERE l.store_id = $1 AND l.gtin = $2 AND l.lot = $3
"""
_SET = """
UPDATE lot_stock l SET held = $2, held_since = CASE WHEN $2 THEN $3::timestamptz END
FROM jsonb_array_elements($1::jsonb) e
WHERE l.store_id = e->>0 AND l.gtin = e->>1 AND l.lot = e->>2 AND l.held <> $2
"""


async def hold_lot(
    conn: Connection, principal: Principal, key: LotKey, *, reason: str, now: datetime
) -> HoldView:
    """Hold a lot, so that sales take from others; a scanned one is still booked, because that has happened.

    Raises:
        Problem: 404 where the store has no such lot, 409 `lot-held` where it is held already.
    """
    return await _change(conn, principal, key, hold=True, reason=reason, now=now)


async def release_lot(
    conn: Connection, principal: Principal, key: LotKey, *, reason: str, now: datetime
) -> HoldView:
    """Let a held lot be sold again.

    Raises:
        Problem: 404 where the store has no such lot, 409 `lot-not-held` where nobody holds it.
    """
    return await _change(conn, principal, key, hold=False, reason=reason, now=now)


async def set_holds(conn: Connection, lots: Collection[LotKey], *, hold: bool, now: datetime) -> None:
    """Hold or release lots of any number of stores, all of which are locked, and tell it."""
    await conn.execute(_SET, sorted(lots), hold, now)
    note_change({store_id for store_id, _, _ in lots})
    await tell_lots(conn, lots, now=now)


async def _change(
    conn: Connection, principal: Principal, key: LotKey, *, hold: bool, reason: str, now: datetime
) -> HoldView:
    await lock_stores(conn, [key[0]])
    before = await conn.fetchrow(_READ, *key, now)
    if before is None:
        raise not_found("lot", key[2])
    if before["held"] is hold:
        code, detail = (
            ("lot-held", "The lot is held already.") if hold else ("lot-not-held", "Nobody holds the lot.")
        )
        raise Problem(409, code, detail)
    await set_holds(conn, [key], hold=hold, now=now)
    view = await _read(conn, key, now)
    action = "hold" if hold else "release"
    await audit.record(
        conn,
        principal,
        action,
        "lot",
        "/".join(key),
        before={"held": not hold},
        after=view,
        reason=reason,
    )
    return view


async def _read(conn: Connection, key: LotKey, now: datetime) -> HoldView:
    row = await conn.fetchrow(_READ, *key, now)
    if row is None:
        raise not_found("lot", key[2])
    uncovered = max(row["reserved_sticks"] - max(row["sellable_sticks"], 0), 0)
    return HoldView(store_id=key[0], gtin=key[1], lot=key[2], **row, uncovered_sticks=uncovered)
