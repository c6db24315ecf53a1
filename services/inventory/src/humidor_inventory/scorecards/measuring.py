"""Keeps suppliers' measures current, in the transactions of receipts, closings and returns.

Counts stand by store and month, whose writers wait for each other for the store's lock anyway; the supplier's
own row is written only where its lead time has moved.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from humidor_common.db.pool import Connection
from humidor_common.events.inventory import SupplierLeadTimeChanged
from humidor_common.messaging import outbox
from humidor_inventory.policies.recalculation import lead_times_changed
from humidor_inventory.scorecards.rules import NEWEST_DELIVERIES, Counts, lead_time, moved

_NAMES = Counts.__struct_fields__
_COUNT = """
INSERT INTO supplier_months AS m (supplier_id, month, store_id, {names})
VALUES ($1, $2, $3, {places})
ON CONFLICT (supplier_id, month, store_id) DO UPDATE SET {added}
""".format(
    names=", ".join(_NAMES),
    places=", ".join(f"${n}" for n in range(4, 4 + len(_NAMES))),
    added=", ".join(f"{name} = m.{name} + excluded.{name}" for name in _NAMES),
)
_FIRST = """
INSERT INTO supplier_deliveries (purchase_order_id, supplier_id, store_id, placed_at, first_received_at,
                                 first_days)
VALUES ($1, $2, $3, $4, $5, extract(epoch FROM $5::timestamptz - $4::timestamptz) / 86400)
ON CONFLICT (purchase_order_id) DO NOTHING
"""
_LAST = """
UPDATE supplier_deliveries
SET completed_at = $2, last_days = extract(epoch FROM $2::timestamptz - placed_at) / 86400
WHERE purchase_order_id = $1
"""
NEWEST = """
SELECT first_days FROM supplier_deliveries
WHERE supplier_id = $1 AND ($2::text IS NULL OR store_id = $2) ORDER BY first_received_at DESC LIMIT $3
"""
_MEASURED = """
UPDATE suppliers SET measured_lead_time_days = $2, measured_lead_time_sd_days = $3, measured_deliveries = $4,
                     measured_at = $5
WHERE supplier_id = $1
"""


async def count(conn: Connection, supplier_id: str, store_id: str, counts: Counts, now: datetime) -> None:
    """Add to the supplier's month; the store is locked."""
    figures = [getattr(counts, name) for name in _NAMES]
    await conn.execute(_COUNT, supplier_id, now.date().replace(day=1), store_id, *figures)


async def record_receipt(conn: Connection, order: Any, now: datetime) -> None:
    """Note the first goods of an order (a row), and measure the supplier anew where they are the first."""
    if order["first_received_at"] is not None:
        return
    key = (order["purchase_order_id"], order["supplier_id"], order["store_id"])
    await conn.execute(_FIRST, *key, order["placed_at"], now)
    await _measure(conn, order["supplier_id"], now)


async def record_closing(
    conn: Connection, order: Any, lines: Sequence[Any], *, last: tuple[datetime, date] | None, now: datetime
) -> None:
    """Count an order that is closed: goods have come, or the supplier refused it (`last` is None).

    `lines` are its rows as they are now; `last` says when the last goods came and which day that was in the
    store. What the buyer gave up before anything came says nothing about the supplier: do not count it.
    """
    if order["supplier_id"] is None:
        return
    promised = order["due_on"] is not None
    counts = Counts(
        orders_closed=1,
        orders_failed=int(last is None),
        orders_promised=int(promised),
        orders_on_time=int(promised and last is not None and last[1] <= order["due_on"]),
        requested_sticks=sum(line["requested_sticks"] for line in lines),
        filled_sticks=sum(min(line["received_sticks"], line["requested_sticks"]) for line in lines),
    )
    await count(conn, order["supplier_id"], order["store_id"], counts, now)
    if last is not None:
        await conn.execute(_LAST, order["purchase_order_id"], last[0])


async def _measure(conn: Connection, supplier_id: str, now: datetime) -> None:
    """Measure the newest deliveries, and write and tell what has moved.

    Two receipts at once may each miss the other's delivery; the next one sees both.
    """
    rows = await conn.fetch(NEWEST, supplier_id, None, NEWEST_DELIVERIES)
    found = lead_time([row[0] for row in rows])
    known = await conn.fetchrow(
        "SELECT measured_lead_time_days, measured_lead_time_sd_days FROM suppliers WHERE supplier_id = $1",
        supplier_id,
    )
    if found is None or known is None:
        return
    before = None if known[0] is None else (known[0], known[1])
    if not moved(before, found):
        return
    await conn.execute(_MEASURED, supplier_id, found.mean_days, found.sd_days, found.deliveries, now)
    await lead_times_changed(conn, supplier_ids=[supplier_id], now=now)
    event = SupplierLeadTimeChanged(
        supplier_id=supplier_id,
        lead_time_days=found.mean_days,
        lead_time_sd_days=found.sd_days,
        deliveries=found.deliveries,
        before_days=before and before[0],
        measured_at=now,
    )
    await outbox.append(conn, [event])
