"""Statements over the campaigns of a store."""

from datetime import date
from typing import Any
from uuid import UUID

from humidor_common.db.pool import Connection

BEYOND = (date(9999, 12, 31), UUID(int=2**128 - 1))
"""Where the list begins: after any campaign."""

LIST = """
SELECT campaign_id::text, state, kind, audience, starts_on, c.ends_on, gtins, price_per_pack, currency,
       discount_percent, keeps_set_price, changed_at
  FROM campaign_stores s JOIN campaigns c USING (campaign_id)
 WHERE s.store_id = $1 AND s.ends_on >= $2 AND (s.ends_on, s.campaign_id) < ($3, $4)
 ORDER BY s.ends_on DESC, s.campaign_id DESC LIMIT $5
"""


async def list_campaigns(
    conn: Connection, store_id: str, since: date, before: tuple[date, UUID], limit: int
) -> list[Any]:
    """Read the campaigns of a store that end on `since` or later, the last to end first."""
    rows: list[Any] = await conn.fetch(LIST, store_id, since, *before, limit)
    return rows
