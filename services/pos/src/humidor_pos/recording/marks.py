"""Marks the closings that a late fact touches; they are evaluated again soon after."""

from collections.abc import Sequence
from datetime import datetime

from humidor_common.db.pool import Connection

_MARK = """
UPDATE day_closings c SET recheck_at = now()
  FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::text[], $3::timestamptz[]))
       AS f(store_id, terminal_id, at)
 WHERE c.store_id = f.store_id AND c.terminal_id = f.terminal_id AND c.status <> 'superseded'
   AND f.at >= c.starts_at AND f.at < c.ends_at
"""


async def mark_closings(conn: Connection, facts: Sequence[tuple[str, str, datetime]]) -> None:
    """Mark by store, terminal and moment, in the transaction that writes the facts."""
    if facts:
        await conn.execute(_MARK, *map(list, zip(*facts, strict=True)))
