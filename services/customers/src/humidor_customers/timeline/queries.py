"""Statements over the timeline."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_common.db.statements import Statement
from humidor_customers.conditions import Conditions
from humidor_customers.timeline.rules import Fact

_COLUMNS = "party_id, happened_at, entry_id, kind, store_id, details"

_ADD = """
INSERT INTO timeline (party_kind, party_id, happened_at, entry_id, kind, store_id, details)
SELECT e->>0, e->>1, (e->>2)::timestamptz, (e->>3)::uuid, e->>4, e->>5, e->6
FROM jsonb_array_elements($1::jsonb) e ORDER BY 1, 2, 3, 4
ON CONFLICT DO NOTHING
"""
_TAKE_OFF = """
DELETE FROM timeline t USING jsonb_array_elements($1::jsonb) e
WHERE t.party_kind = e->>0 AND t.party_id = e->>1 AND t.happened_at = (e->>2)::timestamptz
  AND t.entry_id = (e->>3)::uuid
"""
_SALES = "SELECT entry_id, party_id FROM timeline WHERE kind = 'sale' AND entry_id = ANY($1::uuid[])"
_WAIT = """
INSERT INTO timeline_waiting (sale_id, entry_id, kind, happened_at, store_id, details)
SELECT (e->>0)::uuid, (e->>1)::uuid, e->>2, (e->>3)::timestamptz, e->>4, e->5
FROM jsonb_array_elements($1::jsonb) e ORDER BY 1, 2 ON CONFLICT DO NOTHING
"""
_TAKE = """
DELETE FROM timeline_waiting WHERE sale_id = ANY($1::uuid[])
RETURNING entry_id, kind, sale_id, NULL AS member_id, happened_at, store_id, details
"""
_MERGED = """
WITH RECURSIVE part AS (
    SELECT retailer_id FROM retailers WHERE retailer_id = $1
    UNION
    SELECT r.retailer_id FROM part JOIN retailers r ON r.merged_into = part.retailer_id
)
SELECT retailer_id FROM part
"""


class Wanted(NamedTuple):
    """Which part of a timeline: from `since` on, before an entry, of some kinds, of some stores."""

    since: datetime
    before: tuple[datetime, UUID]
    kinds: Sequence[str] | None = None
    store_ids: Sequence[str] | None = None


def adding(rows: Sequence[tuple[Any, ...]]) -> Statement:
    """Make the statement that adds entries; those that are there already stay as they are."""
    return Statement(_ADD, [rows])


async def take_off(conn: Connection, keys: Sequence[tuple[Any, ...]]) -> None:
    await conn.execute(_TAKE_OFF, keys)


async def owners_of(conn: Connection, sale_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Give the member of each sale that is on a timeline."""
    rows = await conn.fetch(_SALES, sale_ids)
    return {row[0]: row[1] for row in rows}


async def wait(conn: Connection, facts: Sequence[Fact]) -> None:
    """Keep what belongs to a sale that is not known, until it is."""
    rows = [(f.sale_id, f.entry_id, f.kind, f.happened_at, f.store_id, f.details) for f in facts]
    await conn.execute(_WAIT, rows)


async def take_waiting(conn: Connection, sale_ids: Sequence[UUID]) -> list[Fact]:
    return [Fact(*row) for row in await conn.fetch(_TAKE, sale_ids)]


async def lock_sales(conn: Connection, *, alone: bool) -> None:
    """Let batches of sales go side by side, and none beside one that looks for sales of others."""
    shared = "" if alone else "_shared"
    await conn.execute(f"SELECT pg_advisory_xact_lock{shared}(7407001)")


async def parts_of(conn: Connection, retailer_id: str) -> list[str]:
    """Name a trade customer and all records that were merged into it."""
    return [row[0] for row in await conn.fetch(_MERGED, retailer_id)]


def statement(
    party_kind: str, party_ids: Sequence[str], wanted: Wanted, *, limit: int
) -> tuple[str, list[Any]]:
    """Build the question for the newest entries: one walk down the index for each id, and no further."""
    query = Conditions()
    walks = [_walk(query, party_kind, each, wanted, limit) for each in party_ids]
    if len(walks) == 1:
        return walks[0], query.arguments
    together = " UNION ALL ".join(f"({each})" for each in walks)
    newest = f"SELECT * FROM ({together}) e ORDER BY happened_at DESC, entry_id DESC LIMIT {limit}"  # noqa: S608 - names of ours
    return newest, query.arguments


def _walk(query: Conditions, party_kind: str, party_id: str, wanted: Wanted, limit: int) -> str:
    own = Conditions()
    own.arguments = query.arguments
    own.where("party_kind = ?", party_kind)
    own.where("party_id = ?", party_id)
    own.where("happened_at >= ?", wanted.since)
    # Said apart from the pair, because it is what keeps later partitions out.
    own.where("happened_at <= ?", wanted.before[0])
    own.where("(happened_at, entry_id) < (?, ?)", *wanted.before)
    if wanted.kinds is not None:
        own.where("kind = ANY(?::text[])", list(wanted.kinds))
    if wanted.store_ids is not None:
        own.where("(store_id IS NULL OR store_id = ANY(?::text[]))", list(wanted.store_ids))
    return f"SELECT {_COLUMNS} FROM timeline WHERE {own.sql} ORDER BY happened_at DESC, entry_id DESC LIMIT {limit}"  # noqa: S608, E501 - names of ours


async def newest(
    conn: Connection, party_kind: str, party_ids: Sequence[str], wanted: Wanted, *, limit: int
) -> list[Any]:
    text, arguments = statement(party_kind, party_ids, wanted, limit=limit)
    found: list[Any] = await conn.fetch(text, *arguments)
    return found


async def counted(
    conn: Connection, party_kind: str, party_ids: Sequence[str], since: datetime, store_ids: list[str] | None
) -> list[Any]:
    """Count the entries of each kind since a moment, with the latest of each."""
    found: list[Any] = await conn.fetch(
        """SELECT kind, count(*) AS entries, max(happened_at) AS last_at FROM timeline
           WHERE party_kind = $1 AND party_id = ANY($2::text[]) AND happened_at >= $3
             AND ($4::text[] IS NULL OR store_id IS NULL OR store_id = ANY($4))
           GROUP BY kind ORDER BY kind""",
        party_kind,
        list(party_ids),
        since,
        store_ids,
    )
    return found
