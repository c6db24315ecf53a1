"""Plans order cycles: who orders when, moved by holidays or by hand."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.web.inputs import check_match
from humidor_common.web.problems import Problem, invalid, not_found
from humidor_customers.cycles import queries
from humidor_customers.cycles.rules import MOST_DAYS_MOVED, Timing, plan_window
from humidor_customers.cycles.schemas import (
    Assignment,
    AssignmentView,
    CycleInput,
    CycleView,
    GroupInput,
    GroupView,
    HolidayInput,
    HolidayView,
)
from humidor_customers.retailers import queries as retailers
from humidor_customers.stores.queries import unknown_stores

_AROUND = timedelta(days=2 * MOST_DAYS_MOVED)
_LOCK_CALENDAR = "SELECT pg_advisory_xact_lock(7401010)"


async def put_group(
    conn: Connection,
    principal: Principal,
    group: tuple[str, GroupInput],
    *,
    if_match: str | None,
    now: datetime,
) -> GroupView:
    """Make or change a group; windows that are planned keep their times.

    Raises:
        Problem: 412; 422 where nobody has told of the warehouse.
    """
    group_code, given = group
    await conn.execute(_LOCK_CALENDAR)
    before = await queries.read_group(conn, group_code)
    check_match(if_match, before.version if before else None)
    if await unknown_stores(conn, [given.supply_store_id]):
        raise invalid("supply_store_id", f"there is no store {given.supply_store_id}")
    version = before.version + 1 if before else 1
    after = GroupView(group_code=group_code, version=version, changed_at=now, **given.model_dump())
    await queries.write_group(conn, after)
    await audit.record_put(conn, principal, ("order_group", group_code), before, after)
    return after


async def get_group(conn: Connection, group_code: str) -> GroupView:
    found = await queries.read_group(conn, group_code)
    if found is None:
        raise not_found("order group", group_code)
    return found


async def assign(
    conn: Connection, principal: Principal, group: tuple[str, Assignment], *, now: datetime
) -> AssignmentView:
    """Put customers into a group, out of any other.

    Raises:
        Problem: 404; 422 naming those that are no customers.
    """
    group_code, given = group
    await get_group(conn, group_code)
    await retailers.lock(conn, given.retailer_ids)
    unknown = await retailers.unknown(conn, given.retailer_ids)
    for i, each in enumerate(given.retailer_ids):
        if each in unknown:
            raise invalid(f"retailer_ids[{i}]", f"there is no customer {each}")
    changed = await queries.assign(conn, group_code, given.retailer_ids, now)
    entries = [
        audit.Entry("assign", retailer_id, {"group_code": former}, {"group_code": group_code})
        for retailer_id, former in changed
    ]
    await audit.record_many(conn, principal, "order_member", entries, reason=given.reason)
    return AssignmentView(assigned=len(changed), moved=sum(1 for _, former in changed if former))


async def put_holiday(
    conn: Connection, principal: Principal, day: date, given: HolidayInput, *, now: datetime
) -> HolidayView:
    """Mark a day on which nobody orders; cycles that are planned later go round it."""
    after = HolidayView(day=day, name=given.name)
    await conn.execute(
        """INSERT INTO calendar_days (day, name, changed_at) VALUES ($1, $2, $3)
           ON CONFLICT (day) DO UPDATE SET name = $2, changed_at = $3""",
        day,
        given.name,
        now,
    )
    await audit.record_put(conn, principal, ("holiday", day.isoformat()), None, after)
    return after


async def delete_holiday(conn: Connection, principal: Principal, day: date) -> None:
    row = await conn.fetchrow("DELETE FROM calendar_days WHERE day = $1 RETURNING day, name", day)
    if row is None:
        raise not_found("holiday", day)
    await audit.record(conn, principal, "delete", "holiday", day.isoformat(), before={"name": row["name"]})


async def plan_cycle(
    conn: Connection, principal: Principal, given: CycleInput, *, now: datetime
) -> CycleView:
    """Make a cycle with a window for every group whose weekday is in it.

    Raises:
        Problem: 409 `cycle-exists` by its code, `cycle-overlaps`.
    """
    await conn.execute(_LOCK_CALENDAR)
    cycle_id = uuid7()
    try:
        await conn.execute(
            """INSERT INTO order_cycles (cycle_id, code, starts_on, ends_on, version, created_at, created_by)
               VALUES ($1, $2, $3, $4, 1, $5, $6)""",
            cycle_id,
            given.code,
            given.starts_on,
            given.ends_on,
            now,
            principal.subject,
        )
    except asyncpg.UniqueViolationError as error:
        raise Problem(409, "cycle-exists", f"There is a cycle {given.code!r} already.") from error
    except asyncpg.ExclusionViolationError as error:
        raise Problem(409, "cycle-overlaps", "Another cycle has some of these days.") from error
    await queries.write_windows(conn, await _windows(conn, cycle_id, given, now))
    after = await get_cycle(conn, cycle_id)
    await audit.record_put(conn, principal, ("order_cycle", str(cycle_id)), None, after)
    return after


async def _windows(
    conn: Connection, cycle_id: UUID, given: CycleInput, now: datetime
) -> list[dict[str, Any]]:
    holidays = await queries.read_holidays(conn, given.starts_on - _AROUND, given.ends_on + _AROUND)
    found = []
    for group in await queries.page_groups(conn, after="", limit=100_000):
        timing = Timing(**group.model_dump(include=set(Timing._fields)))
        window = plan_window(timing, given.starts_on, given.ends_on, holidays, given.holiday_shift)
        if window:
            row = {"cycle_id": cycle_id, "group_code": group.group_code, "version": 1, "changed_at": now}
            found.append(row | window._asdict())
    return found


async def get_cycle(conn: Connection, cycle_id: UUID) -> CycleView:
    found = await queries.read_cycle(conn, cycle_id)
    if found is None:
        raise not_found("order cycle", cycle_id)
    return found
