"""Statements over records that may be of one customer."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from asyncpg import Record

from humidor_common.db.pool import Connection
from humidor_customers.conditions import Conditions
from humidor_customers.duplicates.rules import Pair, Traits
from humidor_customers.duplicates.schemas import CandidateView, Filters

MOST_IN_AREA = 3000
"""Of a trade area with more customers than this only names with equal keys are found."""

_TRAITS = "retailer_id, licence_number, phone_keys, trade_area, name_key"
_DUE = f"""
SELECT {_TRAITS}, version FROM retailers WHERE compared_version < version AND merged_into IS NULL
ORDER BY retailer_id LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
"""  # noqa: S608 - names of ours
_ALIKE = f"""
SELECT {_TRAITS} FROM retailers WHERE licence_number = ANY($1::text[]) AND merged_into IS NULL
UNION
SELECT {_TRAITS} FROM retailers WHERE phone_keys && $2::text[] AND merged_into IS NULL
UNION
SELECT r.retailer_id, r.licence_number, r.phone_keys, r.trade_area, r.name_key
FROM jsonb_array_elements($3::jsonb) e CROSS JOIN LATERAL (
    SELECT * FROM retailers WHERE trade_area = e->>0 AND name_key = e->>1 AND merged_into IS NULL OFFSET 0) r
"""  # noqa: S608
_AREA = f"""
SELECT r.* FROM unnest($1::text[]) area CROSS JOIN LATERAL (
    SELECT {_TRAITS} FROM retailers WHERE trade_area = area AND merged_into IS NULL LIMIT $2) r
"""  # noqa: S608
_FORGET = """
DELETE FROM duplicate_candidates
WHERE state = 'open' AND (first_id = ANY($1::text[]) OR second_id = ANY($1::text[]))
"""
# What people have decided stands, unless the two have become more alike since they said no.
_WRITE = """
INSERT INTO duplicate_candidates AS c (first_id, second_id, score, reasons, state, found_at)
SELECT e->>0, e->>1, (e->>2)::int, e->3, 'open', $2 FROM jsonb_array_elements($1::jsonb) e ORDER BY 1, 2
ON CONFLICT (first_id, second_id) DO UPDATE
SET score = excluded.score, reasons = excluded.reasons,
    state = CASE WHEN c.state = 'dismissed' AND excluded.score > c.score THEN 'open' ELSE c.state END
"""
_COMPARED = """
UPDATE retailers r SET compared_version = e.version
FROM unnest($1::text[], $2::int[]) AS e(retailer_id, version)
WHERE r.retailer_id = e.retailer_id
"""
_SELECT = """
SELECT c.*, f.name AS first_name, s.name AS second_name
FROM duplicate_candidates c
JOIN retailers f ON f.retailer_id = c.first_id JOIN retailers s ON s.retailer_id = c.second_id
"""

After = tuple[int, str, str]


async def load_due(conn: Connection, limit: int) -> list[tuple[Traits, int]]:
    """Lock some customers that changed since they were compared; gives their traits and versions."""
    return [(_traits(row), row["version"]) for row in await conn.fetch(_DUE, limit)]


async def load_alike(conn: Connection, of: Sequence[Traits]) -> tuple[list[Traits], set[str]]:
    """Load every record that may have a licence, a phone or a name in common with these.

    Also names the trade areas that are too crowded for more than equal names.
    """
    rows = await conn.fetch(
        _ALIKE,
        sorted({each.licence_number for each in of if each.licence_number}),
        sorted({key for each in of for key in each.phone_keys}),
        sorted({(each.trade_area, each.name_key) for each in of if each.trade_area}),
    )
    areas = sorted({each.trade_area for each in of if each.trade_area})
    by_area = defaultdict(list)
    for row in await conn.fetch(_AREA, areas, MOST_IN_AREA + 1):
        by_area[row["trade_area"]].append(_traits(row))
    found = {each.retailer_id: each for each in map(_traits, rows)}
    crowded = {area for area, members in by_area.items() if len(members) > MOST_IN_AREA}
    for area in by_area.keys() - crowded:
        found |= {each.retailer_id: each for each in by_area[area]}
    return list(found.values()), crowded


async def write_pairs(
    conn: Connection, compared: Sequence[tuple[Traits, int]], pairs: Iterable[Pair], now: datetime
) -> None:
    """Put down what was found of these customers in place of what was open, and that they were compared."""
    ids = [each.retailer_id for each, _ in compared]
    await conn.execute(_FORGET, ids)
    rows = [
        (each.first_id, each.second_id, each.score, [reason._asdict() for reason in each.reasons])
        for each in pairs
    ]
    if rows:
        await conn.execute(_WRITE, rows, now)
    await conn.execute(_COMPARED, ids, [version for _, version in compared])


async def read_pair(conn: Connection, first_id: str, second_id: str) -> CandidateView | None:
    row = await conn.fetchrow(f"{_SELECT} WHERE c.first_id = $1 AND c.second_id = $2", first_id, second_id)
    return None if row is None else CandidateView(**row)


async def page(conn: Connection, filters: Filters, *, after: After, limit: int) -> list[CandidateView]:
    """Read candidates, the most alike first."""
    statement, arguments = build(filters, after=after, limit=limit)
    return [CandidateView(**row) for row in await conn.fetch(statement, *arguments)]


def build(filters: Filters, *, after: After, limit: int) -> tuple[str, list[object]]:
    query = Conditions()
    query.where("c.state = ?", filters.state)
    query.where("c.score <= ?", after[0])
    query.where("c.score < ? OR (c.first_id, c.second_id) > (?, ?)", *after)
    query.where("c.score >= ?", filters.least_score)
    if filters.retailer_id:
        query.where("c.first_id = ? OR c.second_id = ?", filters.retailer_id, filters.retailer_id)
    order = "ORDER BY c.score DESC, c.first_id, c.second_id"
    return f"{_SELECT} WHERE {query.sql} {order} LIMIT {limit}", query.arguments


async def decide(
    conn: Connection, pair: tuple[str, str], state: str, decision: tuple[str, str, datetime]
) -> None:
    """Note what became of two records, found by rules or not: the state, who decided, why and when."""
    by, reason, at = decision
    await conn.execute(
        """INSERT INTO duplicate_candidates (first_id, second_id, score, reasons, state, found_at, decided_by,
                                             decision_reason, decided_at)
           VALUES ($1, $2, 100, '[]', $3, $6, $4, $5, $6)
           ON CONFLICT (first_id, second_id) DO UPDATE
           SET state = $3, decided_by = $4, decision_reason = $5, decided_at = $6""",
        *sorted(pair),
        state,
        by,
        reason,
        at,
    )


async def forget_open(conn: Connection, retailer_ids: Sequence[str]) -> None:
    """Drop what was found of records that are merged; the survivor is compared anew."""
    await conn.execute(_FORGET, list(retailer_ids))


def _traits(row: Record) -> Traits:
    return Traits(
        row["retailer_id"],
        row["licence_number"],
        frozenset(row["phone_keys"]),
        row["trade_area"],
        row["name_key"],
    )
