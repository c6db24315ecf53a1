"""Closes a terminal's day, and evaluates the closing again when a fact of that day comes late."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection
from humidor_common.db.transaction import transaction
from humidor_common.events.pos import DayClosed
from humidor_common.messaging import outbox
from humidor_common.runtime import Runtime
from humidor_common.web.problems import Problem, not_found
from humidor_pos.closings.queries import count_day
from humidor_pos.closings.rules import day_bounds, differences, status_of
from humidor_pos.closings.wire import DayClosing, Totals
from humidor_pos.recording.service import Intake, hash_of
from humidor_pos.revisions import next_revision

# Other processes learn of a closing with their next look at the directory of terminals. A fact that one of
# them takes in between, or has waiting for its transaction, is not marked as late, so every closing is looked
# at once more after this.
SETTLED_AFTER = timedelta(seconds=30)
RECHECK_MAX = 50

COLUMNS = (
    "closing_id, store_id, terminal_id, business_date, currency, claimed, counted, differences, status,"
    " evaluation, closed_at, evaluated_at"
)
_INSERT = """
INSERT INTO day_closings (store_id, closing_id, terminal_id, business_date, currency, starts_at, ends_at,
    body_hash, claimed, counted, differences, status, closed_at, evaluated_at, recheck_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $14)
"""
_SUPERSEDE = """
UPDATE day_closings SET status = 'superseded', recheck_at = NULL
 WHERE store_id = $1 AND terminal_id = $2 AND business_date = $3 AND currency = $4 AND status <> 'superseded'
"""
_DUE = """
SELECT * FROM day_closings WHERE recheck_at <= $1 AND status <> 'superseded'
 ORDER BY recheck_at LIMIT $2 FOR UPDATE SKIP LOCKED
"""
_EVALUATE = """
UPDATE day_closings SET counted = $3, differences = $4, status = $5, evaluated_at = $6, recheck_at = NULL,
    evaluation = evaluation + CASE WHEN $7 THEN 1 ELSE 0 END
 WHERE store_id = $1 AND closing_id = $2
"""


async def close_day(conn: Connection, around: Intake, closing: DayClosing) -> tuple[bool, dict[str, Any]]:
    """Reconcile a terminal's totals with ours; gives whether it is new, and the closing as it now stands.

    A further closing of the same day by another id takes the place of the earlier one.

    Raises:
        Problem: 409 for another closing under the same id.
    """
    terminal_id = around.terminal.terminal_id
    if await _is_known(conn, terminal_id, closing):
        return False, await get_closing(conn, closing.store_id, closing.closing_id)
    store = around.shelf.store
    bounds = day_bounds(closing.business_date, store.time_zone if store else around.time_zone)
    await _shut(conn, terminal_id, bounds[1])
    await conn.execute(_SUPERSEDE, closing.store_id, terminal_id, closing.business_date, closing.currency)
    counted = await count_day(conn, closing.store_id, terminal_id, bounds, closing.currency)
    found = differences(counted, closing.totals)
    await conn.execute(
        _INSERT,
        closing.store_id,
        closing.closing_id,
        terminal_id,
        closing.business_date,
        closing.currency,
        *bounds,
        hash_of(closing),
        msgspec.to_builtins(closing.totals),
        msgspec.to_builtins(counted),
        found,
        status_of(found),
        around.now,
        around.now + SETTLED_AFTER,
    )
    view = await get_closing(conn, closing.store_id, closing.closing_id)
    await outbox.append(conn, [_event(view, counted, found, around.now)])
    return True, view


async def _is_known(conn: Connection, terminal_id: str, closing: DayClosing) -> bool:
    """Tell whether this closing came before; the same one twice at once waits here."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 3))", f"{closing.store_id}\n{closing.closing_id}"
    )
    known = await conn.fetchrow(
        "SELECT body_hash, terminal_id FROM day_closings WHERE store_id = $1 AND closing_id = $2",
        closing.store_id,
        closing.closing_id,
    )
    if known is not None and (known["body_hash"] != hash_of(closing) or known["terminal_id"] != terminal_id):
        raise Problem(409, "id-reused", f"The id {closing.closing_id} was used for another closing.")
    return known is not None


async def reevaluate_due(runtime: Runtime) -> int:
    """Count again the closings that a late fact touched; tells of those that came out different."""
    async with transaction(runtime.pool) as conn:
        due = await conn.fetch(_DUE, utc_now(), RECHECK_MAX)
        for row in due:
            await _reevaluate(conn, row)
    if due:
        runtime.wake_relay()
    return len(due)


async def get_closing(conn: Connection, store_id: str, closing_id: UUID) -> dict[str, Any]:
    row = await conn.fetchrow(
        f"SELECT {COLUMNS} FROM day_closings WHERE store_id = $1 AND closing_id = $2",  # noqa: S608 - a constant
        store_id,
        closing_id,
    )
    if row is None:
        raise not_found("day closing", closing_id)
    return dict(row)


async def list_closings(
    conn: Connection,
    store_id: str,
    days: tuple[date | None, date | None],
    after: tuple[date, UUID] | None,
    limit: int,
) -> list[dict[str, Any]]:
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM day_closings WHERE store_id = $1"  # noqa: S608 - a constant
        " AND ($2::date IS NULL OR business_date >= $2) AND ($3::date IS NULL OR business_date <= $3)"
        " AND ($4::date IS NULL OR (business_date, closing_id) < ($4, $5::uuid))"
        " ORDER BY business_date DESC, closing_id DESC LIMIT $6",
        store_id,
        *days,
        *(after or (None, None)),
        limit,
    )
    return [dict(row) for row in rows]


async def _shut(conn: Connection, terminal_id: str, ends_at: datetime) -> None:
    """Note on the terminal until when its days are closed, so that later facts know that they are late."""
    await conn.execute(
        "UPDATE terminals SET closed_until = greatest(closed_until, $2), revision = $3"
        " WHERE terminal_id = $1",
        terminal_id,
        ends_at,
        await next_revision(conn, "terminals"),
    )


async def _reevaluate(conn: Connection, row: Any) -> None:
    counted = await count_day(
        conn, row["store_id"], row["terminal_id"], (row["starts_at"], row["ends_at"]), row["currency"]
    )
    changed = msgspec.to_builtins(counted) != row["counted"]
    found = differences(counted, msgspec.convert(row["claimed"], Totals))
    now = utc_now()
    await conn.execute(
        _EVALUATE,
        row["store_id"],
        row["closing_id"],
        msgspec.to_builtins(counted),
        found,
        status_of(found),
        now,
        changed,
    )
    if changed:
        await outbox.append(conn, [_event(dict(row), counted, found, now)])


def _event(closing: dict[str, Any], counted: Totals, found: dict[str, int], now: datetime) -> DayClosed:
    return DayClosed(
        closing_id=closing["closing_id"],
        store_id=closing["store_id"],
        terminal_id=closing["terminal_id"],
        business_date=closing["business_date"],
        currency=closing["currency"],
        status=status_of(found),
        sale_count=counted.sale_count,
        sale_total=counted.sale_total,
        return_count=counted.return_count,
        return_total=counted.return_total,
        void_count=counted.void_count,
        differences=found,
        closed_at=now,
    )
