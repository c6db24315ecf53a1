"""Gathers the stores that a campaign is for, what they sold before, and what speaks against one of them."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import asyncpg

from humidor_common.db.pool import Connection
from humidor_common.web.problems import Problem, invalid
from humidor_customers.campaigns.rules.drawing import HALF_DAYS, Unit
from humidor_customers.campaigns.schemas import MOST_STORES, CampaignView
from humidor_customers.retailers.rules import licence_state
from humidor_customers.segments import service as segments

# What its till sold; where that is nothing, an equal part of what its owner ordered.
_CANDIDATES = """
WITH asked AS MATERIALIZED (
    SELECT a.store_id, s.status, r.retailer_id, r.licence_status, r.licence_valid_from,
           r.licence_valid_until,
           coalesce(r.trade_area, '') || '/' || coalesce(r.business_format, '') AS place
    FROM (SELECT DISTINCT unnest($1::text[]) COLLATE "C" AS store_id) a
    LEFT JOIN stores s USING (store_id)
    LEFT JOIN retailer_stores l USING (store_id) LEFT JOIN retailers r USING (retailer_id)
), sold AS (
    SELECT d.store_id, coalesce(sum(d.sticks) FILTER (WHERE d.day < $4), 0)::float8 AS earlier,
           coalesce(sum(d.sticks) FILTER (WHERE d.day >= $4), 0)::float8 AS later
    FROM generate_series($3::date, $5::date - 1, interval '1 day') g(day)
    CROSS JOIN asked a
    JOIN market_days d ON d.day = g.day::date AND d.store_id = a.store_id AND NOT d.wholesale
    WHERE $2::text[] IS NULL OR d.gtin = ANY($2)
    GROUP BY 1
), ordered AS (
    SELECT o.retailer_id, coalesce(sum(p.sticks) FILTER (WHERE p.local_day < $4), 0)::float8
               / max(o.stores) AS earlier,
           coalesce(sum(p.sticks) FILTER (WHERE p.local_day >= $4), 0)::float8 / max(o.stores) AS later
    FROM (SELECT retailer_id, count(*) AS stores FROM retailer_stores
          WHERE retailer_id IN (SELECT retailer_id FROM asked a LEFT JOIN sold USING (store_id)
                                WHERE sold.store_id IS NULL) GROUP BY 1) o
    JOIN purchases p ON p.party_id = o.retailer_id AND p.party_kind = 'retailer' AND p.kind = 'order'
        AND p.bought_at >= $3::timestamp - interval '1 day' AND p.bought_at < $5::timestamp + interval '1 day'
        AND p.local_day >= $3 AND p.local_day < $5
    WHERE $2::text[] IS NULL OR p.gtin = ANY($2)
    GROUP BY 1
)
SELECT a.*, CASE WHEN s.store_id IS NOT NULL THEN 'till' WHEN o.retailer_id IS NOT NULL THEN 'orders'
                 ELSE 'none' END AS basis,
       coalesce(s.earlier, o.earlier, 0) AS earlier, coalesce(s.later, o.later, 0) AS later
FROM asked a LEFT JOIN sold s USING (store_id) LEFT JOIN ordered o USING (retailer_id) ORDER BY a.store_id
"""


class Candidate(NamedTuple):
    """A store, what its sales were counted from, and why it stays out (None where it takes part)."""

    unit: Unit
    basis: Any
    excluded: str | None


async def candidates(conn: Connection, campaign: CampaignView, *, now: datetime) -> list[Candidate]:
    """Gather the stores of a campaign with what they sold of its products in the 90 days before it.

    Raises:
        Problem: 422 where nobody is in its segment or it has too many stores.
    """
    store_ids = await _store_ids(conn, campaign)
    until = min(campaign.starts_on, now.date())
    since = until - timedelta(days=2 * HALF_DAYS)
    middle = until - timedelta(days=HALF_DAYS)
    rows = await conn.fetch(_CANDIDATES, store_ids, campaign.gtins, since, middle, until)
    reasons = {each.store_id: each.reason for each in campaign.exclusions}
    return [
        Candidate(
            Unit(row["store_id"], row["place"], row["earlier"], row["later"]),
            row["basis"],
            reasons.get(row["store_id"]) or _against(row, now.date(), campaign.ends_on),
        )
        for row in rows
    ]


async def _store_ids(conn: Connection, campaign: CampaignView) -> Sequence[str]:
    if campaign.segment_id is None:
        return campaign.store_ids or []
    members = await segments.members_of(conn, campaign.segment_id, after="", limit=MOST_STORES + 1)
    rows = await conn.fetch(
        "SELECT store_id FROM retailer_stores WHERE retailer_id = ANY($1::text[]) ORDER BY 1", members
    )
    if not rows:
        raise invalid("segment_id", "nobody in the segment has a store")
    if max(len(rows), len(members)) > MOST_STORES:
        raise invalid("segment_id", f"has more than {MOST_STORES} stores")
    return [row[0] for row in rows]


def _against(row: asyncpg.Record, today: date, ends_on: date) -> str | None:
    """Say what keeps a store out: it is not open, or its owner may not sell tobacco until the last day."""
    if row["status"] != "open":
        return "store-not-open"
    if row["retailer_id"] is None:
        return None
    dates = row["licence_valid_from"], row["licence_valid_until"]
    state = licence_state(row["licence_status"], *dates, today)
    if state == "active" and dates[1] is not None and dates[1] < ends_on:
        return f"licence-ends-{dates[1]}"
    return None if state == "active" else f"licence-{state}"


async def check_named(conn: Connection, campaign: CampaignView) -> None:
    """Refuse a segment that no campaign can be for.

    Raises:
        Problem: 404; 409 `segment-retired`; 422.
    """
    if campaign.segment_id is None:
        return
    segment = await segments.get_segment(conn, campaign.segment_id)
    if segment.retired:
        raise Problem(409, "segment-retired", "The segment is used no more.")
    if segment.party_kind != "retailer":
        raise invalid("segment_id", "is a segment of consumers; stores are found by trade customers")
