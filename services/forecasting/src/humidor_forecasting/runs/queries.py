"""Statements over runs and their series."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_forecasting.runs.schemas import RunSeriesView, RunView

LEASE = timedelta(seconds=60)

_START = """
INSERT INTO runs (run_id, state, requested_by, store_ids, gtins, only_changed, horizon_days, probabilities,
                  ladder, scheduled_for, versions, data_until, due_at, created_at)
VALUES ($1, 'queued', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $11)
ON CONFLICT (scheduled_for) DO NOTHING RETURNING run_id
"""
_CLAIM = """
WITH chosen AS (
    SELECT run_id FROM runs WHERE state IN ('queued', 'running') AND due_at <= $1
    ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
UPDATE runs r SET state = 'running', lease = r.lease + 1, due_at = $2, started_at = coalesce(r.started_at, $1)
FROM chosen WHERE r.run_id = chosen.run_id
RETURNING r.*
"""
_COUNT_SERIES = """
INSERT INTO run_series (run_id, store_id, gtin)
SELECT r.run_id, s.store_id, s.gtin
FROM runs r JOIN (
    SELECT store_id, gtin, changed_at FROM demand_series
    UNION ALL
    SELECT n.store_id, n.gtin, i.changed_at
    FROM introduced_series n JOIN introductions i USING (introduction_id)
    WHERE NOT EXISTS (SELECT FROM demand_series d WHERE (d.store_id, d.gtin) = (n.store_id, n.gtin))) s
                                 ON (r.store_ids IS NULL OR s.store_id = ANY(r.store_ids))
                                AND (r.gtins IS NULL OR s.gtin = ANY(r.gtins))
WHERE r.run_id = $1
  AND EXISTS (SELECT FROM products p WHERE p.gtin = s.gtin AND p.status = 'active')
  AND NOT EXISTS (SELECT FROM stores t WHERE t.store_id = s.store_id AND t.status = 'closed')
  AND NOT (r.only_changed AND EXISTS (
        SELECT FROM (SELECT * FROM forecasts o WHERE (o.store_id, o.gtin) = (s.store_id, s.gtin)
                     ORDER BY o.issued_at DESC, o.forecast_id DESC LIMIT 1) f
        WHERE f.data_until - interval '5 minutes' > s.changed_at AND f.horizon_days >= r.horizon_days
          AND f.probabilities = to_jsonb(r.probabilities) AND f.versions = r.versions
          AND NOT EXISTS (SELECT FROM runs o WHERE o.run_id = f.run_id AND o.ladder <> r.ladder)
          AND f.starts_on + f.horizon_days - r.created_at::date > f.horizon_days / 2
          AND NOT EXISTS (SELECT FROM drifts d WHERE (d.store_id, d.gtin) = (s.store_id, s.gtin)
                          AND d.closed_at IS NULL)
          AND NOT EXISTS (SELECT FROM stock_outs t WHERE (t.store_id, t.gtin) = (s.store_id, s.gtin)
                          AND greatest(t.raised_at, t.closed_at) > f.data_until)
          AND NOT EXISTS (SELECT FROM promotions m WHERE m.changed_at > f.data_until
                          AND (m.store_ids IS NULL OR s.store_id = ANY(m.store_ids))
                          AND (m.gtins IS NULL OR s.gtin = ANY(m.gtins)))
          AND NOT EXISTS (SELECT FROM imported_forecasts i
                          WHERE (i.store_id, i.gtin) = (s.store_id, s.gtin)
                            AND i.arrived_at > f.data_until)
          AND NOT EXISTS (SELECT FROM champions h WHERE (h.store_id, h.gtin) = (s.store_id, s.gtin)
                          AND h.chosen_at > f.data_until)))
ON CONFLICT DO NOTHING
"""
# What is compared is the moment that the demand was read at, less what a transaction may take to be seen; a
# forecast of which half has passed, of other code or of other terms is made anew whatever has changed.
_TOTAL = (
    "UPDATE runs SET series_total = (SELECT count(*) FROM run_series WHERE run_id = $1) WHERE run_id = $1"
)
_SAVE_SERIES = """
UPDATE run_series s SET state = n.state, model = n.model, fell_back = n.fell_back, detail = n.detail,
                        seconds = n.seconds
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::text[], $8::float8[])
     AS n(store_id, gtin, state, model, fell_back, detail, seconds)
WHERE s.run_id = $1 AND (s.store_id, s.gtin) = (n.store_id, n.gtin) AND s.state = 'waiting'
"""
_PROGRESS = """
UPDATE runs SET series_done = series_done + $2, series_fell_back = series_fell_back + $3,
                series_failed = series_failed + $4, due_at = $5
WHERE run_id = $1
"""


class LeaseLost(Exception):  # noqa: N818 - reads as what has happened
    """Somebody else has the run now, or it was cancelled."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run that this worker holds."""

    run_id: UUID
    horizon_days: int
    probabilities: list[float]
    ladder: list[str]
    versions: dict[str, Any]
    data_until: datetime
    series_total: int | None
    lease: int


async def start(conn: Connection, run_id: UUID, terms: Sequence[Any], *, now: datetime) -> bool:
    """Queue a run; False where the scheduled one of its day is there already."""
    return await conn.fetchval(_START, run_id, *terms, now) is not None


