"""What a supply cap costs in service.

With at most C a review period, the position stays below its level by a shortfall V' = max(0, V + D - C): a
random walk. Its mean and its chance of being 0 follow from F. Spitzer (1956), A combinatorial lemma and its
application to probability theory, with normal steps; beyond 0 it is taken as exponential, as in P. Glasserman
(1997), Bounds and asymptotics for planning critical safety stocks, Oper. Res. 45.
"""

from math import ceil, log, sqrt

import msgspec

from humidor_inventory.policies.rules import functions as fn
from humidor_inventory.policies.rules.distributions import Distribution

_MOST_TERMS = 20_000
_STRATA = 16


class Shortfall(msgspec.Struct, frozen=True):
    """How far the position stays below its level: 0 with `none`, else exponential with mean `tail`.

    Without `lasting`, the cap is less than demand, and the position falls without end.
    """

    none: float
    tail: float
    lasting: bool = True

    @property
    def mean(self) -> float:
        return (1 - self.none) * self.tail

    @property
    def spread(self) -> tuple[tuple[float, float], ...]:
        """Amounts of shortfall, each with its share."""
        if self.none >= 1 - 1e-9:
            return ((0.0, 1.0),)
        share = (1 - self.none) / _STRATA
        late = ((-self.tail * log(1 - (i + 0.5) / _STRATA), share) for i in range(_STRATA))
        return ((0.0, self.none), *late)


def shortfall(cycle: Distribution, cap: float) -> Shortfall:
    """The shortfall under a cap per review period with this demand; none where demand never exceeds it."""
    spare = cap - cycle.mean
    sd = sqrt(cycle.variance)
    if spare <= 1e-9 * cycle.mean:
        return Shortfall(0.0, 0.0, lasting=False)
    if sd <= 1e-9 * cycle.mean:
        return Shortfall(1.0, 0.0)
    drift = spare / sd
    terms = ceil((8 / drift) ** 2) + 1
    if terms <= _MOST_TERMS:
        mean, none = fn.walk_sums(drift, terms)
    else:
        mean, none = 1 / (2 * drift) - 0.5826, min(1.0, sqrt(2) * drift)
    return Shortfall(none, 0.0) if none >= 1 else Shortfall(none, sd * mean / (1 - none))
