"""Statements over products."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from humidor_common.db.pool import Connection
from humidor_inventory.products.schemas import ProductView, TradeItemView

_WRITE = """
INSERT INTO products
SELECT p.* FROM jsonb_array_elements($1::jsonb) e
CROSS JOIN LATERAL jsonb_populate_record(null::products, e) p
ON CONFLICT (gtin) DO UPDATE SET
    name = excluded.name, brand = excluded.brand, manufacturer = excluded.manufacturer,
    status = excluded.status, price_class = excluded.price_class, sticks_per_pack = excluded.sticks_per_pack,
    packs_per_carton = excluded.packs_per_carton, cartons_per_case = excluded.cartons_per_case,
    shelf_life_days = excluded.shelf_life_days, retail_price_per_pack = excluded.retail_price_per_pack,
    cost_price_per_pack = excluded.cost_price_per_pack, currency = excluded.currency,
    supplier_id = excluded.supplier_id,
    lead_time_days = excluded.lead_time_days, order_multiple_packs = excluded.order_multiple_packs,
    version = excluded.version, changed_at = excluded.changed_at, unit_gtins = excluded.unit_gtins
"""
_READ = "SELECT * FROM products WHERE gtin = ANY($1::text[]) ORDER BY gtin"
_READ_LOCKED = "SELECT * FROM products WHERE gtin = ANY($1::text[]) ORDER BY gtin FOR NO KEY UPDATE"
_IN_USE = """
SELECT gtin FROM stock WHERE gtin = ANY($1::text[])
  AND (on_hand_sticks <> 0 OR quarantined_sticks <> 0 OR reserved_sticks <> 0 OR on_order_sticks <> 0
       OR shortfall_sticks <> 0 OR reorder_point_sticks IS NOT NULL)
"""
_NUMBERS = """
SELECT gtin, NULL FROM products WHERE gtin = ANY($1::text[])
UNION ALL SELECT unit_gtin, gtin FROM unit_gtins WHERE unit_gtin = ANY($1::text[])
"""
_TRADE_ITEM = """
SELECT $1::text AS gtin, p.gtin AS product_gtin, p.name, u.unit,
       CASE u.unit WHEN 'pack' THEN p.sticks_per_pack
                   WHEN 'carton' THEN p.sticks_per_pack * p.packs_per_carton
                   WHEN 'case' THEN p.sticks_per_pack * p.packs_per_carton * p.cartons_per_case END AS sticks
FROM products p LEFT JOIN unit_gtins u ON u.unit_gtin = $1 AND u.gtin = p.gtin
WHERE p.gtin = $1 OR p.gtin = (SELECT gtin FROM unit_gtins WHERE unit_gtin = $1)
"""
# A cost holds until the next one; those that were to hold later are superseded.
_END_COSTS = """
DELETE FROM product_costs c USING jsonb_array_elements($1::jsonb) e
WHERE c.gtin = e->>0 AND c.valid_from >= (e->>1)::date
"""
_WRITE_COSTS = """
INSERT INTO product_costs (gtin, valid_from, cost_price_per_pack, changed_at)
SELECT e->>0, (e->>1)::date, (e->>2)::bigint, $2 FROM jsonb_array_elements($1::jsonb) e
"""
_LIST = """
SELECT * FROM products
WHERE gtin > $1 AND ($2::text IS NULL OR brand = $2) AND ($3::text IS NULL OR status = $3)
  AND ($4::text IS NULL OR supplier_id = $4)
ORDER BY gtin LIMIT $5
"""


async def read_products(
    conn: Connection, gtins: Collection[str], *, lock: bool = False
) -> dict[str, dict[str, Any]]:
    rows = await conn.fetch(
        _READ_LOCKED if lock else _READ,
        list(gtins),
    )
    return {row["gtin"]: dict(row) for row in rows}


async def list_products(
    conn: Connection, filters: tuple[str | None, str | None, str | None], *, after: str, limit: int
) -> list[ProductView]:
    return [ProductView(**row) for row in await conn.fetch(_LIST, after, *filters, limit)]


async def write_products(conn: Connection, products: Sequence[dict[str, Any]]) -> None:
    await conn.execute(_WRITE, list(products))


async def write_costs(conn: Connection, costs: Sequence[tuple[str, date, int | None]], now: datetime) -> None:
    """Let each (GTIN, day, cost of a pack or None) hold from its day on."""
    await conn.execute(_END_COSTS, list(costs))
    await conn.execute(_WRITE_COSTS, list(costs), now)


async def products_in_use(conn: Connection, gtins: Collection[str]) -> set[str]:
    """Name those of which stock, orders or levels are about."""
    return {row[0] for row in await conn.fetch(_IN_USE, list(gtins))}


async def known_suppliers(conn: Connection, supplier_ids: Collection[str]) -> set[str]:
    rows = await conn.fetch(
        "SELECT supplier_id FROM suppliers WHERE supplier_id = ANY($1::text[])", list(supplier_ids)
    )
    return {row[0] for row in rows}


async def known_numbers(conn: Connection, gtins: Collection[str]) -> tuple[set[str], dict[str, str]]:
    """Tell which of these are products, and which products the others stand for units of."""
    rows = await conn.fetch(_NUMBERS, list(gtins))
    return {row[0] for row in rows if row[1] is None}, {row[0]: row[1] for row in rows if row[1]}


async def write_unit_gtins(conn: Connection, products: Sequence[dict[str, Any]]) -> None:
    """Let the numbers that these products now name stand for their units, and no others."""
    await conn.execute(
        "DELETE FROM unit_gtins WHERE gtin = ANY($1::text[])", [product["gtin"] for product in products]
    )
    await conn.execute(
        """INSERT INTO unit_gtins (unit_gtin, gtin, unit)
           SELECT u->>'gtin', e->>'gtin', u->>'unit'
           FROM jsonb_array_elements($1::jsonb) e, jsonb_array_elements(e->'unit_gtins') u""",
        list(products),
    )


async def find_trade_item(conn: Connection, gtin: str) -> TradeItemView | None:
    row = await conn.fetchrow(_TRADE_ITEM, gtin)
    return None if row is None else TradeItemView(**row)
