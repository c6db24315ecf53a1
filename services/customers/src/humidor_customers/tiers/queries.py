"""Statements over tier schemes, scorings and the tiers of customers."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from humidor_common.db.pool import Connection
from humidor_common.db.rows import insert_row
from humidor_customers.conditions import Conditions
from humidor_customers.tiers.schemas import SchemeTerms, SchemeView, ScoringView, TierView

_COLUMNS = ("name", "tiers", "direction", "cadence")
_TERMS = tuple(name for name in SchemeTerms.model_fields if name not in _COLUMNS)
_OWN = tuple(name for name in SchemeView.model_fields if name not in _TERMS)
_WRITE = f"""
INSERT INTO tier_schemes ({", ".join(_OWN)}, terms)
VALUES ({", ".join(f"${n}" for n in range(1, len(_OWN) + 2))})
ON CONFLICT (scheme_id) DO UPDATE SET ({", ".join(_OWN[1:])}, terms) =
    ROW({", ".join(f"excluded.{name}" for name in _OWN[1:])}, excluded.terms)
"""  # noqa: S608 - names of ours
# What each active customer came to by each measure in the days asked for; 0 where nothing is known.
_FIGURES = """
SELECT r.retailer_id, r.created_at, r.compliance_grade, array_agg(coalesce(f.value, 0) ORDER BY m.n) AS values
FROM retailers r
CROSS JOIN unnest($1::text[], $2::text[]) WITH ORDINALITY AS m(measure, of_period, n)
LEFT JOIN LATERAL (
    SELECT CASE m.of_period WHEN 'sum' THEN sum(value)::bigint WHEN 'mean' THEN trunc(avg(value))::bigint
           ELSE (array_agg(value ORDER BY begins_on DESC))[1] END AS value
    FROM tier_figures t
    WHERE t.retailer_id = r.retailer_id AND t.measure = m.measure AND t.begins_on BETWEEN $3 AND $4
) f ON true
WHERE r.state = 'active' AND r.merged_into IS NULL
GROUP BY r.retailer_id ORDER BY r.retailer_id
"""
_TAKE_OVER = """
INSERT INTO retailer_tiers AS t
    (scheme_code, retailer_id, scheme_id, scoring_id, tier, calculated_tier, since, version)
SELECT $1, s.retailer_id, $2, s.scoring_id, s.tier, s.tier, $4, 1
FROM tier_scores s WHERE s.scoring_id = $3 ORDER BY s.retailer_id
ON CONFLICT (scheme_code, retailer_id) DO UPDATE
SET scheme_id = excluded.scheme_id, scoring_id = excluded.scoring_id,
    calculated_tier = excluded.calculated_tier, tier = coalesce(t.override_tier, excluded.tier),
    since = CASE WHEN coalesce(t.override_tier, excluded.tier) = t.tier AND t.scheme_id = excluded.scheme_id
                 THEN t.since ELSE excluded.since END,
    version = t.version + 1
"""
_END_OVERRIDES = """
UPDATE retailer_tiers
SET tier = calculated_tier, override_tier = NULL, override_reason = NULL, override_stays = false,
    overridden_by = NULL, overridden_at = NULL,
    since = CASE WHEN tier = calculated_tier THEN since ELSE $4 END
WHERE scheme_code = $1 AND scoring_id = $2 AND override_tier IS NOT NULL
  AND (NOT override_stays OR override_tier > $3)
"""
_OVERRIDDEN = tuple(name for name in TierView.model_fields if name != "tier")
_SET_OVERRIDE = """
INSERT INTO retailer_tiers (scheme_code, retailer_id, scheme_id, scoring_id, tier, calculated_tier,
                            override_tier, override_reason, override_stays, overridden_by, overridden_at,
                            since, version)
VALUES ($1, $2, $3, $4, coalesce($6::smallint, $5::smallint), $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (scheme_code, retailer_id) DO UPDATE
SET scheme_id = excluded.scheme_id, tier = excluded.tier, override_tier = excluded.override_tier,
    override_reason = excluded.override_reason, override_stays = excluded.override_stays,
    overridden_by = excluded.overridden_by, overridden_at = excluded.overridden_at, since = excluded.since,
    version = excluded.version
"""


async def lock_code(conn: Connection, code: str) -> None:
    """Let nobody else change schemes, scorings or tiers of a code before this transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 7401010))", code)


