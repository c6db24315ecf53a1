"""Lists and single look-ups that returns and voids have in common."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from humidor_common.db.pool import Connection


class Listed(NamedTuple):
    """A table of facts and its columns; all are constants of this service."""

    table: str
    identity: str
    moment: str


RETURNS = Listed("returns", "return_id", "returned_at")
VOIDS = Listed("voids", "void_id", "voided_at")

_EXCEPTIONS = """
(SELECT coalesce(f.exceptions, '{}') FROM fact_ids f
  WHERE f.store_id = t.store_id AND f.fact_id = t.%s) AS exceptions
"""


async def list_facts(
    conn: Connection,
    kind: Listed,
    store_id: str,
    span: tuple[datetime, datetime | None],
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[dict[str, Any]]:
    """List a store's facts of one kind, newest first."""
    sql = f"""
        SELECT t.*, {_EXCEPTIONS % kind.identity} FROM {kind.table} t
         WHERE t.store_id = $1 AND t.{kind.moment} >= $2 AND ($3::timestamptz IS NULL OR t.{kind.moment} < $3)
           AND ($4::timestamptz IS NULL OR (t.{kind.moment}, t.{kind.identity}) < ($4, $5::uuid))
         ORDER BY t.{kind.moment} DESC, t.{kind.identity} DESC LIMIT $6
    """  # noqa: S608 - names are constants of this module
    rows = await conn.fetch(sql, store_id, *span, *(after or (None, None)), limit)
    return [dict(row) for row in rows]


async def get_fact(
    conn: Connection, kind: Listed, store_id: str, moment: datetime, fact_id: UUID
) -> dict[str, Any]:
    """Load one fact whose place is known."""
    sql = f"""
        SELECT t.*, {_EXCEPTIONS % kind.identity} FROM {kind.table} t
         WHERE t.store_id = $1 AND t.{kind.moment} = $2 AND t.{kind.identity} = $3
    """  # noqa: S608 - names are constants of this module
    return dict(await conn.fetchrow(sql, store_id, moment, fact_id) or {})
