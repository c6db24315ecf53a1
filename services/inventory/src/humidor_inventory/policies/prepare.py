"""Turns what a caller gave, and what is known of the product, into the terms of a calculation."""

from collections.abc import Mapping
from itertools import pairwise
from math import lcm
from typing import Any

import msgspec

from humidor_inventory.policies.amounts import DemandInput
from humidor_inventory.policies.rules import demand as rules
from humidor_inventory.policies.rules.calculate import calculate
from humidor_inventory.policies.rules.demand import Demand, Shape
from humidor_inventory.policies.rules.explain import Impossible
from humidor_inventory.policies.rules.terms import Terms
from humidor_inventory.policies.schemas import PolicyAnswer, PolicyInput
from humidor_inventory.policies.told import Told, sourced
from humidor_inventory.units.rules import Factors

_NOT_INPUTS = {"demand", "service", "auto_approve", "policy", "unit"}


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What the product and its supplier say where the caller says nothing."""

    told: Told | None = None
    lead_time_days: float | None = None
    lead_time_sd_days: float | None = None
    order_multiple_packs: int | None = None
    shelf_life_days: float | None = None
    factors: Factors | None = None


NOTHING = Known()


def answer(given: PolicyInput, known: Known = NOTHING) -> PolicyAnswer:
    """Calculate one policy.

    Raises:
        Impossible: There is no answer; it names the field.
    """
    terms = prepare(given, known)
    found: Mapping[str, Any] = msgspec.to_builtins(calculate(terms))
    used = {
        **given.model_dump(mode="json", exclude_defaults=True),
        "lead_time_days": terms.lead_time_days,
        "lead_time_sd_days": lead_time_sd(given, known),
        "order_multiple": terms.order_multiple,
    }
    if terms.shelf_life_days is not None:
        used["shelf_life_days"] = terms.shelf_life_days
    return PolicyAnswer(**found, inputs=used)


def prepare(given: PolicyInput, known: Known) -> Terms:
    """Fill in what is left out.

    Raises:
        Impossible: The lead time is known nowhere, or demand is not described in one way.
    """
    lead_time = known.lead_time_days if given.lead_time_days is None else given.lead_time_days
    if lead_time is None:
        raise Impossible("lead_time_days", "give it: neither the product nor its supplier has one")
    shelf_life = given.shelf_life_days or (known.shelf_life_days if given.policy == "newsvendor" else None)
    target = given.service.target if given.service else None
    return Terms(
        policy=given.policy,
        unit=given.unit,
        demand=_demand(given, known, lead_time, 0.95 if target is None else target),
        lead_time_days=lead_time,
        review_days=given.review_days,
        service_kind=given.service.kind if given.service else None,
        service_target=target,
        order_multiple=given.order_multiple or _multiple(given, known),
        minimum_order=given.minimum_order,
        supply_cap=given.supply_cap,
        order_quantity=given.order_quantity,
        cover_days=given.cover_days,
        unit_cost=given.unit_cost_minor,
        holding_rate=given.holding_rate_per_year,
        ordering_cost=given.ordering_cost_minor,
        backorder_cost=given.backorder_cost_minor_per_year,
        stockout_cost=given.stockout_cost_minor,
        price=given.price_minor,
        salvage=given.salvage_minor,
        shelf_life_days=shelf_life,
        price_bands=tuple((band.from_quantity, band.unit_cost_minor) for band in given.price_bands),
        discount=given.discount,
    )


def lead_time_sd(given: PolicyInput, known: Known) -> float:
    """The deviation of the lead time: as given, or as measured where it is left to the supplier."""
    if given.lead_time_days is None and not given.lead_time_sd_days:
        return known.lead_time_sd_days or 0.0
    return given.lead_time_sd_days


def _multiple(given: PolicyInput, known: Known) -> int:
    """The product's own order multiple, in `unit`: the least number of units that is whole multiples."""
    if known.order_multiple_packs is None or known.factors is None:
        return 1
    size = int(getattr(known.factors, given.unit))
    return lcm(known.order_multiple_packs * known.factors.pack, size) // size


def _demand(given: PolicyInput, known: Known, lead_time: float, target: float) -> Demand:
    size = int(getattr(known.factors, given.unit)) if known.factors else 1
    told, spans = sourced(given.demand, known.told, size, lead_time + given.review_days)
    points = _points(told)
    history = tuple(told.history or ())
    if points:
        covers = told.covers_days or lead_time + given.review_days
        if covers <= 0:
            raise Impossible("demand.covers_days", "say over how many days the quantiles reach")
        mean, variance = rules.quantile_moments(points, covers)
    elif history:
        covers, (mean, variance) = 0.0, rules.moments(history)
    else:
        covers, mean, variance = 0.0, told.mean_per_day or 0.0, (told.sd_per_day or 0.0) ** 2
    seen = rules.look(history, lead_time + given.review_days, target) if history else rules.NOTHING_SEEN
    shape = _shape(told, (mean, variance), seen)
    if shape.family not in {"empirical", "quantiles", "fixed"}:
        # Days that rise and fall together make an interval vary more than as many independent days.
        variance *= max(1.0, seen.spread)
    return Demand(
        mean=mean,
        variance=variance,
        shape=shape,
        lead_time_variance=lead_time_sd(given, known) ** 2,
        history=history,
        quantiles=points,
        covers_days=covers,
        spans=spans,
    )


def _points(told: DemandInput) -> tuple[tuple[float, float], ...]:
    """Check that demand is described in one way, and put quantiles into order."""
    ways = [told.mean_per_day is not None, told.history is not None, told.quantiles is not None]
    if sum(ways) != 1:
        raise Impossible("demand", "give one of mean_per_day with sd_per_day, history, quantiles")
    if told.mean_per_day is not None and told.sd_per_day is None:
        raise Impossible("demand.sd_per_day", "mean_per_day needs the deviation beside it; 0 is possible")
    if told.mean_per_day is None and told.sd_per_day is not None:
        raise Impossible("demand.sd_per_day", "it belongs to mean_per_day")
    if told.mean_per_day == 0 and told.sd_per_day:
        raise Impossible("demand.sd_per_day", "demand of 0 cannot vary")
    if told.distribution == "empirical" and told.history is None:
        raise Impossible("demand.distribution", "empirical needs the history")
    points = tuple(sorted((q.probability, q.quantity) for q in told.quantiles or ()))
    for before, after in pairwise(points):
        if before[0] == after[0]:
            raise Impossible("demand.quantiles", f"probability {after[0]:g} stands there twice")
        if before[1] > after[1]:
            raise Impossible("demand.quantiles", f"they cross at probability {after[0]:g}")
    return points


def _shape(told: DemandInput, moments: tuple[float, float], seen: rules.Seen) -> Shape:
    mean, variance = moments
    if told.history:
        adi, cv2 = rules.intermittence(told.history)
    else:
        adi, cv2 = rules.implied_intermittence(mean, variance)
    adi, cv2 = told.adi or adi, cv2 if told.cv2 is None else told.cv2
    if told.quantiles:
        family, reason = "quantiles", "the quantiles are followed as they are"
    elif told.distribution != "auto":
        family, reason = told.distribution, "as asked for"
    else:
        family, reason = rules.choose(mean, variance, (adi, cv2), seen)
    return Shape(family=family, reason=reason, demand_class=rules.demand_class(adi, cv2), adi=adi, cv2=cv2)