async def claim(conn: Connection, *, now: datetime) -> Run | None:
    """Take the run that waits longest, or whose worker has not been heard of; count its series once."""
    row = await conn.fetchrow(_CLAIM, now, now + LEASE)
    if row is None:
        return None
    if row["series_total"] is None:
        await conn.execute(_COUNT_SERIES, row["run_id"])
        await conn.execute(_TOTAL, row["run_id"])
    return Run(**{name: row[name] for name in Run.__dataclass_fields__})


async def hold(conn: Connection, run: Run) -> None:
    """Lock a run for a step.

    Raises:
        LeaseLost: It is not ours any more.
    """
    held = await conn.fetchval(
        "SELECT true FROM runs WHERE run_id = $1 AND lease = $2 AND state = 'running' FOR UPDATE",
        run.run_id,
        run.lease,
    )
    if not held:
        raise LeaseLost


async def prolong(conn: Connection, run: Run, *, now: datetime) -> bool:
    """Keep a run a little longer; False where it is not ours any more."""
    done: str = await conn.execute(
        "UPDATE runs SET due_at = $3 WHERE run_id = $1 AND lease = $2 AND state = 'running'",
        run.run_id,
        run.lease,
        now + LEASE,
    )
    return done == "UPDATE 1"


async def waiting(conn: Connection, run: Run, limit: int) -> list[tuple[str, str]]:
    rows = await conn.fetch(
        "SELECT store_id, gtin FROM run_series WHERE run_id = $1 AND state = 'waiting' "
        "ORDER BY store_id, gtin LIMIT $2",
        run.run_id,
        limit,
    )
    return [(row[0], row[1]) for row in rows]


async def save_progress(conn: Connection, run: Run, columns: Sequence[Any], *, now: datetime) -> None:
    """Say what became of series: columns of store, GTIN, state, model, fell back, detail and seconds."""
    await conn.execute(_SAVE_SERIES, run.run_id, *columns)
    states, fell_back = columns[2], columns[4]
    await conn.execute(
        _PROGRESS,
        run.run_id,
        sum(state == "done" for state in states),
        sum(bool(each) for each in fell_back),
        sum(state == "failed" for state in states),
        now + LEASE,
    )


async def settle(conn: Connection, run: Run, state: str, detail: str | None, *, now: datetime) -> None:
    """End a run, unless it is not ours any more."""
    await conn.execute(
        """UPDATE runs SET state = $3, detail = $4, ended_at = $5
           WHERE run_id = $1 AND lease = $2 AND state = 'running'""",
        run.run_id,
        run.lease,
        state,
        detail,
        now,
    )


async def read(conn: Connection, run_id: UUID) -> RunView | None:
    row = await conn.fetchrow("SELECT * FROM runs WHERE run_id = $1", run_id)
    return None if row is None else _view(row)


async def page(conn: Connection, *, before: UUID, limit: int) -> list[RunView]:
    rows = await conn.fetch(
        "SELECT * FROM runs WHERE run_id < $1 ORDER BY run_id DESC LIMIT $2", before, limit
    )
    return [_view(row) for row in rows]


async def page_series(
    conn: Connection, run_id: UUID, *, state: str | None, after: tuple[str, str], limit: int
) -> list[RunSeriesView]:
    rows = await conn.fetch(
        """SELECT store_id, gtin, state, model, fell_back, detail, seconds FROM run_series
           WHERE run_id = $1 AND (store_id, gtin) > ($2, $3) AND ($4::text IS NULL OR state = $4)
           ORDER BY store_id, gtin LIMIT $5""",
        run_id,
        *after,
        state,
        limit,
    )
    return [RunSeriesView(**row) for row in rows]


async def cancel(conn: Connection, run_id: UUID, *, now: datetime) -> bool:
    done: str = await conn.execute(
        "UPDATE runs SET state = 'cancelled', ended_at = $2 "
        "WHERE run_id = $1 AND state IN ('queued', 'running')",
        run_id,
        now,
    )
    return done == "UPDATE 1"


async def scheduled(conn: Connection, day: date) -> bool:
    """Whether the run of this day is there, or there is nothing to forecast yet."""
    found: bool = await conn.fetchval(
        """SELECT EXISTS (SELECT FROM runs WHERE scheduled_for = $1)
                  OR NOT EXISTS (SELECT FROM demand_series WHERE first_day < $1::date - 13)""",
        day,
    )
    return found


async def whole_due(conn: Connection, *, since: date) -> bool:
    """Whether no scheduled run since then has forecast every series."""
    found: bool = await conn.fetchval(
        """SELECT NOT EXISTS (SELECT FROM runs WHERE scheduled_for > $1 AND NOT only_changed
                              AND state IN ('queued', 'running', 'done'))""",
        since,
    )
    return found


def _view(row: Any) -> RunView:
    total = row["series_total"]
    finished = row["series_done"] + row["series_failed"]
    own = {name: row[name] for name in RunView.model_fields if name in row}
    share = None if total is None else 1.0 if total == 0 else finished / total
    return RunView(**own | {"models": row["ladder"], "share_done": share})
