"""The service that a position gives, and the least position that gives the service asked for.

Demand that cannot be met waits (backorders); where it is lost instead, more is served than said here.
Cycle service alpha: P(demand of the protection interval <= level). Fill rate beta: 1 - expected shortage /
expected demand, by the loss function: G. Hadley and T. Whitin, Analysis of Inventory Systems (1963), ch. 4-5;
S. Axsäter, Inventory Control (3rd ed. 2015), ch. 5-6.
"""

from collections.abc import Callable
from itertools import pairwise
from math import ceil, floor

from humidor_inventory.policies.rules.distributions import Distribution
from humidor_inventory.policies.rules.terms import MOST_UNITS, Terms

# Gauss-Legendre points and weights of (0, 1).
_NODES = (
    (0.019855071751232, 0.050614268145188),
    (0.101666761293187, 0.111190517226687),
    (0.237233795041836, 0.156853322938944),
    (0.408282678752175, 0.181341891689181),
    (0.591717321247825, 0.181341891689181),
    (0.762766204958164, 0.156853322938944),
    (0.898333238706813, 0.111190517226687),
    (0.980144928248768, 0.050614268145188),
)
_FEW = 8
_STRATA = 48
_GROUPS = 64

Spread = tuple[tuple[float, float], ...]
"""Positions above a reorder point, each with its share."""
HERE: Spread = ((0.0, 1.0),)


class Protection:
    """What an order has to last for: the lead time, and one review period more."""

    def __init__(self, *, lead: Distribution, whole: Distribution, cycle: Distribution) -> None:
        self.lead = lead
        self.whole = whole
        self.cycle = cycle
        self._known: dict[float, float] = {}

    def backlog(self, position: float) -> float:
        """Expected new shortage of one review period that starts at `position`: G_{L+R} - G_L.

        Of whole demand it is a straight line between whole positions, of which few are asked for again and
        again.
        """
        if not self.whole.whole:
            return max(0.0, self.whole.shortage(position) - self.lead.shortage(position))
        low = floor(position)
        at = self._at(low)
        return at if position == low else at + (position - low) * (self._at(low + 1) - at)

    def _at(self, position: int) -> float:
        if position not in self._known:
            short = self.whole.shortage(position) - self.lead.shortage(position)
            self._known[position] = max(0.0, short)
        return self._known[position]


def protection_of(terms: Terms, review_days: float | None = None) -> Protection:
    review = terms.review_days if review_days is None else review_days
    return Protection(
        lead=terms.demand.over(terms.lead_time_days),
        whole=terms.demand.over(terms.lead_time_days + review),
        cycle=terms.demand.cycle(review),
    )


def fill_of_level(protection: Protection, level: float) -> float:
    """Fill rate of (R, S): 1 - (G_{L+R}(S) - G_L(S)) / (d R)."""
    return fill_of_point(protection, level, 0, HERE)


def fill_of_point(protection: Protection, point: float, quantity: float, spread: Spread) -> float:
    """Fill rate of a reorder point.

    Continuous review: 1 - (G_L(r) - G_L(r + Q)) / Q. Periodic review: 1 - the average of G_{L+R}(y) - G_L(y)
    over the positions y that reviews leave, `spread` above the point, divided by d R.
    """
    per_review = protection.cycle.mean
    if protection.whole.mean <= 0:
        return 1.0
    if per_review > 0:
        short = average(protection.backlog, point, spread) / per_review
    elif quantity > 0:
        short = (protection.lead.shortage(point) - protection.lead.shortage(point + quantity)) / quantity
    else:
        short = 0.0
    return max(0.0, min(1.0, 1 - short))


def average(curve: Callable[[float], float], point: float, spread: Spread) -> float:
    """Average a curve over positions around a point."""
    return sum(weight * curve(point + above) for above, weight in spread)


def blend(spread: Spread, lower: Spread) -> Spread:
    """Spread positions that lie lower by an independent amount, in no more than 64 groups."""
    pairs = ((above - late, w * v) for above, w in spread for late, v in lower)
    both = sorted(pair for pair in pairs if pair[1] > 1e-12)
    groups: list[tuple[float, float]] = []
    total, weight = 0.0, 0.0
    for above, share in both:
        total, weight = total + above * share, weight + share
        if weight >= 1 / _GROUPS or len(both) <= _GROUPS:
            groups.append((total / weight, weight))
            total, weight = 0.0, 0.0
    return (*groups, (total / weight, weight)) if weight > 0 else tuple(groups)


def spread_evenly(quantity: int, *, whole: bool) -> Spread:
    """Where (r, nQ) leaves the position above r: evenly over (0, Q], as the sum of any demand modulo Q is."""
    if whole and quantity <= _FEW:
        return tuple((float(i), 1 / quantity) for i in range(1, quantity + 1))
    shift = 0.5 if whole else 0.0
    return tuple((shift + node * quantity, weight) for node, weight in _NODES)


def spread_by_renewal(cycle: Distribution, quantity: int) -> Spread:
    """Where (s, S) leaves the position above s: S less what reviews since the last order have seen.

    With m(0) = 1 / (1 - f(0)) and m(j) = sum of f(i) m(j - i), position S - j has the share m(j) / sum(m):
    A. Veinott and H. Wagner (1965), Computing optimal (s, S) inventory policies, Manag. Sci. 11. More than 48
    positions are taken in 48 strata.
    """
    strata = min(quantity, _STRATA)
    # The last stratum ends at the reorder point, so that what falls below it orders.
    width = 1.0 if strata == quantity else quantity / (strata - 0.5)
    edges = [cycle.below((j + 0.5) * width) for j in range(strata)]
    mass = [edges[0]] + [max(0.0, b - a) for a, b in pairwise(edges)]
    if mass[0] >= 1 - 1e-9:
        return spread_evenly(quantity, whole=cycle.whole)
    visits: list[float] = []
    for j in range(strata):
        seen = sum(mass[i] * visits[j - i] for i in range(1, j + 1))
        visits.append((seen + (1.0 if j == 0 else 0.0)) / (1 - mass[0]))
    total = sum(visits)
    return tuple((quantity - j * width, visit / total) for j, visit in enumerate(visits))


def least(reached: Callable[[int], float], target: float, start: float) -> int:
    """Find the least whole level of 0 or more at which `reached`, which rises with it, is `target`.

    The search ends at what a level may hold.
    """
    low, high = -1, max(1, ceil(start))
    while reached(high) < target and high < MOST_UNITS:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if reached(middle) < target:
            low = middle
        else:
            high = middle
    return high
