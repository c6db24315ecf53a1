"""Statements over campaigns, their stores and bookings."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_customers.campaigns.plan_schemas import OverlapView, StoreView
from humidor_customers.campaigns.rules.states import LIVE
from humidor_customers.campaigns.schemas import (
    CampaignRow,
    CampaignView,
    Filters,
    SpendingView,
)
from humidor_customers.conditions import Conditions

COLUMNS = (*CampaignView.model_fields, "due_at")
_NAMED = ", ".join(COLUMNS)
_WRITE = f"""
INSERT INTO campaigns ({_NAMED})
SELECT {_NAMED} FROM jsonb_populate_recordset(NULL::campaigns, $1)
ON CONFLICT (campaign_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])}
"""  # noqa: S608 - names of ours
_OVERLAPS = """
SELECT c.campaign_id, c.name, c.starts_on, c.ends_on, count(*)::int AS stores
FROM campaign_stores s JOIN campaigns c USING (campaign_id)
WHERE s.store_id = ANY($2::text[]) AND s.part <> 'excluded' AND c.campaign_id <> $1
  AND c.state IN ('scheduled', 'running') AND c.starts_on <= $4 AND c.ends_on >= $3
  AND ($5::text[] IS NULL OR c.gtins IS NULL OR c.gtins && $5)
GROUP BY c.campaign_id ORDER BY c.campaign_id
"""
# The day of the first of its stores to change date, and of the last.
_DAYS = """
SELECT c.campaign_id, coalesce(max(l.today), $2::timestamptz::date) AS first_today,
       coalesce(min(l.today), $2::timestamptz::date) AS last_today
FROM unnest($1::uuid[]) c(campaign_id)
LEFT JOIN campaign_stores s ON s.campaign_id = c.campaign_id AND s.part = 'treated'
LEFT JOIN stores t USING (store_id)
LEFT JOIN LATERAL (SELECT ($2::timestamptz AT TIME ZONE t.time_zone)::date AS today
                   WHERE t.time_zone <> '') l ON true
GROUP BY c.campaign_id
"""

_EFFECT = """
e.effect->>'method' AS effect_method, e.evaluated_at AS effect_evaluated_at,
(e.effect->>'probability')::float8 AS effect_probability, (e.effect->>'trusted')::boolean AS effect_trusted,
(e.effect->'uplift_sticks'->>'value')::float8 AS uplift_sticks,
(e.effect->'uplift_sticks'->>'low')::float8 AS uplift_low_sticks,
(e.effect->'uplift_sticks'->>'high')::float8 AS uplift_high_sticks,
(e.effect->'profit_minor'->>'value')::float8 AS profit_minor,
(e.effect->'profit_minor'->>'low')::float8 AS profit_low_minor,
(e.effect->'profit_minor'->>'high')::float8 AS profit_high_minor, e.effect->>'currency' AS profit_currency
"""
# Those whose price is below that which the catalogue sets for one of their products.
_BELOW = """
SELECT c.campaign_id FROM jsonb_to_recordset($1) AS c(campaign_id uuid, gtins text[], price_per_pack bigint,
                                                      currency text)
WHERE EXISTS (SELECT FROM products p WHERE p.gtin = ANY(c.gtins) AND p.currency = c.currency
                AND p.retail_price_per_pack > c.price_per_pack)
