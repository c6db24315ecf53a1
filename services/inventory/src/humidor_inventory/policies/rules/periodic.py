"""Policies that order once a review period: (R, S) and the newsvendor; what a supply cap takes from them."""

from functools import partial
from math import ceil

import msgspec

from humidor_inventory.policies.rules import newsvendor as nv
from humidor_inventory.policies.rules.answers import FORMULAS, answer_of, point_step
from humidor_inventory.policies.rules.cap import shortfall
from humidor_inventory.policies.rules.explain import Answer, Impossible, LevelFigures, Reached, Trail
from humidor_inventory.policies.rules.service_level import (
    HERE,
    Protection,
    Spread,
    average,
    blend,
    fill_of_level,
    fill_of_point,
    least,
    protection_of,
)
from humidor_inventory.policies.rules.terms import DAYS_PER_YEAR, MOST_UNITS, Terms


def order_up_to(terms: Terms, trail: Trail) -> Answer:
    """(R, S): at every review order up to S."""
    protection = protection_of(terms)
    target = terms.service_target or 0.0
    if terms.service_kind == "cycle":
        reached = protection.whole.below
        formula = "quantile of demand over L + R at the service level"
        level = point_step(trail, protection.whole.quantile(target), formula, "order_up_to")
    else:
        reached = partial(fill_of_level, protection)
        found = least(reached, target, protection.whole.mean)
        trail.step("shortage", protection.backlog(found), terms.unit, "G_{L+R}(S) - G_L(S)")
        level = point_step(trail, found, "the least whole level whose fill rate is asked for", "order_up_to")
    safety = trail.step(
        "safety_stock", level - protection.whole.mean, terms.unit, "order_up_to - mean over the interval"
    )
    service = under_cap(terms, protection, level, HERE)
    return answer_of(terms, trail, (max(0, level - 1), level, None), (safety, service, _level(terms, level)))


def under_cap(terms: Terms, protection: Protection, level: int, spread: Spread) -> Reached:
    """What the level gives, and what a cap per review period takes from it.

    `spread` says where reviews leave the position, seen from `level`.
    """
    kind, asked = terms.service_kind or "cycle", terms.service_target

    def reached(base: int, positions: Spread, late: Spread) -> float:
        if kind == "cycle":
            return average(protection.whole.below, base, late)
        return fill_of_point(protection, base, 0, positions)

    free = reached(level, spread, HERE)
    if terms.most is None:
        return Reached(kind=kind, asked=asked, reached=free, note=FORMULAS[terms.policy].service)
    behind = shortfall(protection.cycle, terms.most)
    if not behind.lasting:
        share = terms.most / protection.cycle.mean if kind == "fill" else 0.0
        kept = min(free, share)
        note = "The cap is less than the demand of a cycle: no level makes up for it."
        return _capped(kind, asked, (free, kept, None), note)

    late = tuple((-amount, share) for amount, share in behind.spread)
    positions = blend(spread, behind.spread)

    def capped(base: int) -> float:
        return reached(base, positions, late)

    kept = min(free, capped(level))
    extra = None if asked is None else max(0, least(capped, min(asked, free), level) - level)
    note = f"Under the cap the position stays below its level by {behind.mean:.2f} {terms.unit} on average."
    if level >= MOST_UNITS // 2 or (extra or 0) >= MOST_UNITS // 2:
        extra = None
    return _capped(kind, asked, (free, kept, extra), note)


