"""Statements over promotions."""

from collections.abc import Sequence
from typing import Any

from humidor_common.db.pool import Connection
from humidor_forecasting.promotions.rules import Campaign
from humidor_forecasting.promotions.schemas import PromotionView

PUT = """
INSERT INTO promotions (promotion_id, name, starts_on, ends_on, store_ids, gtins, mechanic, discount_percent,
                        holdout_store_ids, price_per_pack, currency, budget_minor, spent_minor, changed_at,
                        version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1)
ON CONFLICT (promotion_id) DO UPDATE
SET name = $2, starts_on = $3, ends_on = $4, store_ids = $5, gtins = $6, mechanic = $7, discount_percent = $8,
    holdout_store_ids = $9, price_per_pack = $10, currency = $11, budget_minor = $12, spent_minor = $13,
    version = promotions.version + 1, changed_at = $14
RETURNING *
"""
# A campaign that is cancelled, or was stopped before its first day, never took place. Terms for retailers
# are no price that consumers saw.
_TAKE_CAMPAIGNS = """
WITH taken AS (
    INSERT INTO campaigns AS c
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS t(
        campaign_id text, version int, state text, kind text, audience text, starts_on date, ends_on date,
        store_ids text[], holdout_store_ids text[], gtins text[], discount_percent float8,
        price_per_pack bigint, currency text, budget_minor bigint, spent_minor bigint, changed_at timestamptz)
    ORDER BY t.campaign_id
    ON CONFLICT (campaign_id) DO UPDATE
    SET (version, state, kind, audience, starts_on, ends_on, store_ids, holdout_store_ids, gtins,
         discount_percent, price_per_pack, currency, budget_minor, spent_minor, changed_at)
      = ROW(excluded.version, excluded.state, excluded.kind, excluded.audience, excluded.starts_on,
            excluded.ends_on, excluded.store_ids, excluded.holdout_store_ids, excluded.gtins,
            excluded.discount_percent, excluded.price_per_pack, excluded.currency, excluded.budget_minor,
            excluded.spent_minor, excluded.changed_at)
    WHERE c.version < excluded.version
    RETURNING c.*),
dropped AS (
    DELETE FROM promotions p USING taken t
    WHERE p.promotion_id = t.campaign_id AND p.source = 'campaign'
      AND (t.state = 'cancelled' OR t.ends_on < t.starts_on))
INSERT INTO promotions AS p (promotion_id, name, starts_on, ends_on, store_ids, gtins, mechanic,
                             discount_percent, holdout_store_ids, price_per_pack, currency, budget_minor,
                             spent_minor, source, version, changed_at)
SELECT campaign_id, kind, starts_on, ends_on, store_ids, gtins, kind,
       CASE audience WHEN 'consumers' THEN discount_percent END, holdout_store_ids,
       CASE audience WHEN 'consumers' THEN price_per_pack END, currency, budget_minor,
       spent_minor, 'campaign', version, changed_at
FROM taken WHERE state <> 'cancelled' AND ends_on >= starts_on ORDER BY campaign_id
ON CONFLICT (promotion_id) DO UPDATE
SET (name, starts_on, ends_on, store_ids, gtins, mechanic, discount_percent, holdout_store_ids,
     price_per_pack, currency, budget_minor, spent_minor, source, version, changed_at)
  = ROW(excluded.name, excluded.starts_on, excluded.ends_on, excluded.store_ids, excluded.gtins,
        excluded.mechanic, excluded.discount_percent, excluded.holdout_store_ids, excluded.price_per_pack,
        excluded.currency, excluded.budget_minor, excluded.spent_minor, excluded.source, excluded.version,
        excluded.changed_at)
"""
DIGEST = """
SELECT (SELECT count(*) FROM campaigns) AS campaigns,
       (SELECT sum(hashtextextended(c::text, 0))::text FROM campaigns c) AS hash,
       (SELECT count(*) FROM promotions WHERE source = 'campaign') AS promotions
"""


async def take_campaigns(conn: Connection, campaigns: Sequence[Campaign]) -> None:
    """Keep campaigns, each once, where they are newer than what is known."""
    await conn.execute(_TAKE_CAMPAIGNS, [each._asdict() for each in campaigns])


async def read(conn: Connection, promotion_id: str, *, lock: bool = False) -> PromotionView | None:
    sql = "SELECT * FROM promotions WHERE promotion_id = $1"
    row = await conn.fetchrow(f"{sql} FOR UPDATE" if lock else sql, promotion_id)
    return None if row is None else PromotionView(**row)


async def put(conn: Connection, *terms: Any) -> PromotionView:
    row = await conn.fetchrow(PUT, *terms)
    return PromotionView(**dict(row or {}))


async def page(conn: Connection, *, after: str, limit: int) -> list[PromotionView]:
    rows = await conn.fetch(
        "SELECT * FROM promotions WHERE promotion_id > $1 ORDER BY promotion_id LIMIT $2", after, limit
    )
    return [PromotionView(**row) for row in rows]