"""


async def write(conn: Connection, campaigns: Sequence[CampaignView], due_at: datetime | None) -> None:
    """Write campaigns as they now are; `due_at` is when the worker looks at those that are live."""
    rows = [
        each.model_dump(mode="json") | {"due_at": due_at if each.state in LIVE else None}
        for each in campaigns
    ]
    await conn.execute(_WRITE, rows)


async def read(conn: Connection, campaign_id: UUID, *, lock: bool = False) -> CampaignView | None:
    row = await conn.fetchrow(
        f"SELECT {_NAMED} FROM campaigns WHERE campaign_id = $1 {'FOR UPDATE' if lock else ''}",  # noqa: S608
        campaign_id,
    )
    return None if row is None else CampaignView(**row)


async def page(conn: Connection, filters: Filters, *, before: UUID, limit: int) -> list[CampaignRow]:
    """Read campaigns with what they have brought, the newest first."""
    query = Conditions()
    query.where("campaign_id < ?", before)
    if filters.state is not None:
        query.where("state = ?", filters.state)
    if filters.kind is not None:
        query.where("kind = ?", filters.kind)
    if filters.store_id is not None:
        query.where(
            "campaign_id IN (SELECT campaign_id FROM campaign_stores "
            "WHERE store_id = ? AND part <> 'excluded')",
            filters.store_id,
        )
    statement = f"""
        SELECT c.*, {_EFFECT}
        FROM (SELECT {_NAMED} FROM campaigns WHERE {query.sql} ORDER BY campaign_id DESC LIMIT {limit}) c
        LEFT JOIN campaign_effects e ON e.promotion_id = c.campaign_id::text ORDER BY campaign_id DESC
    """  # noqa: S608 - names of ours
    return [CampaignRow(**row) for row in await conn.fetch(statement, *query.arguments)]


async def fix_plan(
    conn: Connection, campaign_id: UUID, plan: Mapping[str, Any], stores: Sequence[StoreView]
) -> None:
    """Write down what was drawn; it stays."""
    await conn.execute("UPDATE campaigns SET plan = $2 WHERE campaign_id = $1", campaign_id, plan)
    await conn.execute(
        """INSERT INTO campaign_stores (campaign_id, store_id, part, reason, stratum, basis, before_sticks,
                                        variant)
           SELECT $1, store_id, part, reason, stratum, basis, before_sticks, variant
           FROM jsonb_populate_recordset(NULL::campaign_stores, $2)""",
        campaign_id,
        [each.model_dump() for each in stores],
    )


async def read_plan(conn: Connection, campaign_id: UUID) -> Mapping[str, Any] | None:
    plan: Mapping[str, Any] | None = await conn.fetchval(
        "SELECT plan FROM campaigns WHERE campaign_id = $1", campaign_id
    )
    return plan


async def stores_page(conn: Connection, campaign_id: UUID, *, after: str, limit: int) -> list[StoreView]:
    rows = await conn.fetch(
        """SELECT store_id, part, reason, stratum, basis, before_sticks, variant FROM campaign_stores
           WHERE campaign_id = $1 AND store_id > $2 ORDER BY store_id LIMIT $3""",
        campaign_id,
        after,
        limit,
    )
    return [StoreView(**row) for row in rows]


async def parts_of(conn: Connection, campaign_ids: Sequence[UUID]) -> dict[tuple[UUID, str], list[str]]:
    """Name the stores of each part of campaigns."""
    rows = await conn.fetch(
        """SELECT campaign_id, part, array_agg(store_id ORDER BY store_id) AS store_ids
           FROM campaign_stores WHERE campaign_id = ANY($1::uuid[]) GROUP BY 1, 2""",
        list(campaign_ids),
    )
    return {(row[0], row[1]): row[2] for row in rows}


async def variants_of(conn: Connection, campaign_ids: Sequence[UUID]) -> dict[tuple[UUID, str], list[str]]:
    """Name the stores of each variant of campaigns."""
    rows = await conn.fetch(
        """SELECT campaign_id, variant, array_agg(store_id ORDER BY store_id) AS store_ids
           FROM campaign_stores WHERE campaign_id = ANY($1::uuid[]) AND variant IS NOT NULL GROUP BY 1, 2""",
        list(campaign_ids),
    )
    return {(row[0], row[1]): row[2] for row in rows}


async def overlaps(conn: Connection, campaign: CampaignView, store_ids: Sequence[str]) -> list[OverlapView]:
    rows = await conn.fetch(
        _OVERLAPS,
        campaign.campaign_id,
        list(store_ids),
        campaign.starts_on,
        campaign.ends_on,
        campaign.gtins,
    )
    return [OverlapView(**row) for row in rows]


async def local_days(
    conn: Connection, campaign_ids: Sequence[UUID], now: datetime
) -> dict[UUID, tuple[date, date]]:
    rows = await conn.fetch(_DAYS, list(campaign_ids), now)
    return {row[0]: (row[1], row[2]) for row in rows}


async def unknown_products(conn: Connection, gtins: Sequence[str]) -> set[str]:
    rows = await conn.fetch("SELECT gtin FROM products WHERE gtin = ANY($1::text[])", list(gtins))
    return set(gtins) - {row[0] for row in rows}


async def below_set_price(conn: Connection, campaigns: Sequence[CampaignView]) -> set[UUID]:
    """Name the campaigns whose price is below the set one."""
    named = {"campaign_id", "gtins", "price_per_pack", "currency"}
    asked = [
        each.model_dump(mode="json", include=named) for each in campaigns if each.price_per_pack is not None
    ]
    return {row[0] for row in await conn.fetch(_BELOW, asked)} if asked else set()


async def add_spending(conn: Connection, spending: SpendingView) -> None:
    await conn.execute(
        "INSERT INTO campaign_spendings SELECT * FROM jsonb_populate_record(NULL::campaign_spendings, $1)",
        spending.model_dump(mode="json"),
    )


async def spendings_page(
    conn: Connection, campaign_id: UUID, *, before: UUID, limit: int
) -> list[SpendingView]:
    rows = await conn.fetch(
        """SELECT * FROM campaign_spendings WHERE campaign_id = $1 AND spending_id < $2
           ORDER BY spending_id DESC LIMIT $3""",
        campaign_id,
        before,
        limit,
    )
    return [SpendingView(**row) for row in rows]
