"""One policy from its terms to an answer that explains itself."""

from collections.abc import Callable

import msgspec

from humidor_inventory.policies.rules import periodic
from humidor_inventory.policies.rules.answers import FORMULAS, answer_of, point_step, summarise
from humidor_inventory.policies.rules.explain import Answer, LevelFigures, Reached, Trail
from humidor_inventory.policies.rules.quantities import order_quantity, yearly
from humidor_inventory.policies.rules.service_level import (
    Protection,
    Spread,
    fill_of_point,
    least,
    protection_of,
    spread_by_renewal,
    spread_evenly,
)
from humidor_inventory.policies.rules.terms import Terms, check


def calculate(terms: Terms) -> Answer:
    """Calculate a policy.

    Raises:
        Impossible: An input contradicts another or lacks; it is named.
    """
    check(terms)
    trail = Trail(terms.unit)
    summarise(terms, trail)
    if terms.policy == "newsvendor":
        return periodic.newsvendor(terms, trail)
    if terms.policy == "R_S":
        return periodic.order_up_to(terms, trail)
    return _by_point(terms, trail)


def _by_point(terms: Terms, trail: Trail) -> Answer:
    """Policies that order when the position falls to a point: (r, Q), (s, S), min-max, EOQ."""
    quantity = order_quantity(terms, trail)
    protection = protection_of(terms)
    to_level = terms.policy in {"s_S", "min_max"}

    spread: Spread = ()
    if quantity and terms.review_days > 0:
        evenly = spread_evenly(quantity, whole=protection.whole.whole)
        spread = spread_by_renewal(protection.cycle, quantity) if to_level else evenly

    def reached(point: float) -> float:
        if terms.service_kind == "cycle":
            return protection.whole.below(point)
        return fill_of_point(protection, point, quantity, spread)

    point = _point(terms, trail, protection, reached)
    safety = trail.step(
        "safety_stock", point - protection.whole.mean, terms.unit, "reorder_point - mean over the interval"
    )
    yearly(terms, trail, quantity, safety)
    service = _service(terms, protection, (point, reached(point)), spread)
    none = quantity == 0
    # A suggestion lifts the position above the point in whole multiples: with Q for them that is (r, nQ).
    fixed = LevelFigures(
        reorder_point=point,
        order_up_to=point if none else point + 1,
        order_multiple=max(quantity, terms.order_multiple),
        minimum_order=quantity,
    )
    moving = LevelFigures(
        reorder_point=point,
        order_up_to=point + quantity,
        order_multiple=terms.order_multiple,
        minimum_order=0 if none else terms.minimum_order,
    )
    return answer_of(
        terms, trail, (point, point + quantity, quantity), (safety, service, moving if to_level else fixed)
    )


def _point(terms: Terms, trail: Trail, protection: Protection, reached: Callable[[float], float]) -> int:
    target = terms.service_target
    if target is None:
        return point_step(trail, protection.whole.mean, "d (L + R): no service level was asked for")
    if terms.service_kind == "cycle":
        return point_step(trail, protection.whole.quantile(target), "quantile of demand at the service level")
    point = least(reached, target, protection.whole.mean)
    trail.step("shortage", protection.whole.shortage(point), terms.unit, "G(reorder_point) = E[(X - r)+]")
    return point_step(trail, point, "the least whole point whose fill rate is the one asked for")


def _service(terms: Terms, protection: Protection, found: tuple[int, float], spread: Spread) -> Reached:
    point, free = found
    kind = terms.service_kind or "cycle"
    if terms.supply_cap is not None and terms.review_days > 0 and spread:
        capped = msgspec.structs.replace(terms, service_kind=kind)
        return periodic.under_cap(capped, protection, point, spread)
    if terms.service_target is None:
        free = protection.whole.below(point)
    note = FORMULAS[terms.policy].service
    if terms.supply_cap is not None:
        note = "The cap holds for one order, and the next may follow at once: it costs orders, not service."
    return Reached(kind=kind, asked=terms.service_target, reached=free, note=note)
