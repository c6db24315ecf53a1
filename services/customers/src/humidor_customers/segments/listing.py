"""Statements that list who is in a segment, a range of customers at a time."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_customers.inputs import PartyKind
from humidor_customers.segments import queries
from humidor_customers.segments.rules import Rule
from humidor_customers.segments.statement import build

RANGE = 250_000
_WORK_MEMORY = "64MB"

# Every so manieth id of a kind of customers, in their order.
_BOUNDS = """
SELECT party_id FROM (SELECT party_id, row_number() OVER (ORDER BY party_id) AS n FROM profiles
                      WHERE party_kind = $1) numbered
WHERE n % $2 = 0 ORDER BY 1
"""


class Listing(NamedTuple):
    """A list that is being made: which segment's and revision, of whom, by which rule and models."""

    segment_id: UUID
    revision: int
    rule: Rule
    party_kind: PartyKind
    models: Mapping[str, UUID]


class Listed(NamedTuple):
    """How far a list is: members, rows written, and those who do not fill a row yet."""

    size: int = 0
    chunks: int = 0
    rest: tuple[str, ...] = ()


async def lock_list(conn: Connection, segment_id: UUID) -> None:
    """Let nobody else list a segment before this transaction ends; it can be read and changed meanwhile."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 4))", f"segment {segment_id}")


async def hold_models(conn: Connection, party_kind: PartyKind) -> dict[str, UUID]:
    """Name the models in force, which stay in force until this transaction ends."""
    rows = await conn.fetch(
        "SELECT model, model_id FROM models WHERE current AND party_kind = $1 FOR SHARE", party_kind
    )
    return {row[0]: row[1] for row in rows}


async def ranges(conn: Connection, party_kind: PartyKind) -> list[tuple[str, str | None]]:
    """Cut all customers of a kind into ranges: after the first id, up to the second (None: to the end)."""
    await conn.execute(f"SET LOCAL work_mem = '{_WORK_MEMORY}'")
    bounds = [row[0] for row in await conn.fetch(_BOUNDS, party_kind, RANGE)]
    return list(pairwise(["", *bounds, None]))


async def list_range(
    conn: Connection, listing: Listing, span: tuple[str, str | None], before: Listed
) -> Listed:
    """Write down who of a range is in the segment, in full rows; those left over go with the next range."""
    after, until = span
    source, arguments = build(listing.rule, listing.party_kind, listing.models, after=after)
    n = len(arguments)
    row = await conn.fetchrow(
        _statement(source, n),
        *arguments,
        until,
        list(before.rest),
        listing.segment_id,
        listing.revision,
        before.chunks,
    )
    if row is None:
        return before
    return Listed(
        before.size - len(before.rest) + row["found"],
        before.chunks + row["written"],
        tuple(row["rest"] or ()),
    )


def _statement(source: str, n: int) -> str:
    until, rest, segment_id, revision, chunks = (f"${n + place}" for place in range(1, 6))
    return f"""
        WITH grouped AS MATERIALIZED (
            SELECT n, array_agg(party_id ORDER BY party_id) AS ids FROM (
                SELECT party_id, (row_number() OVER (ORDER BY party_id) - 1) / {queries.CHUNK} AS n
                FROM (SELECT p.party_id {source} AND ({until}::text IS NULL OR p.party_id <= {until})
                      UNION ALL SELECT unnest({rest}::text[]) COLLATE "C") hits) numbered
            GROUP BY n
        ), written AS (
            INSERT INTO segment_chunks (segment_id, revision, chunk, first_id, last_id, party_ids)
            SELECT {segment_id}, {revision}, {chunks} + n, ids[1], ids[cardinality(ids)], ids
            FROM grouped WHERE cardinality(ids) = {queries.CHUNK} OR {until} IS NULL RETURNING 1
        )
        SELECT (SELECT count(*) FROM written)::int AS written,
               (SELECT coalesce(sum(cardinality(ids)), 0) FROM grouped)::int AS found,
               (SELECT ids FROM grouped
                WHERE cardinality(ids) < {queries.CHUNK} AND {until} IS NOT NULL) AS rest
    """  # noqa: S608 - names of ours


async def forget_former(conn: Connection, segment_id: UUID, revision: int) -> None:
    await conn.execute(
        "DELETE FROM segment_chunks WHERE segment_id = $1 AND revision < $2", segment_id, revision
    )


async def read_parts(conn: Connection, listing: tuple[UUID, int], begin: int, count: int) -> list[Any]:
    """Read some rows of a list, each with the ids in it."""
    segment_id, revision = listing
    rows = await conn.fetch(
        """SELECT party_ids FROM segment_chunks WHERE segment_id = $1 AND revision = $2
             AND chunk >= $3 AND chunk < $4 ORDER BY chunk""",
        segment_id,
        revision,
        begin,
        begin + count,
    )
    return [row[0] for row in rows]


async def count_parts(conn: Connection, segment_id: UUID, revision: int) -> int:
    found: int = await conn.fetchval(
        "SELECT count(*) FROM segment_chunks WHERE segment_id = $1 AND revision = $2", segment_id, revision
    )
    return found
