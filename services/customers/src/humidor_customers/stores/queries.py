"""Looks stores up."""

from collections.abc import Collection

from humidor_common.db.pool import Connection


async def unknown_stores(conn: Connection, store_ids: Collection[str]) -> set[str]:
    """Name those of the stores that nobody has told of."""
    if not store_ids:
        return set()
    rows = await conn.fetch(
        "SELECT store_id FROM stores WHERE store_id = ANY($1::text[])", sorted(set(store_ids))
    )
    return set(store_ids) - {row[0] for row in rows}
