"""Keeps what each day did to each product of a store, in the transaction of the ledger's entries."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from humidor_common.clock import local_date
from humidor_common.db.pool import Connection
from humidor_common.db.statements import Statement
from humidor_inventory.stock.days import COLUMNS, SALES_COLUMNS, named, sums_of_entries, sums_of_moves
from humidor_inventory.stock.shelf import Shelf


def adding(columns: tuple[str, ...], moved: str) -> tuple[str, str]:
    """Add rows of (store_id, gtin, day, *columns); what is late for a closed day is noted for the rollups."""
    names = ", ".join(columns)
    added = ", ".join(f"{name} = f.{name} + excluded.{name}" for name in columns)
    late = f"""
INSERT INTO flow_corrections (store_id, gtin, day, {names})
SELECT m.* FROM ({moved}) m
CROSS JOIN LATERAL (SELECT through FROM closed_days WHERE store_id = m.store_id OFFSET 0) c
WHERE m.day <= c.through
"""  # noqa: S608 - made of our own column names
    flows = f"""
INSERT INTO daily_flows AS f (store_id, gtin, day, {names}) {moved}
ON CONFLICT (store_id, day, gtin) DO UPDATE SET {added}
"""
    return late, flows


def _statements(columns: tuple[str, ...]) -> tuple[str, str]:
    given = ", ".join(f"(e->>{n})::bigint AS {name}" for n, name in enumerate(columns, 3))
    return adding(
        columns,
        f"""
SELECT e->>0 AS store_id, e->>1 AS gtin, (e->>2)::date AS day, {given} FROM jsonb_array_elements($1::jsonb) e
""",  # noqa: S608 - made of our own column names
    )


_ADD_SALES = _statements(COLUMNS[:SALES_COLUMNS])
_ADD_ALL = _statements(COLUMNS)

FILLED = " OR ".join(f"{name} <> 0" for name in COLUMNS)
"""What a row says anything by: a sale that was voided on its day leaves one of zeros."""
_MONEY = {
    name: what for name, what in sums_of_moves().items() if name in {"revenue_minor", "unpriced_sticks"}
}
FROM_BOOKS = f"""
SELECT store_id, gtin, day, sold_sticks, returned_sticks, quarantined_sticks, revenue_minor, unpriced_sticks,
       received_sticks, opened_sticks, transferred_in_sticks, transferred_out_sticks, written_off_sticks,
       adjusted_sticks
FROM (
    SELECT e.store_id, e.gtin, coalesce(d.day, c.day, e.day) AS day, {named(sums_of_entries())}
    FROM stock_ledger e LEFT JOIN entry_days c USING (store_id, entry_id)
    LEFT JOIN (SELECT store_id, document_id AS source_id, kind AS reason, min(day) AS day
               FROM sale_documents WHERE $1::text[] IS NULL OR store_id = ANY($1) GROUP BY 1, 2, 3
              ) d USING (store_id, source_id, reason)
    WHERE $1::text[] IS NULL OR e.store_id = ANY($1) GROUP BY 1, 2, 3
) moved FULL JOIN (
    SELECT store_id, m->>0 AS gtin, day, {named(_MONEY)}
    FROM sale_documents CROSS JOIN jsonb_array_elements(moves) m
    WHERE $1::text[] IS NULL OR store_id = ANY($1) GROUP BY 1, 2, 3
) earned USING (store_id, gtin, day)
"""  # noqa: S608 - made of our own names
"""Flows as the books have them, of stores $1 or (NULL) all; figures may be NULL. A document, or else what was
corrected of an entry, tells the day; what a rebuild has taken back has lost its document and keeps its own.
"""


def flows_of(shelves: Iterable[Shelf]) -> list[Statement]:
    """Add what the entries of these shelves did to their days; every day is known by now."""
    rows: list[tuple[Any, ...]] = [
        (shelf.store_id, shelf.gtin, day, *flow)
        for shelf in shelves
        for day, flow in shelf.flows.items()
        if any(flow)
    ]
    if not rows:
        return []
    width = 3 + SALES_COLUMNS
    if any(any(row[width:]) for row in rows):
        return [Statement(each, [rows]) for each in _ADD_ALL]
    of_sales = [row[:width] for row in rows]
    return [Statement(each, [of_sales]) for each in _ADD_SALES]


async def load_zones(conn: Connection, store_ids: Collection[str]) -> dict[str, str]:
    """Load the time zones of those of the stores that there are."""
    if not store_ids:
        return {}
    rows = await conn.fetch(
        "SELECT store_id, time_zone FROM stores WHERE store_id = ANY($1::text[])", list(store_ids)
    )
    return {row[0]: row[1] for row in rows}


async def set_days(conn: Connection, shelves: Iterable[Shelf], now: datetime) -> None:
    """Give today, in its store's calendar, to entries whose writer named no day."""
    undated = [shelf for shelf in shelves if None in shelf.flows]
    if not undated:
        return
    zones = await load_zones(conn, {shelf.store_id for shelf in undated})
    days = {store_id: local_date(now, zone) for store_id, zone in zones.items()}
    for shelf in undated:
        shelf.set_day(days.get(shelf.store_id, now.date()))


async def rebuild_flows(conn: Connection) -> None:
    """Make the flows anew from the ledger and the sales documents; reports add the rollups up again."""
    await conn.execute("DELETE FROM daily_flows")
    names = ", ".join(COLUMNS)
    figures = ", ".join(f"coalesce({name}, 0)" for name in COLUMNS)
    await conn.execute(
        f"""INSERT INTO daily_flows (store_id, gtin, day, {names})
            SELECT store_id, gtin, day, {figures} FROM ({FROM_BOOKS}) books
            WHERE {FILLED} ORDER BY store_id, day, gtin""",  # noqa: S608 - made of our own column names
        None,
        timeout=None,
    )
