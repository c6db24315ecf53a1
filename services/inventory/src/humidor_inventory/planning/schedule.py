"""The daily plan: one for each time zone and local day, opened by the worker that first sees it is time."""

from datetime import datetime

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection, Pool
from humidor_common.db.transaction import transaction
from humidor_common.ids import uuid7
from humidor_inventory.inputs import check_match
from humidor_inventory.planning.schemas import ScheduleInput, ScheduleView

KEEP_DAYS = 62

_ZONES = """
SELECT z.time_zone, ($1::timestamptz AT TIME ZONE z.time_zone)::date AS day, z.stores, c.terms
FROM plan_schedule c CROSS JOIN (
    SELECT time_zone, count(*)::integer AS stores FROM stores WHERE status = 'open' GROUP BY 1) z
WHERE c.enabled AND ($1::timestamptz AT TIME ZONE z.time_zone)::time >= c.at_local_time
  AND NOT EXISTS (SELECT FROM plans p WHERE p.scheduled AND p.time_zone = z.time_zone
                  AND p.day = ($1::timestamptz AT TIME ZONE z.time_zone)::date)
"""
# The unique index lets one of several workers do it.
_OPEN = """
INSERT INTO plans (plan_id, day, time_zone, scheduled, dry_run, state, step, terms, stores, requested_by,
                   created_at, changed_at)
VALUES ($1, $2, $3, true, false, 'queued', 'levels', $4, $5, 'system:schedule', $6, $6)
ON CONFLICT (time_zone, day) WHERE scheduled DO NOTHING
"""


async def open_scheduled(pool: Pool, *, now: datetime) -> None:
    """Open plans whose local time has come and forget what is old; a day that was missed is not made up."""
    async with transaction(pool) as conn:
        for row in await conn.fetch(_ZONES, now):
            await conn.execute(_OPEN, uuid7(), row["day"], row["time_zone"], row["terms"], row["stores"], now)
        await conn.execute(
            """DELETE FROM plans WHERE plan_id = (
                   SELECT plan_id FROM plans WHERE created_at < $1::timestamptz - make_interval(days => $2)
                   AND state NOT IN ('queued', 'running') AND NOT being_placed ORDER BY plan_id LIMIT 1)""",
            now,
            KEEP_DAYS,
        )


async def get_schedule(conn: Connection) -> ScheduleView:
    row = await conn.fetchrow("SELECT * FROM plan_schedule")
    return ScheduleView(**dict(row or {}))


async def put_schedule(
    conn: Connection, principal: Principal, given: ScheduleInput, *, match: str | None, now: datetime
) -> ScheduleView:
    """Set when daily plans begin and what they are asked to do; those under way stay as they are."""
    await conn.execute("SELECT FROM plan_schedule FOR UPDATE")
    before = await get_schedule(conn)
    check_match(match, before.version)
    await conn.execute(
        """UPDATE plan_schedule SET enabled = $1, at_local_time = $2, terms = $3, version = version + 1,
                                    changed_at = $4, changed_by = $5""",
        given.enabled,
        given.at_local_time,
        given.terms.model_dump(mode="json"),
        now,
        principal.subject,
    )
    after = await get_schedule(conn)
    told = (before.model_dump(mode="json"), after.model_dump(mode="json"))
    await audit.record(conn, principal, "set", "plan schedule", "daily", before=told[0], after=told[1])
    return after
