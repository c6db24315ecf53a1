"""Records that could not be taken or sent: kept, tried again, settled."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_customers.conditions import Conditions
from humidor_customers.crm.rules import Wrong
from humidor_customers.exchange.schemas import Direction, FailureFilters, FailureView

CONFLICT = "conflict"
NEVER = datetime(2200, 1, 1, tzinfo=UTC)

_WRITE = """
INSERT INTO sync_failures (failure_id, connector_id, run_id, direction, subject, remote_id, retailer_id, code,
                           errors, tries, state, first_at, last_at, due_at)
SELECT (e->>0)::uuid, $1, $2, e->>1, e->>2, e->>3, e->>4, e->>5, e->6, 1, 'open', $4, $4,
       CASE WHEN e->>5 = 'conflict' THEN $5::timestamptz ELSE $4::timestamptz + interval '5 minutes' END
FROM jsonb_array_elements($3::jsonb) e ORDER BY e->>2
ON CONFLICT (connector_id, direction, subject) WHERE state = 'open' DO UPDATE
SET run_id = excluded.run_id, remote_id = excluded.remote_id, retailer_id = excluded.retailer_id,
    code = excluded.code, errors = excluded.errors, tries = sync_failures.tries + 1, last_at = $4,
    decision = NULL,
    due_at = CASE WHEN excluded.code = 'conflict' THEN $5::timestamptz
                  ELSE $4::timestamptz + least(
                      interval '5 minutes' * power(2, least(sync_failures.tries, 12)), interval '1 day') END
"""
_VIEW = """failure_id, connector_id, run_id, direction, remote_id, retailer_id, code, errors, tries, state,
           first_at, last_at, due_at, settled_reason"""
_DUE = """
SELECT direction, subject, decision FROM sync_failures
WHERE connector_id = $1 AND state = 'open' AND due_at <= $2 AND direction = $3 ORDER BY due_at LIMIT $4
"""
_FORGET_OLD = """
DELETE FROM sync_failures WHERE failure_id = ANY(ARRAY(
    SELECT failure_id FROM sync_failures
    WHERE connector_id = $1 AND state <> 'open' AND last_at < $2 ORDER BY last_at LIMIT 500))
"""


class Failure(NamedTuple):
    """What is wrong with a record: `subject` names it on the side it comes from."""

    direction: Direction
    subject: str
    code: str
    errors: Sequence[Wrong]
    remote_id: str | None = None
    retailer_id: str | None = None


class Due(NamedTuple):
    """A record to be tried again, and what a person decided about it."""

    subject: str
    decision: Any


async def write(
    conn: Connection, connector_id: str, run_id: UUID | None, failures: Sequence[Failure], *, now: datetime
) -> None:
    """Note failures; one that is open already is tried less and less often, up to once a day."""
    if failures:
        rows = [
            (
                uuid7(),
                each.direction,
                each.subject,
                each.remote_id,
                each.retailer_id,
                each.code,
                [wrong._asdict() for wrong in each.errors],
            )
            for each in failures
        ]
        await conn.execute(_WRITE, connector_id, run_id, rows, now, NEVER)


async def solve(conn: Connection, connector_id: str, direction: Direction, subjects: Collection[str]) -> None:
    """Settle what went well by now."""
    if subjects:
        await conn.execute(
            """UPDATE sync_failures SET state = 'solved'
               WHERE connector_id = $1 AND direction = $2 AND subject = ANY($3::text[]) AND state = 'open'""",
            connector_id,
            direction,
            sorted(subjects),
        )


async def due(
    conn: Connection, connector_id: str, direction: Direction, *, by: datetime, limit: int
) -> list[Due]:
    rows = await conn.fetch(_DUE, connector_id, by, direction, limit)
    return [Due(row["subject"], row["decision"]) for row in rows]


async def contested(conn: Connection, connector_id: str, retailer_ids: Sequence[str]) -> set[str]:
    """Name customers about whose records a person has to decide first."""
    rows = await conn.fetch(
        """SELECT retailer_id FROM sync_failures
           WHERE connector_id = $1 AND direction = 'in' AND state = 'open' AND code = $3
             AND retailer_id = ANY($2::text[])""",
        connector_id,
        list(retailer_ids),
        CONFLICT,
    )
    return {row[0] for row in rows}


async def lock(conn: Connection, failure_id: UUID) -> FailureView | None:
    row = await conn.fetchrow(
        f"SELECT {_VIEW} FROM sync_failures WHERE failure_id = $1 FOR UPDATE",  # noqa: S608 - names of ours
        failure_id,
    )
    return None if row is None else FailureView(**row)


async def retry(conn: Connection, failure_id: UUID, decision: str | None, *, now: datetime) -> None:
    await conn.execute(
        "UPDATE sync_failures SET due_at = $3, decision = $2 WHERE failure_id = $1", failure_id, decision, now
    )


async def drop(conn: Connection, failure_id: UUID, reason: str, *, now: datetime) -> None:
    await conn.execute(
        """UPDATE sync_failures SET state = 'dropped', settled_reason = $2, last_at = $3
           WHERE failure_id = $1""",
        failure_id,
        reason,
        now,
    )


async def page(conn: Connection, filters: FailureFilters, *, after: UUID, limit: int) -> list[FailureView]:
    """Read failures, the oldest first."""
    query = Conditions()
    query.where("state = ?", filters.state)
    query.where("failure_id > ?", after)
    if filters.connector_id:
        query.where("connector_id = ?", filters.connector_id)
    if filters.code:
        query.where("code = ?", filters.code)
    statement = f"SELECT {_VIEW} FROM sync_failures WHERE {query.sql} ORDER BY failure_id LIMIT {limit}"  # noqa: S608
    return [FailureView(**row) for row in await conn.fetch(statement, *query.arguments)]


async def forget_old(conn: Connection, connector_id: str, *, before: datetime) -> None:
    """Forget some settled failures of a connector that are older than a moment."""
    await conn.execute(_FORGET_OLD, connector_id, before)