async def write_scheme(conn: Connection, scheme: SchemeView) -> None:
    terms = scheme.model_dump(mode="json", include=set(_TERMS))
    await conn.execute(_WRITE, *(getattr(scheme, name) for name in _OWN), terms)


def _scheme(row: asyncpg.Record) -> SchemeView:
    values = dict(row)
    return SchemeView(**values.pop("terms"), **values)


async def read_scheme(conn: Connection, scheme_id: UUID) -> SchemeView | None:
    row = await conn.fetchrow("SELECT * FROM tier_schemes WHERE scheme_id = $1", scheme_id)
    return _scheme(row) if row else None


async def in_force(conn: Connection, code: str) -> SchemeView | None:
    row = await conn.fetchrow("SELECT * FROM tier_schemes WHERE code = $1 AND state = 'published'", code)
    return _scheme(row) if row else None


async def all_in_force(conn: Connection) -> list[SchemeView]:
    rows = await conn.fetch("SELECT * FROM tier_schemes WHERE state = 'published' ORDER BY code")
    return [_scheme(row) for row in rows]


async def is_scored(conn: Connection, scheme_id: UUID, period: tuple[date, date], kind: str) -> bool:
    """Tell whether a scheme has scored a period that ends as this one, or a job was to do it."""
    found: bool = await conn.fetchval(
        """SELECT EXISTS (SELECT FROM tier_scorings WHERE scheme_id = $1 AND ends_on >= $2)
               OR EXISTS (SELECT FROM jobs WHERE kind = $3 AND parameters->>'scheme_id' = $4
                          AND parameters->>'ends_on' = $5)""",
        scheme_id,
        period[1],
        kind,
        str(scheme_id),
        period[1].isoformat(),
    )
    return found


async def last_number(conn: Connection, code: str) -> int:
    found = await conn.fetchval("SELECT max(number) FROM tier_schemes WHERE code = $1", code)
    return int(found or 0)


async def page_schemes(
    conn: Connection, code: str | None, *, after: tuple[str, int], limit: int
) -> list[SchemeView]:
    query = Conditions()
    query.where("(code, number) > (?, ?::int)", *after)
    if code:
        query.where("code = ?", code)
    statement = f"SELECT * FROM tier_schemes WHERE {query.sql} ORDER BY code, number LIMIT {limit}"  # noqa: S608
    return [_scheme(row) for row in await conn.fetch(statement, *query.arguments)]


class Measured(NamedTuple):
    """An active customer and its values in the order of the measures asked for."""

    retailer_id: str
    created_at: datetime
    compliance_grade: str | None
    values: Sequence[int]


async def read_figures(conn: Connection, scheme: SchemeView, days: tuple[Any, Any]) -> list[Measured]:
    names = [each.measure for each in scheme.measures]
    rows = await conn.fetch(_FIGURES, names, [each.of_period for each in scheme.measures], *days)
    return [Measured(*row) for row in rows]


async def write_scoring(conn: Connection, scoring: ScoringView, scores: Sequence[tuple[Any, ...]]) -> None:
    await insert_row(conn, "tier_scorings", scoring.model_dump())
    await conn.execute(
        """INSERT INTO tier_scores (scoring_id, retailer_id, score_e4, tier, inputs)
           SELECT $1, e->>0, (e->1)::int, (e->2)::smallint, e->3 FROM jsonb_array_elements($2::jsonb) e""",
        scoring.scoring_id,
        scores,
    )


async def read_scoring(conn: Connection, scoring_id: UUID) -> ScoringView | None:
    row = await conn.fetchrow("SELECT * FROM tier_scorings WHERE scoring_id = $1", scoring_id)
    return ScoringView(**row) if row else None


async def page_scorings(conn: Connection, scheme_id: UUID, *, before: UUID, limit: int) -> list[ScoringView]:
    rows = await conn.fetch(
        """SELECT * FROM tier_scorings WHERE scheme_id = $1 AND scoring_id < $2
           ORDER BY scoring_id DESC LIMIT $3""",
        scheme_id,
        before,
        limit,
    )
    return [ScoringView(**row) for row in rows]