def newsvendor(terms: Terms, trail: Trail) -> Answer:
    """The quantile of the period's demand where one unit more costs as much as one less."""
    period = min(terms.review_days, terms.shelf_life_days or terms.review_days)
    if period < terms.review_days:
        trail.step("selling_period", period, "day", "shelf life, shorter than the review period")
    protection = protection_of(terms, period)
    whole = protection.whole
    ratio, costs = _ratio(terms, trail, period)
    level = point_step(trail, whole.quantile(ratio), "quantile of demand at the critical ratio", "quantity")
    level = _in_multiples(terms, trail, level)
    uncapped = level
    if terms.most is not None and terms.lead_time_days == 0:
        level = min(level, terms.most)
        trail.adjust("supply_cap", uncapped, level, f"at most {terms.supply_cap} an order")
    if costs:
        spent = nv.cost(level, whole, *costs)
        trail.step("cost_per_period", spent, "minor", "co E[(q - X)+] + cu E[(X - q)+]")
        if level < uncapped:
            lost = spent - nv.cost(uncapped, whole, *costs)
            trail.step("cost_of_cap", lost, "minor", "cost(cap) - cost(q)")
    safety = trail.step("safety_stock", level - whole.mean, terms.unit, "quantity - mean over the interval")
    service = _sold(terms, protection, (level, uncapped))
    return answer_of(terms, trail, (max(0, level - 1), level, level), (safety, service, _level(terms, level)))


def _sold(terms: Terms, protection: Protection, levels: tuple[int, int]) -> Reached:
    level, uncapped = levels
    note = FORMULAS["newsvendor"].service
    if terms.lead_time_days > 0:
        filled = msgspec.structs.replace(terms, service_kind="fill", service_target=None)
        return under_cap(filled, protection, level, HERE)
    kept = nv.served(level, protection.whole)
    if terms.most is None:
        return Reached(kind="fill", asked=None, reached=kept, note=note)
    return _capped("fill", None, (nv.served(uncapped, protection.whole), kept, None), note)


def _ratio(terms: Terms, trail: Trail, period: float) -> tuple[float, tuple[float, float] | None]:
    """The critical ratio from costs, or from the service level where costs are not given."""
    margin = None if terms.price is None or terms.unit_cost is None else terms.price - terms.unit_cost
    if margin is None and terms.stockout_cost is None:
        if terms.service_target is None or terms.service_kind != "cycle":
            raise Impossible("stockout_cost_minor", "give it, or price_minor, or a cycle service level")
        return trail.step("critical_ratio", terms.service_target, "1", "as asked for"), None
    underage = (margin or 0.0) + (terms.stockout_cost or 0.0)
    if terms.salvage is not None and terms.unit_cost is not None:
        overage, said = terms.unit_cost - terms.salvage, "unit_cost - salvage"
    elif terms.holding_cost is not None:
        overage, said = terms.holding_cost * period / DAYS_PER_YEAR, "holding cost of the period"
    else:
        raise Impossible("salvage_minor", "the cost of one unit too much: salvage_minor with unit_cost_minor")
    if underage <= 0:
        raise Impossible("price_minor", "a sale brings nothing, so nothing is worth ordering")
    if overage <= 0:
        raise Impossible(
            "holding_rate_per_year", "one unit too much costs nothing, so there is no best quantity"
        )
    trail.step("underage_cost", underage, f"minor/{terms.unit}", "cu = price - unit_cost + stockout_cost")
    trail.step("overage_cost", overage, f"minor/{terms.unit}", f"co = {said}")
    ratio = trail.step("critical_ratio", nv.critical_ratio(underage, overage), "1", "cu / (cu + co)")
    return ratio, (underage, overage)


def _in_multiples(terms: Terms, trail: Trail, level: int) -> int:
    """One order fills an empty shelf where there is no lead time, so it is a whole multiple."""
    if terms.lead_time_days > 0 or level == 0:
        return level
    rounded = max(ceil(level / terms.order_multiple) * terms.order_multiple, terms.minimum)
    trail.adjust(
        "rounding", level, rounded, f"whole multiples of {terms.order_multiple}, at least the minimum"
    )
    return rounded


def _level(terms: Terms, level: int) -> LevelFigures:
    """At every review a position below S is brought up to it."""
    return LevelFigures(
        reorder_point=max(0, level - 1),
        order_up_to=level,
        order_multiple=terms.order_multiple,
        minimum_order=0 if level == 0 else terms.minimum_order,
    )


def _capped(kind: str, asked: float | None, figures: tuple[float, float, int | None], note: str) -> Reached:
    free, kept, extra = figures
    return Reached(
        kind=kind,
        asked=asked,
        reached=kept,
        without_cap=free,
        lost_to_cap=free - kept,
        extra_stock_to_make_up=extra,
        note=note,
    )
