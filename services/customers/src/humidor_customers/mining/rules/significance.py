"""Whether a figure is more than chance: exact tails, false discoveries, intervals of shares."""

from statistics import NormalDist

import numpy as np

from humidor_customers.hearing import Heard, unheard
from humidor_customers.mining.rules.baskets import Floats, Ints

_AT_ONCE = 1000


def upper_tail(observed: Ints, population: Ints, marked: Ints, drawn: Ints, heard: Heard = unheard) -> Floats:
    """Give the chance to find at least `observed` marked ones among those drawn, by Fisher's exact test.

    The time of a test grows with its counts.

    Of 10 baskets 5 hold a product, and 4 of the 6 of an evening do: P(X ≥ 4) = 55/210 = 0.262.
    """
    from scipy.stats import hypergeom

    found = np.ones(len(observed))
    some = np.flatnonzero(observed > 0)
    for begin in range(0, len(some), _AT_ONCE):
        heard(begin / len(some))
        these = some[begin : begin + _AT_ONCE]
        tails = hypergeom.sf(observed[these] - 1, population[these], marked[these], drawn[these])
        found[these] = np.clip(tails, 0.0, 1.0)
    return found


def false_discovery(p_values: Floats) -> Floats:
    """Adjust p-values of many tests at once (Benjamini & Hochberg 1995); q ≤ 0.05 keeps 5 % false at most.

    0.01, 0.02, 0.03, 0.5 become 0.04, 0.04, 0.04, 0.5.
    """
    from scipy.stats import false_discovery_control

    if not len(p_values):
        return np.zeros(0)
    found: Floats = false_discovery_control(p_values, method="bh")
    return found


def wilson(part: float, whole: float, level: float = 0.95) -> tuple[float, float] | None:
    """Give the interval of a share (Wilson 1927); None where there is nothing to take a share of.

    5 of 10 are between 0.237 and 0.763.
    """
    if whole <= 0 or not 0 <= part <= whole:
        return None
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, scale = part / whole, 1 + z * z / whole
    middle = (share + z * z / (2 * whole)) / scale
    half = z / scale * (share * (1 - share) / whole + z * z / (4 * whole * whole)) ** 0.5
    return max(middle - half, 0.0), min(middle + half, 1.0)
