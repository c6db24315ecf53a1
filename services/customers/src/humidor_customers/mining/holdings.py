"""What runs found of single members: how it is forgotten, and how it is handed out."""

from collections.abc import Mapping, Sequence
from typing import Any

from humidor_common.db.pool import Connection
from humidor_common.privacy.holdings import counts

_FORGET = """
WITH gone AS (
    DELETE FROM mining_rows
    WHERE found ? 'customer_id' AND found->>'customer_id' = ANY($1::text[])
      AND found->>'customer_kind' = 'consumer'
    RETURNING found->>'customer_id' AS member_id)
SELECT member_id, count(*) FROM gone GROUP BY member_id
"""
_DISCLOSE = """
SELECT coalesce(jsonb_agg(jsonb_build_object('mined', j.kind, 'at', j.ended_at, 'found', r.found)
                          ORDER BY r.run_id, r.place), '[]')
FROM mining_rows r JOIN jobs j ON j.job_id = r.run_id
WHERE r.found ? 'customer_id' AND r.found->>'customer_id' = $1 AND r.found->>'customer_kind' = 'consumer'
"""


async def forget(conn: Connection, member_ids: Sequence[str]) -> Mapping[str, int]:
    """Forget what was found of members alone; patterns of many stay."""
    return await counts(conn, _FORGET, member_ids)


async def disclose(conn: Connection, member_id: str) -> Any:
    return await conn.fetchval(_DISCLOSE, member_id)
