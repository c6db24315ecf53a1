"""One order for one period: too little loses a sale, too much loses value.

F. Edgeworth (1888); K. Arrow, T. Harris and J. Marschak (1951); Snyder and Shen (2019), ch. 4.
"""

from humidor_inventory.policies.rules.distributions import Distribution


def critical_ratio(underage: float, overage: float) -> float:
    """Cu / (cu + co): 0.7955 for 0.70 and 0.18."""
    return underage / (underage + overage)


def quantity(demand: Distribution, underage: float, overage: float) -> float:
    """Demand at the critical ratio: 56.6040 for N(50, 8), 0.70 and 0.18; 56 for Poisson(50)."""
    return demand.quantile(critical_ratio(underage, overage))


def cost(ordered: float, demand: Distribution, underage: float, overage: float) -> float:
    """Co E[(q - X)+] + cu E[(X - q)+]: 2.1562 at 60 for N(50, 8), 0.70 and 0.18."""
    short = demand.shortage(ordered)
    left = ordered - demand.mean + short
    return overage * left + underage * short


def profit(ordered: float, demand: Distribution, price: float, unit_cost: float, salvage: float) -> float:
    """Expected profit (r - c) mean - cost: 33.0024 at 56.6040 for N(50, 8), r 1, c 0.3, v 0.12."""
    margin = price - unit_cost
    return margin * demand.mean - cost(ordered, demand, margin, unit_cost - salvage)


def served(ordered: float, demand: Distribution) -> float:
    """The share of demand that `ordered` serves; 1 where there is none."""
    return 1.0 if demand.mean <= 0 else max(0.0, min(1.0, 1 - demand.shortage(ordered) / demand.mean))
