"""Statements over introductions and the series of each."""

from datetime import datetime

from humidor_common.db.pool import Connection
from humidor_forecasting.introductions.schemas import IntroductionInput, IntroductionView

_PUT = """
INSERT INTO introductions (introduction_id, starts_on, store_ids, gtins, like_gtins, version, changed_at)
VALUES ($1, $2, $3, $4, $5, 1, $6)
ON CONFLICT (introduction_id) DO UPDATE
SET starts_on = $2, store_ids = $3, gtins = $4, like_gtins = $5, version = introductions.version + 1,
    changed_at = $6
RETURNING *
"""
# A series that is introduced twice belongs to what was said of it last.
_SERIES = """
INSERT INTO introduced_series (store_id, gtin, introduction_id, starts_on)
SELECT DISTINCT s, g, $1, $2::date FROM unnest($3::text[]) s, unnest($4::text[]) g ORDER BY 1, 2
ON CONFLICT (store_id, gtin) DO UPDATE
SET introduction_id = excluded.introduction_id, starts_on = excluded.starts_on
"""


async def read(conn: Connection, introduction_id: str, *, lock: bool = False) -> IntroductionView | None:
    sql = "SELECT * FROM introductions WHERE introduction_id = $1"
    row = await conn.fetchrow(f"{sql} FOR UPDATE" if lock else sql, introduction_id)
    return None if row is None else IntroductionView(**row)


async def put(
    conn: Connection, introduction_id: str, given: IntroductionInput, *, now: datetime
) -> IntroductionView:
    row = await conn.fetchrow(
        _PUT, introduction_id, given.starts_on, given.store_ids, given.gtins, given.like_gtins, now
    )
    await conn.execute("DELETE FROM introduced_series WHERE introduction_id = $1", introduction_id)
    await conn.execute(_SERIES, introduction_id, given.starts_on, given.store_ids, given.gtins)
    return IntroductionView(**dict(row or {}))


async def page(conn: Connection, *, after: str, limit: int) -> list[IntroductionView]:
    rows = await conn.fetch(
        "SELECT * FROM introductions WHERE introduction_id > $1 ORDER BY introduction_id LIMIT $2",
        after,
        limit,
    )
    return [IntroductionView(**row) for row in rows]
