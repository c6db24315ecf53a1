"""Adds up a store's facts; reads all of them, so it is for checks and not for screens."""

from typing import Any

from humidor_common.db.pool import Connection

_TIMEOUT_SECONDS = 600

# md5 and not a hash of PostgreSQL's own: another service on another version has to come to the same.
_DOCUMENTS = """
SELECT kind, count(*) AS documents,
       sum(('x' || substr(md5(fact_id::text), 1, 15))::bit(60)::bigint::numeric)::text AS digest
  FROM fact_ids WHERE store_id = $1 GROUP BY kind ORDER BY kind
"""
_LINES = """
WITH lines AS (
    SELECT 'sale' AS kind, gtin, quantity::bigint, unit, unit_price FROM sale_lines WHERE store_id = $1
    UNION ALL
    SELECT 'return', l ->> 'gtin', (l ->> 'quantity')::bigint, l ->> 'unit', (l ->> 'unit_price')::bigint
      FROM returns, jsonb_array_elements(lines) AS l WHERE store_id = $1
    UNION ALL
    SELECT 'void', l ->> 'gtin', (l ->> 'quantity')::bigint, l ->> 'unit', (l ->> 'unit_price')::bigint
      FROM voids, jsonb_array_elements(lines) AS l WHERE store_id = $1 AND sale_id IS NULL
), items AS (
    SELECT gtin AS code, gtin, NULL AS own_unit, sticks_per_pack, packs_per_carton, cartons_per_case
      FROM products
    UNION ALL
    SELECT u ->> 'gtin', gtin, u ->> 'unit', sticks_per_pack, packs_per_carton, cartons_per_case
      FROM products, jsonb_array_elements(unit_gtins) u
)
SELECT kind, coalesce(i.gtin, l.gtin) AS gtin, count(*) AS lines,
       sum(quantity::numeric * CASE coalesce(own_unit, unit)
           WHEN 'stick' THEN 1
           WHEN 'pack' THEN sticks_per_pack
           WHEN 'carton' THEN sticks_per_pack * packs_per_carton
           ELSE sticks_per_pack * packs_per_carton * cartons_per_case END)::bigint AS sticks,
       sum(quantity::numeric * unit_price) AS amount_minor
  FROM lines l LEFT JOIN items i ON i.code = l.gtin GROUP BY 1, 2 ORDER BY 1, 2
"""


async def store_totals(conn: Connection, store_id: str) -> dict[str, Any]:
    """Add up documents and lines in one snapshot."""
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        await conn.execute(
            "SELECT set_config(name, '0', true) FROM pg_settings "
            "WHERE name IN ('transaction_timeout', 'statement_timeout')"
        )
        documents = await conn.fetch(_DOCUMENTS, store_id, timeout=_TIMEOUT_SECONDS)
        lines = await conn.fetch(_LINES, store_id, timeout=_TIMEOUT_SECONDS)
    return {
        "store_id": store_id,
        "documents": [dict(row) for row in documents],
        "lines": [dict(row) for row in lines],
    }
