"""Distributions of the demand of an interval: probability, quantile and expected shortage.

Every number is in the unit of the calculation. `shortage(x)` is E[(X - x)+], the demand that a position of x
is expected to leave unserved; at x < 0 it counts the backlog as well.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from itertools import accumulate
from math import ceil, floor, inf, sqrt
from typing import Protocol

import msgspec

from humidor_inventory.policies.rules import functions as fn


class Distribution(Protocol):
    """Demand of an interval."""

    @property
    def family(self) -> str: ...
    @property
    def mean(self) -> float: ...
    @property
    def variance(self) -> float: ...
    @property
    def whole(self) -> bool:
        """Whether it takes whole numbers only."""
        ...

    def below(self, x: float) -> float:
        """P(X <= x)."""
        ...

    def quantile(self, probability: float) -> float:
        """The smallest x >= 0 with P(X <= x) >= probability."""
        ...

    def shortage(self, x: float) -> float:
        """E[(X - x)+]."""
        ...


class Fixed(msgspec.Struct, frozen=True):
    """Demand that does not vary."""

    mean: float
    family: str = "fixed"
    variance: float = 0.0
    whole: bool = False

    def below(self, x: float) -> float:
        return 1.0 if x >= self.mean - 1e-9 else 0.0

    def quantile(self, probability: float) -> float:
        del probability
        return self.mean

    def shortage(self, x: float) -> float:
        return max(self.mean - x, 0.0)


class Normal(msgspec.Struct, frozen=True):
    """E[(X - x)+] = sd G((x - mean) / sd)."""

    mean: float
    sd: float
    family: str = "normal"
    whole: bool = False

    @property
    def variance(self) -> float:
        return self.sd * self.sd

    def below(self, x: float) -> float:
        return fn.normal_below((x - self.mean) / self.sd)

    def quantile(self, probability: float) -> float:
        return max(0.0, self.mean + self.sd * fn.normal_score(probability))

    def shortage(self, x: float) -> float:
        z = (x - self.mean) / self.sd
        return self.sd * fn.normal_loss(z) if z > -30 else self.mean - x


class Poisson(msgspec.Struct, frozen=True):
    """E[(X - x)+] = mean P(X > k - 1) - x P(X > k) with k the whole part of x."""

    mean: float
    family: str = "poisson"
    whole: bool = True

    @property
    def variance(self) -> float:
        return self.mean

    def below(self, x: float) -> float:
        return 1.0 - fn.poisson_above(floor(x + 1e-9), self.mean)

    def quantile(self, probability: float) -> float:
        return _search(self, probability)

    def shortage(self, x: float) -> float:
        if x <= 0:
            return self.mean - x
        k = floor(x)
        return max(0.0, self.mean * fn.poisson_above(k - 1, self.mean) - x * fn.poisson_above(k, self.mean))


class NegativeBinomial(msgspec.Struct, frozen=True):
    """Whole demand that varies more than Poisson; p = mean / variance, size = mean² / (variance - mean)."""

    mean: float
    variance: float
    family: str = "negative_binomial"
    whole: bool = True

    @property
    def size(self) -> float:
        return self.mean * self.mean / (self.variance - self.mean)

    def below(self, x: float) -> float:
        return 1.0 - self._above(floor(x + 1e-9), 0)

    def quantile(self, probability: float) -> float:
        return _search(self, probability)

    def shortage(self, x: float) -> float:
        """E[(X - x)+] = mean P(Y > k - 1) - x P(X > k), Y with a size greater by 1, k the whole part of x."""
        if x <= 0:
            return self.mean - x
        k = floor(x)
        return max(0.0, self.mean * self._above(k - 1, 1) - x * self._above(k, 0))

    def _above(self, k: float, more: int) -> float:
        return fn.negative_binomial_above(k, self.size + more, self.mean / self.variance)


class Empirical(msgspec.Struct, frozen=True):
    """What was seen: `values` in rising order, with the share and the sum of all from each of them on."""

    values: tuple[float, ...]
    shares: tuple[float, ...]
    sums: tuple[float, ...]
    mean: float
    variance: float
    family: str = "empirical"
    whole: bool = False

    @classmethod
    def of(cls, seen: Mapping[float, float]) -> "Empirical":
        """Make it from the share of each value."""
        values = sorted(seen)
        shares = list(accumulate((seen[v] for v in reversed(values)), initial=0.0))[::-1]
        sums = list(accumulate((v * seen[v] for v in reversed(values)), initial=0.0))[::-1]
        variance = sum((v - sums[0]) ** 2 * seen[v] for v in values)
        return cls(tuple(values), tuple(shares), tuple(sums), sums[0], variance)

    def below(self, x: float) -> float:
        return max(0.0, 1.0 - self.shares[bisect_right(self.values, x + 1e-9)])

    def quantile(self, probability: float) -> float:
        found = bisect_left(range(len(self.values) - 1), True, key=lambda i: self._reaches(i, probability))
        return self.values[found]

    def shortage(self, x: float) -> float:
        i = bisect_right(self.values, x)
        return max(0.0, self.sums[i] - x * self.shares[i])

    def _reaches(self, i: int, probability: float) -> bool:
        return 1.0 - self.shares[i + 1] >= probability - 1e-12


def _search(demand: Distribution, probability: float) -> float:
    """Find the smallest whole x with P(X <= x) >= probability by halving a bracket."""
    sd = sqrt(demand.variance)
    low, high = -1, max(1, ceil(demand.mean + sd))
    while demand.below(high) < probability:
        low, high = high, high + max(1, ceil(2 * sd), high // 8)
    while high - low > 1:
        middle = (low + high) // 2
        if demand.below(middle) < probability:
            low = middle
        else:
            high = middle
    return float(high)


def build(family: str, mean: float, variance: float) -> Distribution:
    """Build the distribution with this mean and variance; whole families fall back on what can have them.

    A negative binomial variable varies more than a Poisson one, so with no more variance than the mean it
    becomes Poisson; without any variance demand is fixed.
    """
    if mean <= 0 or variance <= 1e-18 * mean * mean:
        return Fixed(max(mean, 0.0))
    if family == "normal":
        return Normal(mean, sqrt(variance))
    if variance <= mean * (1 + 1e-9) or mean * mean / (variance - mean) == inf:
        return Poisson(mean)
    return NegativeBinomial(mean, variance)
