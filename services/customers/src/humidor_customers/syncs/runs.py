"""Statements over runs: one at a time for each connector, taken by a lease."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_customers.crm.remote import Cursor
from humidor_customers.exchange import failures
from humidor_customers.exchange.work import Report
from humidor_customers.syncs.rules import Phase, first_phase
from humidor_customers.syncs.schemas import ItemView, RunView

LEASE = timedelta(minutes=2)
KEPT = timedelta(days=90)
_OPEN = "state IN ('queued', 'running', 'waiting')"

_START = f"""
INSERT INTO sync_runs (run_id, connector_id, started_by, dry_run, complete, state, phase, since, push_since,
                       due_at, lease, tries, counts, created_at)
SELECT $2, connector_id, $3, $4, $5, 'queued', $6,
       CASE WHEN NOT $5 THEN pulled_until END, CASE WHEN NOT $5 THEN pushed_until END, $7, 0, 0, '{{}}', $7
FROM connectors WHERE connector_id = $1
ON CONFLICT (connector_id) WHERE {_OPEN} DO NOTHING
RETURNING run_id
"""  # noqa: S608 - our own text
_CLAIM = f"""
WITH chosen AS (
    SELECT run_id FROM sync_runs WHERE {_OPEN} AND due_at <= $1
    ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
UPDATE sync_runs r
SET state = 'running', lease = r.lease + 1, due_at = $2, started_at = coalesce(r.started_at, $1), code = NULL,
    detail = NULL
FROM chosen WHERE r.run_id = chosen.run_id
RETURNING r.*
"""  # noqa: S608 - our own text
_DUE = """
UPDATE connectors SET due_at = $1::timestamptz + make_interval(mins => every_minutes)
WHERE enabled AND due_at <= $1 AND every_minutes IS NOT NULL RETURNING connector_id
"""
_FINISH = """
UPDATE connectors
SET pulled_until = coalesce($2, pulled_until), pushed_until = $3
WHERE connector_id = $1 AND version = $4
"""

_FORGET_RUNS = """
DELETE FROM sync_runs WHERE run_id IN (
    SELECT run_id FROM sync_runs WHERE connector_id = $1 ORDER BY run_id LIMIT 50) AND ended_at < $2
"""


class LeaseLost(Exception):  # noqa: N818 - reads as what has happened
    """Somebody else has the run now, or it was cancelled."""


@dataclass(kw_only=True)
class Run(Report):
    """A run that this worker holds."""

    run_id: UUID
    phase: Phase
    cursor: Cursor | None
    since: datetime | None
    push_since: datetime | None
    remote_time: datetime | None
    lease: int
    tries: int
    created_at: datetime


async def start(
    conn: Connection, connector_id: str, started_by: str, *, dry_run: bool, complete: bool, now: datetime
) -> UUID | None:
    """Queue a run; None where one is under way."""
    phase = first_phase(dry_run=dry_run)
    found: UUID | None = await conn.fetchval(
        _START, connector_id, uuid7(), started_by, dry_run, complete, phase, now
    )
    return found


async def start_due(conn: Connection, *, now: datetime) -> None:
    """Queue the runs of all connectors whose time has come."""
    for row in await conn.fetch(_DUE, now):
        await start(conn, row[0], "schedule", dry_run=False, complete=False, now=now)


async def claim(conn: Connection, *, now: datetime) -> Run | None:
    """Take the run that is due longest; until its lease ends nobody else does."""
    row = await conn.fetchrow(_CLAIM, now, now + LEASE)
    if row is None:
        return None
    return Run(**{name: row[name] for name in Run.__dataclass_fields__ if name != "items"})


async def hold(conn: Connection, run: Run) -> None:
    """Lock a run for a step.

    Raises:
        LeaseLost: It is not ours any more.
    """
    held = await conn.fetchval(
        "SELECT true FROM sync_runs WHERE run_id = $1 AND lease = $2 AND state = 'running' FOR UPDATE",
        run.run_id,
        run.lease,
    )
    if not held:
        raise LeaseLost


async def save_progress(conn: Connection, run: Run, *, now: datetime) -> None:
    """Write how far a held run is, and make the lease longer."""
    await conn.execute(
        """UPDATE sync_runs SET phase = $2, cursor = $3, remote_time = $4, counts = $5, tries = 0, due_at = $6
           WHERE run_id = $1""",
        run.run_id,
        run.phase,
        run.cursor,
        run.remote_time,
        run.counts,
        now + LEASE,
    )
    run.tries = 0
    await write_items(conn, run)


async def settle(
    conn: Connection,
    run: Run,
    state: str,
    *,
    now: datetime,
    due_at: datetime | None = None,
    error: tuple[str, str] | None = None,
) -> None:
    """Let a run wait until `due_at` or end; nothing where it is not ours any more."""
    code, detail = error or (None, None)
    await conn.execute(
        """UPDATE sync_runs
           SET state = $3, tries = tries + $4, due_at = coalesce($5, due_at), code = $6, detail = $7,
               ended_at = CASE WHEN $3 = 'waiting' THEN NULL ELSE $8::timestamptz END
           WHERE run_id = $1 AND lease = $2 AND state = 'running'""",
        run.run_id,
        run.lease,
        state,
        int(state == "waiting"),
        due_at,
        code,
        detail,
        now,
    )


async def forget_old(conn: Connection, connector_id: str, *, now: datetime) -> None:
    """Forget some runs and settled failures of a connector that are older than 90 days."""
    await conn.execute(_FORGET_RUNS, connector_id, now - KEPT)
    await failures.forget_old(conn, connector_id, before=now - KEPT)


async def finish(conn: Connection, run: Run, version: int) -> None:
    """Remember up to when both sides were looked at; a margin is left for what commits late."""
    pulled = run.remote_time and run.remote_time - timedelta(minutes=1)
    await conn.execute(_FINISH, run.connector_id, pulled, run.created_at - timedelta(minutes=2), version)


async def cancel(conn: Connection, run_id: UUID, *, now: datetime) -> bool:
    done = await conn.execute(
        f"UPDATE sync_runs SET state = 'cancelled', ended_at = $2 WHERE run_id = $1 AND {_OPEN}",  # noqa: S608
        run_id,
        now,
    )
    return bool(done == "UPDATE 1")


async def write_items(conn: Connection, run: Run) -> None:
    """Write what is to be reported of records."""
    rows = [{"run_id": run.run_id, "item_id": uuid7(), **each} for each in run.items]
    run.items.clear()
    if rows:
        await conn.execute(
            "INSERT INTO sync_items SELECT * FROM jsonb_populate_recordset(NULL::sync_items, $1::jsonb)", rows
        )


async def planned_here(conn: Connection, run: Run, retailer_ids: Sequence[str]) -> set[str]:
    """Name those of the customers of which a dry run has spoken already."""
    rows = await conn.fetch(
        "SELECT DISTINCT retailer_id FROM sync_items WHERE run_id = $1 AND retailer_id = ANY($2::text[])",
        run.run_id,
        list(retailer_ids),
    )
    return {row[0] for row in rows}


async def read(conn: Connection, run_id: UUID) -> RunView | None:
    row = await conn.fetchrow("SELECT * FROM sync_runs WHERE run_id = $1", run_id)
    return None if row is None else RunView(**row)


async def page(conn: Connection, connector_id: str, *, before: UUID, limit: int) -> list[RunView]:
    """Read the runs of a connector, the newest first."""
    rows = await conn.fetch(
        "SELECT * FROM sync_runs WHERE connector_id = $1 AND run_id < $2 ORDER BY run_id DESC LIMIT $3",
        connector_id,
        before,
        limit,
    )
    return [RunView(**row) for row in rows]


async def page_items(conn: Connection, run_id: UUID, *, after: UUID, limit: int) -> list[ItemView]:
    rows = await conn.fetch(
        "SELECT * FROM sync_items WHERE run_id = $1 AND item_id > $2 ORDER BY item_id LIMIT $3",
        run_id,
        after,
        limit,
    )
    return [ItemView(**row) for row in rows]


async def forget_place(conn: Connection, run: Run) -> None:
    """Let the present phase begin anew."""
    await conn.execute(
        "UPDATE sync_runs SET cursor = NULL WHERE run_id = $1 AND lease = $2", run.run_id, run.lease
    )
