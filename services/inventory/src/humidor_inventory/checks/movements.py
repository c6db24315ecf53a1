"""Adds up what moved a store's stock, by reason, and proves that each sale moved it exactly once."""

from typing import Any

from humidor_common.db.pool import Connection
from humidor_inventory.checks.schemas import StoreMovements
from humidor_inventory.checks.service import allow_long

_TIMEOUT_SECONDS = 600

_MOVEMENTS = """
SELECT gtin, bucket, reason, CASE WHEN reason IN ('opening', 'adjustment') THEN lot END AS lot,
       count(*) AS entries, sum(delta_sticks)::bigint AS delta_sticks
FROM stock_ledger WHERE store_id = $1 GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
# md5 and not a hash of PostgreSQL's own: another service on another version has to come to the same.
_DOCUMENTS = """
SELECT kind, count(*) AS documents,
       sum(('x' || substr(md5(document_id::text), 1, 15))::bit(60)::bigint::numeric)::text AS digest
FROM sale_documents WHERE store_id = $1 GROUP BY kind ORDER BY kind
"""
_STATED = """
SELECT kind, gtin, sum(sticks)::bigint AS sticks FROM (
    SELECT d.kind, s ->> 0 AS gtin, (s ->> 1)::bigint AS sticks
    FROM sale_documents d, jsonb_array_elements(d.stated) s WHERE d.store_id = $1 AND d.stated IS NOT NULL
    UNION ALL
    SELECT d.kind, m ->> 0, -(m ->> 2)::bigint
    FROM sale_documents d, jsonb_array_elements(d.moves) m WHERE d.store_id = $1 AND d.stated IS NULL
) stated GROUP BY kind, gtin ORDER BY kind, gtin
"""
_UNEQUAL = """
WITH moved AS (
    SELECT d.document_id, m ->> 0 AS gtin, m ->> 1 AS lot, sum((m ->> 2)::bigint) AS on_hand,
           sum((m ->> 3)::bigint) AS quarantined
    FROM sale_documents d, jsonb_array_elements(d.moves) m WHERE d.store_id = $1 GROUP BY 1, 2, 3
), entered AS (
    SELECT source_id AS document_id, gtin, lot,
           coalesce(sum(delta_sticks) FILTER (WHERE bucket = 'on_hand'), 0) AS on_hand,
           coalesce(sum(delta_sticks) FILTER (WHERE bucket = 'quarantined'), 0) AS quarantined
    FROM stock_ledger WHERE store_id = $1 AND reason IN ('sale', 'return', 'void') GROUP BY 1, 2, 3
)
SELECT count(DISTINCT document_id)
FROM moved m FULL JOIN entered e USING (document_id, gtin, lot)
WHERE coalesce(m.on_hand, 0) <> coalesce(e.on_hand, 0)
   OR coalesce(m.quarantined, 0) <> coalesce(e.quarantined, 0)
"""


async def add_up_store(conn: Connection, store_id: str) -> StoreMovements:
    """Add up one store in one snapshot; `unequal_documents` are not in the ledger as they were applied."""
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        await allow_long(conn)
        found: dict[str, list[Any]] = {}
        for name, sql in (("movements", _MOVEMENTS), ("documents", _DOCUMENTS), ("stated", _STATED)):
            rows = await conn.fetch(sql, store_id, timeout=_TIMEOUT_SECONDS)
            found[name] = [dict(row) for row in rows]
        unequal = await conn.fetchval(_UNEQUAL, store_id, timeout=_TIMEOUT_SECONDS)
    return StoreMovements(store_id=store_id, unequal_documents=unequal, **found)
