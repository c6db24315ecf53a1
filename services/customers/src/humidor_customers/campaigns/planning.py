"""Draws who goes without a campaign, from what is known now, and fixes it when the campaign is scheduled."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from humidor_common.db.pool import Connection
from humidor_common.web.problems import invalid
from humidor_customers.campaigns import queries
from humidor_customers.campaigns.gathering import Candidate, candidates
from humidor_customers.campaigns.plan_schemas import (
    BalanceView,
    PlanFigure,
    PlanView,
    StaysOut,
    StoreView,
    StratumView,
    VariantView,
)
from humidor_customers.campaigns.rules.drawing import (
    Draw,
    Unit,
    assign,
    balance,
    detectable_percent,
    draw,
)
from humidor_customers.campaigns.schemas import CampaignView
from humidor_customers.figures import figures_of


async def plan_of(conn: Connection, campaign: CampaignView, *, now: datetime) -> PlanView:
    """Give the plan that was fixed, or what would be drawn now."""
    if (fixed := await queries.read_plan(conn, campaign.campaign_id)) is not None:
        return PlanView.model_validate(fixed)
    plan, _ = await _make(conn, campaign, now)
    return plan


async def list_stores(
    conn: Connection, campaign: CampaignView, *, after: str, limit: int, now: datetime
) -> list[StoreView]:
    """Give the stores with the part of each, as it was drawn or would be now, and why some stay out."""
    if await queries.read_plan(conn, campaign.campaign_id) is not None:
        return await queries.stores_page(conn, campaign.campaign_id, after=after, limit=limit)
    _, stores = await _make(conn, campaign, now)
    return [each for each in stores if each.store_id > after][:limit]


async def list_figures(conn: Connection, campaign: CampaignView, *, now: datetime) -> list[PlanFigure]:
    """Give all that stands in a plan as a table."""
    plan = (await plan_of(conn, campaign, now=now)).model_dump(mode="json")
    return [PlanFigure.model_validate(each._asdict()) for each in figures_of(plan)]


async def fix(conn: Connection, campaign: CampaignView, *, now: datetime) -> PlanView:
    """Draw, and write down what was drawn.

    Raises:
        Problem: 422 where no store is left to take part.
    """
    plan, stores = await _make(conn, campaign, now)
    field = "segment_id" if campaign.segment_id else "store_ids"
    if not plan.treated:
        raise invalid(field, f"no store is left to take part; {plan.excluded} stay out")
    if campaign.holdout_share and not plan.holdout:
        raise invalid("holdout_share", "too small: none of the stores would go without the campaign")
    if lacking := [each.name for each in plan.variants if not each.stores]:
        raise invalid("variants", f"too few stores: none for {', '.join(lacking)}")
    plan = plan.model_copy(update={"fixed": True})
    await queries.fix_plan(conn, campaign.campaign_id, plan.model_dump(mode="json"), stores)
    return plan


async def _make(conn: Connection, campaign: CampaignView, now: datetime) -> tuple[PlanView, list[StoreView]]:
    found = await candidates(conn, campaign, now=now)
    units = [each.unit for each in found if each.excluded is None]
    drawn = draw(units, campaign.holdout_share, campaign.seed)
    variants = _assign(campaign, drawn)
    plan = PlanView(
        fixed=False,
        treated=len(drawn.treated),
        holdout=len(drawn.holdout),
        excluded=len(found) - len(units),
        stay_out=[
            StaysOut(reason=reason, stores=stores)
            for reason, stores in sorted(Counter(each.excluded for each in found if each.excluded).items())
        ],
        strata=_strata(drawn),
        balance=[BalanceView.model_validate(each._asdict()) for each in balance(units, drawn)],
        detectable_percent=detectable_percent(units, drawn),
        overlaps=await queries.overlaps(conn, campaign, [each.store_id for each in units]),
        variants=[_variant(each.name, variants, units, drawn) for each in campaign.variants],
    )
    return plan, _stores(found, drawn, variants)


def _assign(campaign: CampaignView, drawn: Draw) -> dict[str, str]:
    shares = {each.name: each.share for each in campaign.variants}
    return assign(drawn, shares, campaign.seed) if shares else {}


def _variant(name: str, variants: Mapping[str, str], units: Sequence[Unit], drawn: Draw) -> VariantView:
    """Compare the stores of one variant with those held out, as if they were the whole campaign."""
    own = drawn._replace(treated=[each for each in drawn.treated if variants[each] == name])
    compared = {*own.treated, *own.holdout}
    before = balance(units, own)[0]
    return VariantView(
        name=name,
        stores=len(own.treated),
        before_mean=before.treated_mean,
        standardised_difference=before.standardised_difference,
        detectable_percent=detectable_percent([each for each in units if each.store_id in compared], own),
    )


def _strata(drawn: Draw) -> list[StratumView]:
    treated = Counter(drawn.strata[each] for each in drawn.treated)
    holdout = Counter(drawn.strata[each] for each in drawn.holdout)
    return [
        StratumView(stratum=each, treated=treated[each], holdout=holdout[each])
        for each in sorted(set(drawn.strata.values()))
    ]


def _stores(found: Sequence[Candidate], drawn: Draw, variants: Mapping[str, str]) -> list[StoreView]:
    held = set(drawn.holdout)
    return [_store(each, drawn, variants, held=each.unit.store_id in held) for each in found]


def _store(candidate: Candidate, drawn: Draw, variants: Mapping[str, str], *, held: bool) -> StoreView:
    unit: Unit = candidate.unit
    part = "holdout" if held else "treated"
    return StoreView(
        variant=variants.get(unit.store_id),
        store_id=unit.store_id,
        part="excluded" if candidate.excluded else part,
        reason=candidate.excluded,
        stratum=drawn.strata.get(unit.store_id),
        basis=candidate.basis,
        before_sticks=unit.before_sticks,
    )
