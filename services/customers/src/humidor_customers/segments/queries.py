"""Statements over segments and those who are in them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_customers.conditions import Conditions
from humidor_customers.inputs import PartyKind
from humidor_customers.segments.rules import Rule
from humidor_customers.segments.schemas import PreviewView, Sampled, SegmentView
from humidor_customers.segments.statement import build

CHUNK = 5000
SAMPLE = 20
_WORK_MEMORY = "64MB"

_COLUMNS = tuple(SegmentView.model_fields)
_WRITE = f"""
INSERT INTO segments ({", ".join(_COLUMNS)}) VALUES ({", ".join(f"${n}" for n, _ in enumerate(_COLUMNS, 1))})
ON CONFLICT (segment_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])}
"""  # noqa: S608 - names of ours


async def models_in_force(conn: Connection, party_kind: PartyKind) -> dict[str, UUID]:
    rows = await conn.fetch(
        "SELECT model, model_id FROM models WHERE current AND party_kind = $1", party_kind
    )
    return {row[0]: row[1] for row in rows}


def preview_statement(rule: Rule, party_kind: PartyKind, models: Mapping[str, UUID]) -> tuple[str, list[Any]]:
    """Count and sample in one pass; a sample by hash is as good as one at random, and the same each time."""
    source, arguments = build(rule, party_kind, models)
    statement = f"""
        WITH hits AS MATERIALIZED (SELECT p.party_id {source})
        SELECT (SELECT count(*) FROM hits) AS size,
               (SELECT count(*) FROM profiles WHERE party_kind = '{party_kind}') AS of,
               ARRAY(SELECT party_id FROM hits ORDER BY hashtextextended(party_id, 7)
                     LIMIT {SAMPLE}) AS sample
    """  # noqa: S608 - names of ours
    return statement, arguments


async def preview(
    conn: Connection, rule: Rule, party_kind: PartyKind, models: Mapping[str, UUID], missing: list[str]
) -> PreviewView:
    statement, arguments = preview_statement(rule, party_kind, models)
    async with conn.transaction(readonly=True):
        await conn.execute(f"SET LOCAL work_mem = '{_WORK_MEMORY}'")
        # All rows, of which there is one: PostgreSQL works in parallel only for who sets no limit to them.
        (found,) = await conn.fetch(statement, *arguments)
    sample = await conn.fetch(
        """SELECT party_id, lifecycle, greatest(current_date - last_on, 0) AS recency_days, spend_year_minor,
                  favourite_brand
           FROM profiles WHERE party_kind = $1 AND party_id = ANY($2::text[]) ORDER BY party_id""",
        party_kind,
        found["sample"],
    )
    return PreviewView(
        size=found["size"],
        of=found["of"],
        sample=[Sampled(**each) for each in sample],
        missing_models=missing,
    )


async def live_members(
    conn: Connection, segment: SegmentView, models: Mapping[str, UUID], *, after: str, limit: int
) -> list[str]:
    source, arguments = build(segment.rule, segment.party_kind, models, after=after)
    statement = f"SELECT p.party_id {source} ORDER BY p.party_id LIMIT {limit}"
    return [row[0] for row in await conn.fetch(statement, *arguments)]


async def listed_members(conn: Connection, segment: SegmentView, *, after: str, limit: int) -> list[str]:
    chunks = limit // CHUNK + 2  # all but the first and the last of them are full
    rows = await conn.fetch(
        f"""SELECT m.party_id FROM (
               SELECT party_ids FROM segment_chunks
               WHERE segment_id = $1 AND revision = $2 AND last_id > $3 ORDER BY chunk LIMIT {chunks}) c,
               unnest(c.party_ids) m(party_id)
           WHERE m.party_id COLLATE "C" > $3 ORDER BY m.party_id COLLATE "C" LIMIT $4""",  # noqa: S608 - a number
        segment.segment_id,
        segment.revision,
        after,
        limit,
    )
    return [row[0] for row in rows]


async def write(conn: Connection, segment: SegmentView) -> None:
    values = segment.model_dump()
    await conn.execute(_WRITE, *(values[name] for name in _COLUMNS))


async def read(conn: Connection, segment_id: UUID, *, lock: bool = False) -> SegmentView | None:
    """Read a segment; locking it waits for nobody who writes a list of its members meanwhile."""
    row = await conn.fetchrow(
        f"SELECT * FROM segments WHERE segment_id = $1 {'FOR NO KEY UPDATE' if lock else ''}",  # noqa: S608
        segment_id,
    )
    return None if row is None else SegmentView(**row)


async def page(
    conn: Connection, party_kind: PartyKind | None, *, retired: bool, before: UUID, limit: int
) -> list[SegmentView]:
    """Read segments, the newest first."""
    query = Conditions()
    query.where("segment_id < ?", before)
    query.where("retired = ?", retired)
    if party_kind is not None:
        query.where("party_kind = ?", party_kind)
    statement = f"SELECT * FROM segments WHERE {query.sql} ORDER BY segment_id DESC LIMIT {limit}"  # noqa: S608
    return [SegmentView(**row) for row in await conn.fetch(statement, *query.arguments)]


async def forget_members(conn: Connection, segment_id: UUID) -> None:
    await conn.execute("DELETE FROM segment_chunks WHERE segment_id = $1", segment_id)
