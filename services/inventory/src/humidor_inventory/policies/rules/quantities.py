"""How much one order brings."""

from collections.abc import Callable
from math import ceil

from humidor_inventory.policies.rules import eoq
from humidor_inventory.policies.rules.explain import Impossible, Trail
from humidor_inventory.policies.rules.terms import DAYS_PER_YEAR, MOST_UNITS, Terms


def order_quantity(terms: Terms, trail: Trail) -> int:
    """The order quantity in whole multiples within minimum and cap; 0 where there is no demand.

    Raises:
        Impossible: There is nothing to derive it from.
    """
    if terms.demand.mean <= 0:
        return 0
    raw, cost = _raw(terms, trail)
    return _round(terms, trail, raw, cost)


def yearly(terms: Terms, trail: Trail, quantity: int, safety_stock: float) -> None:
    """Explain what ordering and holding cost a year, where the costs are known."""
    if not terms.knows_costs or quantity <= 0:
        return
    demand = terms.demand.mean * DAYS_PER_YEAR
    ordering = (terms.ordering_cost or 0.0) * demand / quantity
    holding = (terms.holding_cost or 0.0) * (quantity / 2 + max(safety_stock, 0.0))
    trail.step("ordering_cost", ordering, "minor/year", "K D / Q")
    trail.step("holding_cost_of_stock", holding, "minor/year", "h (Q / 2 + safety_stock)")


def _raw(terms: Terms, trail: Trail) -> tuple[float, Callable[[float], float] | None]:
    if terms.order_quantity is not None:
        given = trail.step("order_quantity", terms.order_quantity, terms.unit, "as given")
        return given, None
    covered = terms.cover_days or (terms.review_days if terms.policy == "min_max" else 0.0)
    economic = terms.knows_costs and (terms.policy == "eoq" or not terms.cover_days)
    if economic and not (terms.policy == "min_max" and covered):
        return _economic(terms, trail)
    if terms.policy == "eoq":
        missing = "ordering_cost_minor" if terms.holding_cost else "unit_cost_minor"
        raise Impossible(missing, "an economic quantity needs the costs of ordering, of goods and of holding")
    covered = covered or terms.review_days
    if covered <= 0:
        raise Impossible(
            "order_quantity", "give it, or cover_days, or the costs of ordering, of goods and of holding"
        )
    return trail.step("order_quantity", terms.demand.mean * covered, terms.unit, f"d {covered:g} days"), None


def _economic(terms: Terms, trail: Trail) -> tuple[float, Callable[[float], float]]:
    demand = trail.step(
        "demand_per_year", terms.demand.mean * DAYS_PER_YEAR, f"{terms.unit}/year", "D = 365 d"
    )
    ordering, holding = terms.ordering_cost or 0.0, terms.holding_cost or 0.0
    trail.step("holding_cost", holding, f"minor/{terms.unit}/year", "h = holding_rate unit_cost")
    if terms.policy == "eoq" and terms.price_bands:
        return _banded(terms, trail, demand)
    if terms.policy == "eoq" and terms.backorder_cost:
        back = terms.backorder_cost
        best, share, least = eoq.with_backorders(ordering, holding, back, demand)
        trail.step("eoq", best, terms.unit, "sqrt(2 K D (h + p) / (h p))")
        trail.step("share_backordered", share, "1", "h / (h + p)")
        trail.step("eoq_cost", least, "minor/year", "sqrt(2 K D h p / (h + p))")
        return best, lambda q: eoq.cost(q, ordering, holding * back / (holding + back), demand)
    best = trail.step("eoq", eoq.order_quantity(ordering, holding, demand), terms.unit, "sqrt(2 K D / h)")
    trail.step("eoq_cost", eoq.cost(best, ordering, holding, demand), "minor/year", "K D / Q + h Q / 2")
    return best, lambda q: eoq.cost(q, ordering, holding, demand)


def _banded(terms: Terms, trail: Trail, demand: float) -> tuple[float, Callable[[float], float]]:
    ordering, rate = terms.ordering_cost or 0.0, terms.holding_rate or 0.0
    find = eoq.all_units_discount if terms.discount == "all_units" else eoq.incremental_discount
    best = find(ordering, rate, demand, terms.price_bands)
    trail.step("eoq", best.quantity, terms.unit, f"best of the bands, {terms.discount} discount")
    trail.step("price_band", terms.price_bands[best.band][0], terms.unit, "the band starts here")
    trail.step("eoq_cost", best.cost, "minor/year", "goods, ordering and holding")
    bands, paid = terms.price_bands, terms.discount == "incremental"
    return best.quantity, lambda q: eoq.banded_cost(q, (ordering, rate, demand), bands, incremental=paid)


def _round(terms: Terms, trail: Trail, raw: float, cost: Callable[[float], float] | None) -> int:
    multiple = terms.order_multiple
    if raw > MOST_UNITS:
        raise Impossible("ordering_cost_minor", "the order quantity is more than stock can hold")
    up = ceil(raw / multiple - 1e-9) * multiple
    within = (multiple, MOST_UNITS)
    rounded = up if cost is None else eoq.round_to_multiple(raw, multiple, within, cost)
    reason = f"whole multiples of {multiple}" + ("" if cost is None else ", the cheaper neighbour")
    trail.adjust("rounding", raw, rounded, reason)
    least = max(rounded, terms.minimum)
    trail.adjust("minimum_order", rounded, least, f"at least {terms.minimum_order} an order")
    most = terms.most
    final = least if most is None else min(least, most)
    trail.adjust("supply_cap", least, final, f"at most {terms.supply_cap} an order")
    if cost is not None and final != raw and cost(raw) > 0 and final > 0:
        trail.step("cost_of_rounding", cost(final) - cost(raw), "minor/year", "cost(Q) - cost(eoq)")
    return final
