"""Statements over groups, cycles and windows."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from humidor_common.db.pool import Connection
from humidor_customers.cycles.rules import window_state
from humidor_customers.cycles.schemas import (
    CustomerWindow,
    CycleView,
    ExceptionView,
    GroupView,
    HolidayView,
    MemberView,
    WindowView,
)

_GROUP = tuple(GroupView.model_fields)
_CYCLE = """
SELECT c.cycle_id, c.code, c.starts_on, c.ends_on, c.created_at, c.created_by,
       (SELECT count(*) FROM order_windows w WHERE w.cycle_id = c.cycle_id) AS windows
FROM order_cycles c
"""
# The times of one customer: what was said for it alone outweighs its group's window.
CUSTOMER_WINDOWS = """
SELECT w.cycle_id, c.code, w.group_code, g.supply_store_id, g.prepaid,
       coalesce(x.opens_at, w.opens_at) AS opens_at, coalesce(x.closes_at, w.closes_at) AS closes_at,
       coalesce(x.delivery_on, w.delivery_on) AS delivery_on, x.cycle_id IS NOT NULL AS own
FROM order_members m
JOIN order_groups g USING (group_code)
JOIN order_windows w USING (group_code)
JOIN order_cycles c USING (cycle_id)
LEFT JOIN window_exceptions x ON x.cycle_id = w.cycle_id AND x.retailer_id = m.retailer_id
"""


async def read_group(conn: Connection, group_code: str) -> GroupView | None:
    row = await conn.fetchrow("SELECT * FROM order_groups WHERE group_code = $1 FOR UPDATE", group_code)
    return None if row is None else GroupView(**row)


async def page_groups(conn: Connection, *, after: str, limit: int) -> list[GroupView]:
    rows = await conn.fetch(
        "SELECT * FROM order_groups WHERE group_code > $1 ORDER BY group_code LIMIT $2", after, limit
    )
    return [GroupView(**row) for row in rows]


async def write_group(conn: Connection, view: GroupView) -> None:
    places = ", ".join(f"${n}" for n, _ in enumerate(_GROUP, 1))
    changed = ", ".join(f"{name} = excluded.{name}" for name in _GROUP if name != "group_code")
    await conn.execute(
        f"""INSERT INTO order_groups ({", ".join(_GROUP)}) VALUES ({places})
            ON CONFLICT (group_code) DO UPDATE SET {changed}""",  # noqa: S608 - names of ours
        *(getattr(view, name) for name in _GROUP),
    )


async def assign(
    conn: Connection, group_code: str, retailer_ids: Collection[str], now: datetime
) -> list[tuple[str, str | None]]:
    """Put customers into a group; gives those that were not in it, with their former group."""
    rows = await conn.fetch(
        """WITH given AS (SELECT DISTINCT unnest($2::text[]) AS retailer_id),
                before AS (SELECT retailer_id, m.group_code FROM given LEFT JOIN order_members m
                           USING (retailer_id) WHERE m.group_code IS DISTINCT FROM $1),
                put AS (INSERT INTO order_members (retailer_id, group_code, since)
                        SELECT retailer_id, $1, $3 FROM before ORDER BY retailer_id
                        ON CONFLICT (retailer_id) DO UPDATE SET group_code = $1, since = $3)
           SELECT retailer_id, group_code FROM before ORDER BY retailer_id""",
        group_code,
        list(retailer_ids),
        now,
    )
    return [(row[0], row[1]) for row in rows]


async def page_members(conn: Connection, group_code: str, *, after: str, limit: int) -> list[MemberView]:
    rows = await conn.fetch(
        """SELECT retailer_id, since FROM order_members WHERE group_code = $1 AND retailer_id > $2
           ORDER BY retailer_id LIMIT $3""",
        group_code,
        after,
        limit,
    )
    return [MemberView(**row) for row in rows]


async def read_holidays(conn: Connection, first: date, last: date) -> set[date]:
    rows = await conn.fetch("SELECT day FROM calendar_days WHERE day BETWEEN $1 AND $2", first, last)
    return {row[0] for row in rows}


async def page_holidays(conn: Connection, *, after: date, limit: int) -> list[HolidayView]:
    rows = await conn.fetch(
        "SELECT day, name FROM calendar_days WHERE day > $1 ORDER BY day LIMIT $2", after, limit
    )
    return [HolidayView(**row) for row in rows]


async def read_cycle(conn: Connection, cycle_id: UUID) -> CycleView | None:
    row = await conn.fetchrow(f"{_CYCLE} WHERE c.cycle_id = $1", cycle_id)
    return None if row is None else CycleView(**row)


async def page_cycles(conn: Connection, *, before: date, limit: int) -> list[CycleView]:
    rows = await conn.fetch(
        f"{_CYCLE} WHERE c.starts_on < $1 ORDER BY c.starts_on DESC LIMIT $2", before, limit
    )
    return [CycleView(**row) for row in rows]


async def write_windows(conn: Connection, rows: list[dict[str, Any]]) -> None:
    names = (
        "cycle_id, group_code, order_day, opens_at, closes_at, delivery_on, moved_from, version, changed_at"
    )
    await conn.execute(
        f"""INSERT INTO order_windows ({names})
            SELECT {names} FROM jsonb_populate_recordset(NULL::order_windows, $1::jsonb)
            ORDER BY group_code""",  # noqa: S608 - names of ours
        rows,
    )


async def read_window(conn: Connection, cycle_id: UUID, group_code: str, now: datetime) -> WindowView | None:
    row = await conn.fetchrow(
        "SELECT * FROM order_windows WHERE cycle_id = $1 AND group_code = $2 FOR UPDATE", cycle_id, group_code
    )
    return None if row is None else _window(row, now)


async def page_windows(
    conn: Connection, cycle_id: UUID, *, now: datetime, after: str, limit: int
) -> list[WindowView]:
    rows = await conn.fetch(
        """SELECT * FROM order_windows WHERE cycle_id = $1 AND group_code > $2
           ORDER BY group_code LIMIT $3""",
        cycle_id,
        after,
        limit,
    )
    return [_window(row, now) for row in rows]


def _window(row: Any, now: datetime) -> WindowView:
    return WindowView(**row, state=window_state(row["opens_at"], row["closes_at"], now))


async def read_exception(conn: Connection, cycle_id: UUID, retailer_id: str) -> ExceptionView | None:
    row = await conn.fetchrow(
        "SELECT * FROM window_exceptions WHERE cycle_id = $1 AND retailer_id = $2", cycle_id, retailer_id
    )
    return None if row is None else ExceptionView(**row)


_CUSTOMER_WINDOW = tuple(name for name in CustomerWindow.model_fields if name != "state")


def customer_window(row: asyncpg.Record, now: datetime) -> CustomerWindow:
    """Read a row of `CUSTOMER_WINDOWS`."""
    state = window_state(row["opens_at"], row["closes_at"], now)
    return CustomerWindow(**{name: row[name] for name in _CUSTOMER_WINDOW}, state=state)


async def customer_windows(
    conn: Connection, retailer_id: str, *, now: datetime, before: datetime, limit: int
) -> list[CustomerWindow]:
    """Read when one customer may order, the latest first and before `before`."""
    rows = await conn.fetch(
        f"""SELECT * FROM ({CUSTOMER_WINDOWS} WHERE m.retailer_id = $1) every
            WHERE closes_at < $2 ORDER BY closes_at DESC LIMIT $3""",  # noqa: S608 - made of constants
        retailer_id,
        before,
        limit,
    )
    return [customer_window(row, now) for row in rows]


async def windows_around(
    conn: Connection, retailer_id: str, cycle_id: UUID | None, *, now: datetime
) -> list[CustomerWindow]:
    """Read a customer's windows of a cycle, or those that are not over yet, the earliest first.

    A window moves by a month at most, so those of long ago are not looked at.
    """
    rows = await conn.fetch(
        f"""SELECT * FROM ({CUSTOMER_WINDOWS}
                WHERE m.retailer_id = $1 AND ($2::uuid IS NULL OR w.cycle_id = $2)
                  AND ($2::uuid IS NOT NULL OR w.closes_at > $3::timestamptz - interval '31 days')) every
            ORDER BY closes_at LIMIT 100""",  # noqa: S608 - made of constants
        retailer_id,
        cycle_id,
        now,
    )
    return [customer_window(row, now) for row in rows]
