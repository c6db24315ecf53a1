"""Reads what a campaign has brought, as `forecasting` has evaluated it."""

import msgspec

from humidor_common.db.pool import Connection
from humidor_common.events.forecasting import Estimate, PromotionEvaluated
from humidor_common.web.problems import not_found
from humidor_customers.campaigns.rules.returns import return_on
from humidor_customers.campaigns.schemas import CampaignView, EffectView, EstimateView


async def effect_of(conn: Connection, campaign: CampaignView) -> EffectView:
    """Give a campaign's effect with what has come back of what was spent.

    Raises:
        Problem: 404 where it has not been evaluated.
    """
    document = await conn.fetchval(
        "SELECT effect FROM campaign_effects WHERE promotion_id = $1", str(campaign.campaign_id)
    )
    if document is None:
        raise not_found("evaluation of campaign", campaign.campaign_id)
    event = msgspec.convert(document, PromotionEvaluated)
    return EffectView(
        **{name: getattr(event, name) for name in EffectView.model_fields.keys() & _OF_EVENT},
        campaign_id=campaign.campaign_id,
        uplift_sticks=_required(event.uplift_sticks),
        cannibalised_sticks=_view(event.cannibalised_sticks),
        pulled_forward_sticks=_view(event.pulled_forward_sticks),
        profit_minor=_view(event.profit_minor),
        spent_minor=campaign.spent_minor,
        return_on_spent=_view(_return(event, campaign)),
    )


_OF_EVENT = {
    "evaluation_id",
    "method",
    "model_version",
    "evaluated_at",
    "data_until",
    "stores",
    "control_stores",
    "probability",
    "sold_sticks",
    "cost_minor",
    "currency",
    "placebo_p",
    "trusted",
    "reasons",
}


def _return(event: PromotionEvaluated, campaign: CampaignView) -> Estimate | None:
    """Give the return on what was spent here, whatever cost the evaluation knew of."""
    profit, spent = event.profit_minor, campaign.spent_minor
    if profit is None or spent == 0 or event.currency != campaign.currency:
        return None
    bounds = {
        name: return_on(getattr(profit, name) + event.cost_minor, spent) for name in ("value", "low", "high")
    }
    return Estimate(**bounds)


def _required(estimate: Estimate) -> EstimateView:
    return EstimateView(value=estimate.value, low=estimate.low, high=estimate.high)


def _view(estimate: Estimate | None) -> EstimateView | None:
    return None if estimate is None else _required(estimate)
