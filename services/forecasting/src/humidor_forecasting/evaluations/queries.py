"""Statements over evaluations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_forecasting.evaluations.schemas import EvaluationSummary, EvaluationView

# NULL || an array is the array, but no stores named means every store.
_STORES = "CASE WHEN store_ids IS NOT NULL THEN store_ids || holdout_store_ids END"
_SUMMARY = ", ".join(name for name in EvaluationSummary.model_fields if name != "reasons")
_SUBJECT = f"""
SELECT promotion_id, version, {_STORES} FROM promotions WHERE promotion_id = $1
UNION ALL
SELECT campaign_id, version, {_STORES} FROM campaigns
WHERE campaign_id = $1 AND NOT EXISTS (SELECT FROM promotions WHERE promotion_id = $1)
"""  # noqa: S608 - our own text
_START = """
INSERT INTO evaluations (evaluation_id, promotion_id, promotion_version, state, automatic, requested_by,
                         store_ids, terms, versions, due_at, created_at)
VALUES ($1, $2, $3, 'queued', false, $4, $5, $6, $7, $8, $8)
"""
_DUE = """
SELECT p.promotion_id FROM promotions p
WHERE p.ends_on BETWEEN $1 AND $2 AND NOT EXISTS (
    SELECT FROM evaluations e
    WHERE e.promotion_id = p.promotion_id AND e.promotion_version = p.version AND e.automatic)
ORDER BY p.promotion_id LIMIT 100
"""
_START_DUE = f"""
INSERT INTO evaluations (evaluation_id, promotion_id, promotion_version, state, automatic, requested_by,
                         store_ids, terms, versions, due_at, created_at)
SELECT d.evaluation_id, p.promotion_id, p.version, 'queued', true, 'schedule',
       {_STORES}, $3, $4, $5, $5
FROM unnest($1::uuid[], $2::text[]) AS d(evaluation_id, promotion_id) JOIN promotions p USING (promotion_id)
ORDER BY 2
ON CONFLICT (promotion_id, promotion_version) WHERE automatic DO NOTHING
"""  # noqa: S608 - our own text
_CLAIM = """
WITH chosen AS (
    SELECT evaluation_id FROM evaluations WHERE state IN ('queued', 'running') AND due_at <= $1
    ORDER BY due_at, evaluation_id LIMIT 1 FOR UPDATE SKIP LOCKED)
UPDATE evaluations e
SET state = 'running', lease = e.lease + 1, due_at = $2, started_at = coalesce(e.started_at, $1)
FROM chosen WHERE e.evaluation_id = chosen.evaluation_id
RETURNING e.evaluation_id, e.promotion_id, e.terms, e.lease, e.versions
"""
_TELL_STAGE = """
UPDATE evaluations SET stage = coalesce($3, stage), share_done = coalesce($4, share_done), due_at = $5
WHERE evaluation_id = $1 AND lease = $2 AND state = 'running'
"""
_END = """
UPDATE evaluations
SET state = $3, detail = $4, ended_at = $5, stage = NULL,
    share_done = CASE $3 WHEN 'done' THEN 1 ELSE share_done END, data_until = $6, method = $7, trusted = $8,
    outcome = $9, cut = $10,
    promotion_version = CASE WHEN automatic THEN promotion_version ELSE coalesce($11, promotion_version) END
WHERE evaluation_id = $1 AND lease = $2 AND state = 'running'
"""


@dataclass(frozen=True)
class Subject:
    """What is evaluated: a promotion, or a campaign that is none any more; stores None for every store."""

    promotion_id: str
    version: int
    stores: list[str] | None


@dataclass(frozen=True)
class Job:
    """An evaluation that this worker holds until its lease has another number."""

    evaluation_id: UUID
    promotion_id: str
    terms: dict[str, Any]
    lease: int
    versions: dict[str, Any]


async def subject(conn: Connection, promotion_id: str) -> Subject | None:
    row = await conn.fetchrow(_SUBJECT, promotion_id)
    return None if row is None else Subject(*row)


async def start(
    conn: Connection, evaluation_id: UUID, of: Subject, terms: Sequence[Any], *, now: datetime
) -> None:
    """Queue an evaluation; `terms` are who asked, how, and by which versions."""
    requested_by, how, versions = terms
    await conn.execute(
        _START, evaluation_id, of.promotion_id, of.version, requested_by, of.stores, how, versions, now
    )


async def start_due(
    conn: Connection, ended: tuple[date, date], terms: Sequence[Any], *, now: datetime
) -> int:
    """Queue promotions that ended in these days and have no evaluation of their own of this version."""
    due = [row[0] for row in await conn.fetch(_DUE, *ended)]
    if due:
        await conn.execute(_START_DUE, [uuid7() for _ in due], due, *terms, now)
    return len(due)


async def claim(conn: Connection, *, lease: timedelta, now: datetime) -> Job | None:
    """Take the evaluation that waits longest, or whose worker has not been heard of."""
    row = await conn.fetchrow(_CLAIM, now, now + lease)
    return None if row is None else Job(*row)


async def tell_stage(
    conn: Connection, job: Job, stage: tuple[str, float] | None, *, lease: timedelta, now: datetime
) -> bool:
    """Say how far it is and keep it a little longer; False where it is not ours any more."""
    name, share = stage or (None, None)
    done: str = await conn.execute(_TELL_STAGE, job.evaluation_id, job.lease, name, share, now + lease)
    return done == "UPDATE 1"


async def lock_promotion(conn: Connection, promotion_id: str) -> None:
    """Let nobody else write an evaluation of this promotion until this transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 7302002))", promotion_id)


async def end(conn: Connection, job: Job, state: str, detail: str | None, made: Sequence[Any]) -> bool:
    """End an evaluation; `made` is the moment, then what came out or nothing. False where it is not ours."""
    now, *rest = made
    values = rest or [None] * 6
    done: str = await conn.execute(_END, job.evaluation_id, job.lease, state, detail, now, *values)
    return done == "UPDATE 1"


async def read(conn: Connection, evaluation_id: UUID) -> tuple[list[str] | None, EvaluationView] | None:
    """Give the stores that an evaluation concerns, and the evaluation."""
    row = await conn.fetchrow("SELECT * FROM evaluations WHERE evaluation_id = $1", evaluation_id)
    if row is None:
        return None
    outcome = row["outcome"] or {}
    own = {name: row[name] for name in EvaluationView.model_fields if name in row}
    reasons, result = outcome.get("reasons", []), outcome.get("result")
    return row["store_ids"], EvaluationView(**own, reasons=reasons, result=result)


async def page(
    conn: Connection, promotion_id: str | None, *, stores: list[str] | None, before: UUID, limit: int
) -> list[EvaluationSummary]:
    rows = await conn.fetch(
        f"""SELECT {_SUMMARY}, coalesce(outcome->'reasons', '[]') AS reasons FROM evaluations
            WHERE evaluation_id < $1 AND ($2::text IS NULL OR promotion_id = $2)
              AND ($3::text[] IS NULL OR store_ids <@ $3)
            ORDER BY evaluation_id DESC LIMIT $4""",  # noqa: S608 - names of ours
        before,
        promotion_id,
        stores,
        limit,
    )
    return [EvaluationSummary(**row) for row in rows]


async def cancel(conn: Connection, evaluation_id: UUID, *, now: datetime) -> bool:
    done: str = await conn.execute(
        "UPDATE evaluations SET state = 'cancelled', stage = NULL, ended_at = $2 "
        "WHERE evaluation_id = $1 AND state IN ('queued', 'running')",
        evaluation_id,
        now,
    )
    return done == "UPDATE 1"
