"""Statements that name what a chart shows."""

from humidor_common.db.pool import Connection

_NAMES = """
SELECT coalesce((SELECT name FROM stores WHERE store_id = $1), $1),
       coalesce((SELECT name FROM products WHERE gtin = $2), $2)
"""


async def names_of(conn: Connection, store_id: str | None, gtin: str | None) -> tuple[str, str]:
    """Give the names of a store and of a product, or what they were asked for by; empty for all."""
    row = await conn.fetchrow(_NAMES, store_id, gtin)
    return (row[0] or "", row[1] or "") if row else ("", "")
