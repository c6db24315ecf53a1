"""Raises alerts for orders whose goods have not come on their day, now and then."""

import asyncio
from datetime import date, datetime
from uuid import UUID

from humidor_common.clock import utc_now
from humidor_common.db.failures import DATABASE_ERRORS
from humidor_common.db.pool import Pool
from humidor_common.db.transaction import transaction
from humidor_common.telemetry.logs import get_logger
from humidor_inventory.alerts.reporting import Finding, report
from humidor_inventory.alerts.rules import AlertKind

EVERY_SECONDS = 900
PIECE = 1000

# Late by the date in the store; nowhere is it further than 14 hours ahead. The rows are locked, so that an
# order that is being received meanwhile is waited for, and left out if it came.
_LATE = """
SELECT o.purchase_order_id, o.store_id, o.supplier_id, o.due_on, l.sticks
FROM purchase_orders o LEFT JOIN stores s USING (store_id) CROSS JOIN LATERAL (
    SELECT coalesce(sum(greatest(ordered_sticks - received_sticks, 0)), 0)::bigint AS sticks
    FROM purchase_order_lines WHERE purchase_order_id = o.purchase_order_id) l
WHERE o.awaited AND o.due_on <= ($1::timestamptz + interval '14 hours')::date
  AND o.due_on < ($1::timestamptz AT TIME ZONE coalesce(s.time_zone, 'UTC'))::date
  AND (o.due_on, o.purchase_order_id) > ($2, $3)
ORDER BY o.due_on, o.purchase_order_id LIMIT $4
FOR SHARE OF o
"""

log = get_logger(__name__)


async def watch_deliveries(pool: Pool) -> None:
    """Work until cancelled."""
    while True:
        try:
            raised = await report_late(pool, now=utc_now())
            if raised:
                log.info("late deliveries", extra={"raised": raised})
        except DATABASE_ERRORS as error:
            log.warning("late deliveries not looked for", extra={"error": repr(error)})
        await asyncio.sleep(EVERY_SECONDS)


async def report_late(pool: Pool, *, now: datetime) -> int:
    """Report every order that is late, a piece in a transaction; gives how many are new."""
    raised, after = 0, (date.min, UUID(int=0))
    while True:
        async with transaction(pool) as conn:
            rows = await conn.fetch(_LATE, now, *after, PIECE)
            findings = [
                Finding(
                    kind=AlertKind.LATE_DELIVERY,
                    store_id=row["store_id"],
                    subject=str(row["purchase_order_id"]),
                    figures={
                        "due_on": row["due_on"].isoformat(),
                        "outstanding_sticks": row["sticks"],
                        "supplier_id": row["supplier_id"],
                    },
                )
                for row in rows
            ]
            raised += len(await report(conn, findings, now=now))
        if len(rows) < PIECE:
            return raised
        after = (rows[-1]["due_on"], rows[-1]["purchase_order_id"])
