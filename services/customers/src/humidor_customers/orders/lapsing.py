"""Ends, now and then, orders that nobody confirmed before their window closed."""

from datetime import datetime

from humidor_common.clock import utc_now
from humidor_common.db.keeping import keep
from humidor_common.db.pool import Connection, Pool
from humidor_common.db.transaction import transaction
from humidor_customers.orders import queries
from humidor_customers.orders.keeping import next_version

EVERY_SECONDS = 30
AT_ONCE = 200


async def lapse_due(conn: Connection, *, now: datetime) -> int:
    """Let those lapse whose window is closed, and look again later at others; gives how many it looked at."""
    due = await queries.overdue(conn, now=now, at_most=AT_ONCE)
    found = await queries.read(conn, due)
    lapsed = {"state": "lapsed", "closed_code": "window-closed", "closed_at": now}
    written = [
        next_version(each, lapsed if due[each.order_id] <= now else {"closes_at": due[each.order_id]}, now)
        for each in found.values()
    ]
    await queries.write(conn, written, lines=False)
    return len(due)


async def keep_lapsing(pool: Pool) -> None:
    """Work until cancelled; one that is confirmed meanwhile is locked and not looked at."""

    async def look() -> bool:
        async with transaction(pool) as conn:
            return await lapse_due(conn, now=utc_now()) == AT_ONCE

    await keep(look, "no orders lapsed", every_seconds=EVERY_SECONDS)
