"""Takes over what customers tells of campaigns; what is older than what is known changes nothing."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import msgspec

from humidor_common.db.pool import Connection
from humidor_common.events.customers import CampaignChanged
from humidor_pos.campaigns.rules import Campaign
from humidor_pos.campaigns.schemas import CampaignView
from humidor_pos.revisions import next_revision

CAMPAIGNS = "campaigns"

# Only the stores that came or went are written: a campaign is told again with each amount that it costs.
_TAKE_OVER = """
WITH told AS (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS e(campaign_id uuid, version int, state text, kind text,
        audience text, starts_on date, ends_on date, gtins text[], price_per_pack bigint, currency text,
        discount_percent float8, keeps_set_price boolean, changed_at timestamptz, store_ids text[])
), newer AS (
    INSERT INTO campaigns AS known (campaign_id, version, state, kind, audience, starts_on, ends_on, gtins,
                                    price_per_pack, currency, discount_percent, keeps_set_price, changed_at,
                                    revision)
    SELECT campaign_id, version, state, kind, audience, starts_on, ends_on, gtins, price_per_pack, currency,
           discount_percent, keeps_set_price, changed_at, $2
      FROM told
    ON CONFLICT (campaign_id) DO UPDATE SET
        version = excluded.version, state = excluded.state, kind = excluded.kind,
        audience = excluded.audience, starts_on = excluded.starts_on, ends_on = excluded.ends_on,
        gtins = excluded.gtins, price_per_pack = excluded.price_per_pack, currency = excluded.currency,
        discount_percent = excluded.discount_percent, keeps_set_price = excluded.keeps_set_price,
        changed_at = excluded.changed_at, revision = excluded.revision
    WHERE known.version < excluded.version
    RETURNING campaign_id
), wanted AS (
    SELECT t.campaign_id, s.store_id, t.ends_on
      FROM newer JOIN told t USING (campaign_id) CROSS JOIN unnest(t.store_ids) AS s(store_id)
), gone AS (
    DELETE FROM campaign_stores s USING newer n
     WHERE s.campaign_id = n.campaign_id
       AND NOT EXISTS (SELECT FROM wanted w WHERE w.campaign_id = s.campaign_id AND w.store_id = s.store_id)
)
INSERT INTO campaign_stores AS known (campaign_id, store_id, ends_on) SELECT * FROM wanted
ON CONFLICT (campaign_id, store_id) DO UPDATE SET ends_on = excluded.ends_on
WHERE known.ends_on <> excluded.ends_on
"""


async def take_over(conn: Connection, campaigns: Iterable[CampaignChanged]) -> None:
    """Store the newest of each campaign, for the stores where it takes place."""
    newest: dict[str, CampaignChanged] = {}
    for campaign in campaigns:
        if campaign.key not in newest or newest[campaign.key].version < campaign.version:
            newest[campaign.key] = campaign
    if newest:
        revision = await next_revision(conn, CAMPAIGNS)
        rows = [_row(newest[campaign_id]) for campaign_id in sorted(newest)]
        await conn.execute(_TAKE_OVER, rows, revision)


def view(row: Any, today: date) -> CampaignView:
    """Show a campaign as it is on the store's own day."""
    *values, changed_at = row.values()
    campaign = Campaign(*values)
    price, currency = campaign.consumer_price or (None, None)
    discount = campaign.consumer_discount
    known = msgspec.structs.asdict(campaign) | {
        "price_per_pack": price,
        "discount_percent": discount,
        "currency": currency or (None if discount is None else campaign.currency),
    }
    return CampaignView(**known, running=campaign.runs(today), changed_at=changed_at)


def _row(campaign: CampaignChanged) -> dict[str, object]:
    return {
        "campaign_id": campaign.campaign_id,
        "version": campaign.version,
        "state": campaign.state,
        "kind": campaign.kind,
        "audience": campaign.audience,
        "starts_on": date.fromisoformat(campaign.starts_on),
        "ends_on": date.fromisoformat(campaign.ends_on),
        "gtins": None if campaign.gtins is None else sorted({gtin.zfill(14) for gtin in campaign.gtins}),
        "price_per_pack": campaign.price_per_pack,
        "currency": campaign.currency,
        "discount_percent": campaign.discount_percent,
        "keeps_set_price": campaign.keeps_set_price,
        "changed_at": campaign.changed_at,
        "store_ids": sorted(set(campaign.store_ids) - set(campaign.holdout_store_ids)),
    }
