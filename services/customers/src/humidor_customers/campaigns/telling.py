"""Tells others of campaigns that are scheduled, and of each later change."""

from collections.abc import Sequence
from datetime import date

from humidor_common.db.pool import Connection
from humidor_common.events.customers import CampaignChanged, CampaignVariant
from humidor_common.messaging import outbox
from humidor_customers.campaigns import queries
from humidor_customers.campaigns.schemas import CampaignView


async def tell(conn: Connection, campaigns: Sequence[CampaignView]) -> None:
    """Put campaigns as they now are into the outbox; their stores have been drawn."""
    ids = [each.campaign_id for each in campaigns]
    parts, variants = await queries.parts_of(conn, ids), await queries.variants_of(conn, ids)
    await outbox.append(
        conn,
        [
            _event(
                each,
                parts.get((each.campaign_id, "treated"), []),
                parts.get((each.campaign_id, "holdout"), []),
                [
                    CampaignVariant(name=of.name, store_ids=variants.get((each.campaign_id, of.name), []))
                    for of in each.variants
                ],
            )
            for each in campaigns
        ],
    )


def _event(
    campaign: CampaignView, store_ids: list[str], holdout: list[str], variants: list[CampaignVariant]
) -> CampaignChanged:
    last: date = campaign.last_day or campaign.ends_on
    taken = {"campaign_id", "version", "kind", "audience", "gtins", "discount_percent", "price_per_pack"}
    taken |= {"currency", "budget_minor", "spent_minor", "changed_at", "state", "keeps_set_price"}
    return CampaignChanged(
        **campaign.model_dump(include=taken),
        starts_on=campaign.starts_on.isoformat(),
        ends_on=last.isoformat(),
        store_ids=store_ids,
        holdout_store_ids=holdout,
        variants=variants,
    )
