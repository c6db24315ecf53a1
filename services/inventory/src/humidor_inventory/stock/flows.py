"""Keeps what each day did to each product of a store, in the transaction of the ledger's entries."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from humidor_common.clock import local_date
from humidor_common.db.pool import Connection
from humidor_common.db.statements import Statement
from humidor_inventory.stock.days import COLUMNS, SALES_COLUMNS
from humidor_inventory.stock.shelf import Shelf


def _statements(columns: tuple[str, ...]) -> tuple[str, str]:
    """Add rows of [store, GTIN, day, *columns]; what is late for a closed day is noted for the rollups."""
    names = ", ".join(columns)
    given = ", ".join(f"(e->>{n})::bigint AS {name}" for n, name in enumerate(columns, 3))
    added = ", ".join(f"{name} = f.{name} + excluded.{name}" for name in columns)
    moved = f"""
SELECT e->>0 AS store_id, e->>1 AS gtin, (e->>2)::date AS day, {given} FROM jsonb_array_elements($1::jsonb) e
"""  # noqa: S608 - made of our own column names
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


_ADD_SALES = _statements(COLUMNS[:SALES_COLUMNS])
_ADD_ALL = _statements(COLUMNS)

FILLED = " OR ".join(f"{name} <> 0" for name in COLUMNS)
"""What a row says anything by: a sale that was voided on its day leaves one of zeros."""
_DAY = "(e.occurred_at AT TIME ZONE coalesce(t.time_zone, 'UTC'))::date"
FROM_BOOKS = f"""
SELECT store_id, gtin, day, sold_sticks, returned_sticks, quarantined_sticks, revenue_minor, unpriced_sticks,
       received_sticks, opened_sticks, transferred_in_sticks, transferred_out_sticks, written_off_sticks,
       adjusted_sticks
FROM (
    SELECT e.store_id, e.gtin, coalesce(e.day, {_DAY}) AS day,
           -coalesce(sum(delta_sticks) FILTER (WHERE reason IN ('sale', 'void')), 0)::bigint AS sold_sticks,
           coalesce(sum(delta_sticks) FILTER (WHERE reason = 'return'), 0)::bigint AS returned_sticks,
           coalesce(sum(delta_sticks) FILTER (WHERE bucket = 'quarantined'), 0)::bigint AS quarantined_sticks,
           coalesce(sum(delta_sticks) FILTER (WHERE reason = 'receipt'), 0)::bigint AS received_sticks,
           coalesce(sum(delta_sticks) FILTER (WHERE reason = 'opening'), 0)::bigint AS opened_sticks,
           coalesce(sum(delta_sticks) FILTER (WHERE reason = 'transfer_in'), 0)::bigint
               AS transferred_in_sticks,
           -coalesce(sum(delta_sticks) FILTER (WHERE reason IN ('transfer_out', 'delivery')), 0)::bigint
               AS transferred_out_sticks,
           -coalesce(sum(delta_sticks) FILTER (WHERE reason = 'write_off'), 0)::bigint AS written_off_sticks,
           coalesce(sum(delta_sticks) FILTER (WHERE reason NOT IN ('sale', 'void', 'return', 'receipt',
               'opening', 'transfer_in', 'transfer_out', 'delivery', 'write_off')), 0)::bigint
               AS adjusted_sticks
    FROM stock_ledger e LEFT JOIN stores t USING (store_id)
    WHERE $1::text[] IS NULL OR e.store_id = ANY($1) GROUP BY 1, 2, 3
) moved FULL JOIN (
    SELECT e.store_id, m->>0 AS gtin, coalesce(e.day, {_DAY}) AS day,
           coalesce(sum((m->>4)::bigint), 0)::bigint AS revenue_minor,
           -coalesce(sum((m->>2)::bigint + (m->>3)::bigint) FILTER (WHERE m->>4 IS NULL), 0)::bigint
               AS unpriced_sticks
    FROM sale_documents e LEFT JOIN stores t USING (store_id) CROSS JOIN jsonb_array_elements(e.moves) m
    WHERE $1::text[] IS NULL OR e.store_id = ANY($1) GROUP BY 1, 2, 3
) earned USING (store_id, gtin, day)
"""  # noqa: S608 - made of constants
"""Flows as the ledger and the sales documents have them, of stores $1 or (NULL) all; figures may be NULL."""


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
