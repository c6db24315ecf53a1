"""Reads what a campaign has brought, as `forecasting` has evaluated it."""

from datetime import datetime
from uuid import UUID

import msgspec
from pydantic import BaseModel

from humidor_common.db.pool import Connection
from humidor_common.events.forecasting import Estimate, PromotionEvaluated
from humidor_common.web.problems import not_found
from humidor_customers.campaigns.plan_schemas import PlanFigure
from humidor_customers.campaigns.rules.returns import return_on
from humidor_customers.campaigns.schemas import CampaignView
from humidor_customers.figures import figures_of


class EstimateView(BaseModel):
    """A figure between bounds."""

    value: float
    low: float
    high: float


class EffectView(BaseModel):
    """What a campaign has brought, by `forecasting`; bounds hold with `probability`, `reasons` against it.

    `return_on_spent` is on what was booked here; null where that is nothing or the profit cannot be told.
    """

    campaign_id: UUID
    evaluation_id: UUID
    method: str
    model_version: str
    evaluated_at: datetime
    data_until: datetime
    stores: int
    control_stores: int
    probability: float
    sold_sticks: float
    uplift_sticks: EstimateView
    cannibalised_sticks: EstimateView | None
    pulled_forward_sticks: EstimateView | None
    profit_minor: EstimateView | None
    cost_minor: int
    spent_minor: int
    return_on_spent: EstimateView | None
    currency: str | None
    placebo_p: float | None
    trusted: bool
    reasons: list[str]


class VariantEffect(BaseModel):
    """What one variant has brought in its own stores, against the stores held out; null till it is evaluated.

    `reasons` are codes of what stands against the figures, with commas between.
    """

    variant: str
    evaluation_id: UUID | None = None
    method: str | None = None
    evaluated_at: datetime | None = None
    data_until: datetime | None = None
    probability: float | None = None
    stores: int | None = None
    control_stores: int | None = None
    sold_sticks: float | None = None
    uplift_sticks: EstimateView | None = None
    uplift_sticks_a_store: EstimateView | None = None
    profit_minor: EstimateView | None = None
    cost_minor: int | None = None
    currency: str | None = None
    placebo_p: float | None = None
    trusted: bool | None = None
    reasons: str | None = None


async def effects_of_variants(conn: Connection, campaign: CampaignView) -> list[VariantEffect]:
    """Give the effect of each variant that was evaluated alone, as `<campaign_id>/<name>`."""
    ids = {f"{campaign.campaign_id}/{each.name}": each.name for each in campaign.variants}
    rows = await conn.fetch(
        "SELECT promotion_id, effect FROM campaign_effects WHERE promotion_id = ANY($1::text[])", list(ids)
    )
    known = {ids[row[0]]: msgspec.convert(row[1], PromotionEvaluated) for row in rows}
    return [
        _of_variant(each.name, known[each.name]) if each.name in known else VariantEffect(variant=each.name)
        for each in campaign.variants
    ]


def _of_variant(name: str, event: PromotionEvaluated) -> VariantEffect:
    uplift, stores = event.uplift_sticks, max(event.stores, 1)
    each = {bound: getattr(uplift, bound) / stores for bound in ("value", "low", "high")}
    taken = VariantEffect.model_fields.keys() & _OF_EVENT - {"reasons"}
    return VariantEffect(
        **{name: getattr(event, name) for name in taken},
        variant=name,
        uplift_sticks=_required(uplift),
        uplift_sticks_a_store=EstimateView(**each),
        profit_minor=_view(event.profit_minor),
        reasons=", ".join(event.reasons),
    )


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


async def list_figures(conn: Connection, campaign: CampaignView) -> list[PlanFigure]:
    """Give a campaign's effect as a table.

    Raises:
        Problem: 404 where it has not been evaluated.
    """
    effect = (await effect_of(conn, campaign)).model_dump(mode="json")
    return [PlanFigure.model_validate(each._asdict()) for each in figures_of(effect)]


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
