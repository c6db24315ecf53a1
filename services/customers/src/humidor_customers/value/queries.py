"""Statements over models and scores, and over what they are fitted to."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from humidor_common.db.pool import Connection
from humidor_common.db.rows import insert_row
from humidor_customers.conditions import Conditions
from humidor_customers.purchases import queries as purchases
from humidor_customers.value.schemas import Filters, ModelView, ScoreView

FORGET_ROWS = 50_000

# Days are counted from 2000-01-01.
CUSTOMERS = """
SELECT party_id, least(first_on, current_date) - date '2000-01-01' AS first_day,
       least(last_on, current_date) - date '2000-01-01' AS last_day,
       active_days, purchases_year, spend_minor, spend_year_minor, repeat_spend_minor,
       coalesce(basket_sticks, 0) AS basket_sticks, coalesce(basket_minor, 0) AS basket_minor,
       coalesce(favourite_brand_share, 0) AS brand_share, coalesce(usual_hour, 0) AS usual_hour,
       satisfaction, current_date - date '2000-01-01' AS today
FROM profiles WHERE party_kind = $1 AND party_id > $2 AND lifecycle <> 'ended' ORDER BY party_id LIMIT $3
"""
DAYS = """
SELECT party_id, local_day - date '2000-01-01' AS day, count(DISTINCT document_id) AS purchases,
       sum(net_minor)::float8 AS minor
FROM purchases WHERE party_kind = $1 AND party_id = ANY($2::text[]) AND kind <> 'return' GROUP BY 1, 2
"""
# Cycles of the last year whose window has closed since the customer joined the group, and those ordered in.
CYCLES = """
SELECT m.retailer_id, count(DISTINCT w.cycle_id) AS available, count(DISTINCT o.cycle_id) AS used
FROM order_members m
JOIN order_windows w ON w.group_code = m.group_code AND w.closes_at BETWEEN greatest(m.since, $2) AND $1
LEFT JOIN orders o ON o.retailer_id = m.retailer_id AND o.cycle_id = w.cycle_id
    AND o.state IN ('confirmed', 'reserved', 'dispatched', 'delivered')
WHERE m.retailer_id > $3 AND m.retailer_id <= $4 GROUP BY 1
"""

# The last job for each model of a kind ($1), and the model in force: due are those that were fitted (or
# cancelled) before $2, or failed before $3. What nobody asked for within a year goes by the model alone.
DUE = """
SELECT coalesce(j.parameters, jsonb_build_object('model', m.model, 'party_kind', m.party_kind,
                                                 'horizon_days', m.parameters->'horizon_days')) AS parameters
FROM (SELECT DISTINCT ON (1, 2) parameters->>'model' AS model, parameters->>'party_kind' AS party_kind,
             parameters, state, created_at, ended_at
      FROM jobs WHERE kind = $1 ORDER BY 1, 2, job_id DESC) j
FULL JOIN (SELECT model, party_kind, parameters, fitted_at FROM models WHERE current) m
    ON (m.model, m.party_kind) = (j.model, j.party_kind)
WHERE CASE j.state
      WHEN 'queued' THEN false
      WHEN 'running' THEN false
      WHEN 'failed' THEN j.ended_at < $3
      WHEN 'cancelled' THEN m.model IS NOT NULL AND j.ended_at < $2
      ELSE coalesce(j.created_at, m.fitted_at) < $2 END
ORDER BY 1
"""


async def lock_cadence(conn: Connection) -> None:
    """Let no other worker start what is due before this transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('models', 7401011))")


async def due(
    conn: Connection, job_kind: str, *, fitted_before: datetime, failed_before: datetime
) -> list[dict[str, Any]]:
    """Give what to ask for of each model that is due."""
    return [row[0] for row in await conn.fetch(DUE, job_kind, fitted_before, failed_before)]


async def ended(conn: Connection, party_kind: str) -> int:
    """Count those whose licence or membership is over."""
    found: int = await conn.fetchval(
        "SELECT count(*) FROM profiles WHERE party_kind = $1 AND lifecycle = 'ended'", party_kind
    )
    return found