async def page_scores(conn: Connection, scoring_id: UUID, *, after: str, limit: int) -> list[asyncpg.Record]:
    return await conn.fetch(
        "SELECT * FROM tier_scores WHERE scoring_id = $1 AND retailer_id > $2 ORDER BY retailer_id LIMIT $3",
        scoring_id,
        after,
        limit,
    )


async def mark_published(conn: Connection, scoring: ScoringView, by: str, now: datetime) -> None:
    await conn.execute(
        """UPDATE tier_scorings SET state = 'published', published_at = $2, published_by = $3
           WHERE scoring_id = $1""",
        scoring.scoring_id,
        now,
        by,
    )


async def later_scoring(conn: Connection, scoring: ScoringView) -> UUID | None:
    """Find a published scoring of a later period by any number of the same scheme."""
    found: UUID | None = await conn.fetchval(
        """SELECT s.scoring_id FROM tier_schemes own JOIN tier_schemes t ON t.code = own.code
           JOIN tier_scorings s ON s.scheme_id = t.scheme_id
           WHERE own.scheme_id = $1 AND s.state = 'published' AND s.ends_on > $2 LIMIT 1""",
        scoring.scheme_id,
        scoring.ends_on,
    )
    return found


async def strategy_by_former(conn: Connection, scheme: SchemeView, now: datetime) -> str | None:
    """Find a strategy that still supplies by another number of a scheme's code; gives its cycle's code."""
    found: str | None = await conn.fetchval(
        """SELECT c.code FROM strategies s
           JOIN tier_schemes t USING (scheme_id) JOIN order_cycles c USING (cycle_id)
           WHERE s.state = 'published' AND t.code = $1 AND t.scheme_id <> $2 AND c.ends_on >= $3
           ORDER BY c.starts_on LIMIT 1""",
        scheme.code,
        scheme.scheme_id,
        now.date(),
    )
    return found


async def take_over(conn: Connection, scheme: SchemeView, scoring_id: UUID, now: datetime) -> None:
    """Give customers the tiers of a scoring; overrides that stay and fit the scheme stay."""
    await conn.execute(_TAKE_OVER, scheme.code, scheme.scheme_id, scoring_id, now)
    await conn.execute(_END_OVERRIDES, scheme.code, scoring_id, scheme.tiers, now)


async def read_tiers(
    conn: Connection, code: str, retailer_ids: Sequence[str] | None = None
) -> dict[str, TierView]:
    """Read the tiers by a scheme of some customers, or of all."""
    rows = await conn.fetch(
        """SELECT * FROM retailer_tiers
           WHERE scheme_code = $1 AND ($2::text[] IS NULL OR retailer_id = ANY($2))""",
        code,
        retailer_ids,
    )
    return {row["retailer_id"]: TierView(**row) for row in rows}


async def page_tiers(
    conn: Connection, code: str, tier: int | None, *, after: str, limit: int
) -> list[TierView]:
    """Read the tiers of live customers in the order of their ids."""
    query = Conditions()
    query.where("t.scheme_code = ? AND t.retailer_id > ?", code, after)
    if tier:
        query.where("t.tier = ?", tier)
    statement = (
        f"SELECT t.* FROM retailer_tiers t JOIN retailers r USING (retailer_id) WHERE {query.sql}"  # noqa: S608
        f" AND r.merged_into IS NULL ORDER BY t.retailer_id LIMIT {limit}"
    )
    return [TierView(**row) for row in await conn.fetch(statement, *query.arguments)]


async def tiers_of(conn: Connection, retailer_id: str) -> list[TierView]:
    rows = await conn.fetch(
        "SELECT * FROM retailer_tiers WHERE retailer_id = $1 ORDER BY scheme_code", retailer_id
    )
    return [TierView(**row) for row in rows]


async def set_override(conn: Connection, tier: TierView) -> None:
    await conn.execute(_SET_OVERRIDE, *(getattr(tier, name) for name in _OVERRIDDEN))
