"""Keeps days of demand equal to what the lines state: each cell is worked out anew, never added to.

Whoever changes lines, products or time zones locks the stores first, so that no cell is written from what is
out of date.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any, TypeAlias
from uuid import UUID

from humidor_common.db.columns import columns_of
from humidor_common.db.pool import Connection
from humidor_forecasting.demand import statements

Cell: TypeAlias = tuple[str, str, date]
Thread: TypeAlias = tuple[str, UUID]
PIECE = 5000


async def lock_stores(conn: Connection, store_ids: Iterable[str]) -> None:
    """Let nobody else write demand of these stores until this transaction ends."""
    await conn.execute(
        """SELECT pg_advisory_xact_lock(hashtextextended(k.store_id, 7302001))
           FROM (SELECT store_id FROM unnest($1::text[]) AS u(store_id) ORDER BY 1) k""",
        sorted(set(store_ids)),
    )


async def cells_of(conn: Connection, threads: Collection[Thread]) -> set[Any]:
    """Name the cells (store, product, day) that the lines of these threads belong to."""
    columns = columns_of(sorted(threads))
    return {tuple(row) for row in await conn.fetch(statements.CELLS_OF_THREADS, *columns)}


async def settle_threads(
    conn: Connection, threads: Collection[Thread], before: Collection[Any] = frozenset()
) -> None:
    """Give the lines of these threads the day of their sale or order, and work out all days they touch.

    `before` are cells that they touched until now and need no more.
    """
    if not threads:
        return
    cells = set(before) | await cells_of(conn, threads)
    await conn.execute(statements.SET_DAYS, *columns_of(sorted(threads)))
    await refresh(conn, cells | await cells_of(conn, threads))


async def refresh(conn: Connection, cells: Collection[Any]) -> None:
    """Work out these cells (store, product, day) and the series they belong to."""
    ordered = sorted(cells)
    for start in range(0, len(ordered), PIECE):
        piece = ordered[start : start + PIECE]
        await conn.execute(statements.REFRESH, *columns_of(piece))
        await conn.execute(statements.DROP_EMPTY, *columns_of(piece))
    if pairs := sorted({(cell[0], cell[1]) for cell in ordered}):
        await conn.execute(statements.REFRESH_SERIES, *columns_of(pairs))
        await conn.execute(statements.DROP_SERIES, *columns_of(pairs))


async def follow_products(conn: Connection, gtins: Sequence[str]) -> None:
    """Count the demand of products anew whose units have changed or have become known."""
    if not gtins:
        return
    stores = await conn.fetch(
        "SELECT DISTINCT store_id FROM demand_lines WHERE gtin = ANY($1::text[])", list(gtins)
    )
    await lock_stores(conn, (row[0] for row in stores))
    await refresh(conn, {tuple(row) for row in await conn.fetch(statements.CELLS_OF_PRODUCTS, list(gtins))})


async def follow_stores(conn: Connection, store_ids: Sequence[str]) -> None:
    """Move the demand of stores to the days of their time zone."""
    if not store_ids:
        return
    await lock_stores(conn, store_ids)
    rows = await conn.fetch(statements.THREADS_OF_STORES, list(store_ids))
    await settle_threads(conn, [(row[0], row[1]) for row in rows])