async def add_scores(conn: Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    await conn.copy_records_to_table(
        "model_scores", records=rows, columns=("model_id", "party_id", "score", "label", "figures")
    )


async def forget_scores(conn: Connection, model_id: UUID) -> bool:
    """Forget some scores of a model; gives whether more may be left."""
    done = await conn.execute(
        """DELETE FROM model_scores WHERE model_id = $1 AND party_id IN (
               SELECT party_id FROM model_scores WHERE model_id = $1 LIMIT $2)""",
        model_id,
        FORGET_ROWS,
    )
    return bool(done == f"DELETE {FORGET_ROWS}")


async def put_in_force(conn: Connection, model: ModelView) -> UUID | None:
    """Write a model whose scores are there and let it be the one; gives the one before.

    Members who were erased meanwhile have no score any more, and none is erased before this commits.
    """
    await purchases.share(conn)
    former: UUID | None = await conn.fetchval(
        """UPDATE models SET current = false WHERE model = $1 AND party_kind = $2 AND current
           RETURNING model_id""",
        model.model,
        model.party_kind,
    )
    if model.party_kind == "consumer":
        await conn.execute(
            """DELETE FROM model_scores s USING consumers c
               WHERE s.model_id = $1 AND c.member_id = s.party_id AND c.ended_why <> 'left'""",
            model.model_id,
        )
    await insert_row(conn, "models", model.model_dump())
    return former


async def read(conn: Connection, model_id: UUID) -> ModelView | None:
    row = await conn.fetchrow("SELECT * FROM models WHERE model_id = $1", model_id)
    return None if row is None else ModelView(**row)


async def page(conn: Connection, filters: Filters, *, before: UUID, limit: int) -> list[ModelView]:
    """Read models, the newest first."""
    query = Conditions()
    query.where("model_id < ?", before)
    for name in ("model", "party_kind", "current"):
        if (value := getattr(filters, name)) is not None:
            query.where(f"{name} = ?", value)
    statement = f"SELECT * FROM models WHERE {query.sql} ORDER BY model_id DESC LIMIT {limit}"  # noqa: S608
    return [ModelView(**row) for row in await conn.fetch(statement, *query.arguments)]


async def page_scores(
    conn: Connection, model_id: UUID, label: str | None, *, after: str, limit: int
) -> list[ScoreView]:
    rows = await conn.fetch(
        """SELECT party_id, score, label, figures FROM model_scores
           WHERE model_id = $1 AND party_id > $2 AND ($3::text IS NULL OR label = $3)
           ORDER BY party_id LIMIT $4""",
        model_id,
        after,
        label,
        limit,
    )
    return [ScoreView(**row) for row in rows]


async def page_score_figures(
    conn: Connection, model_id: UUID, *, after: tuple[str, int], limit: int
) -> list[tuple[str, int, float | None]]:
    """Read figures of scores one by one, in the order of customers and of their places (from 1)."""
    rows = await conn.fetch(
        """SELECT s.party_id, f.n, f.figure
           FROM model_scores s CROSS JOIN LATERAL unnest(s.figures) WITH ORDINALITY f(figure, n)
           WHERE s.model_id = $1 AND s.party_id >= $2 AND (s.party_id, f.n) > ($2, $3)
           ORDER BY 1, 2 LIMIT $4""",
        model_id,
        *after,
        limit,
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def count_customers(conn: Connection, party_kind: str) -> int:
    found: int = await conn.fetchval(
        "SELECT count(*) FROM profiles WHERE party_kind = $1 AND lifecycle <> 'ended'", party_kind
    )
    return found


async def fetch_customers(
    conn: Connection, party_kind: str, *, after: str, limit: int
) -> list[asyncpg.Record]:
    return await conn.fetch(CUSTOMERS, party_kind, after, limit)


async def fetch_days(conn: Connection, party_kind: str, ids: Sequence[str]) -> list[asyncpg.Record]:
    return await conn.fetch(DAYS, party_kind, list(ids))
