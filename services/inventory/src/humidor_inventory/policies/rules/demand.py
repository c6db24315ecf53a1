"""Which distribution demand has, and why; what it comes to over an interval.

Classes by the average interval between days with demand (ADI, cut 1.32) and the squared coefficient of
variation of the demand of those days (CV², cut 0.49): A. Syntetos, J. Boylan and J. Croston (2005), On the
categorization of demand patterns, J. Oper. Res. Soc. 56.
"""

from collections.abc import Sequence
from math import exp, floor, sqrt

import msgspec

from humidor_inventory.policies.rules.distributions import Distribution, Empirical, Fixed, build
from humidor_inventory.policies.rules.quantiles import Quantiles, from_quantiles, stretch

SHORTEST_DAYS = 1e-6
"""A tenth of a second: what is shorter is no time at all."""
ADI_CUT = 1.32
CV2_CUT = 0.49
FAST_PER_DAY = 10.0
"""From here on one unit more or less does not matter, and a smooth product is taken as normal."""
POISSON_FROM = 0.9
"""Below this variance per mean, demand of a unit or more a day varies too little for Poisson."""
TAIL_INTERVALS = 1.0
"""So many independent intervals beyond the asked service make a history worth following."""
MOST_SKEW = 0.5
SPREAD_BAND = (0.75, 1.33)
"""Sums of intervals may vary so much against independent days, and be so skewed, to be taken as normal."""


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """The chosen family, with the figures that led there."""

    family: str
    reason: str
    demand_class: str
    adi: float
    cv2: float


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """Demand per day and the lead time it is to be covered for; variances in unit² and day²."""

    mean: float
    variance: float
    shape: Shape
    lead_time_variance: float = 0.0
    history: tuple[float, ...] = ()
    quantiles: tuple[tuple[float, float], ...] = ()
    covers_days: float = 0.0
    spans: tuple[tuple[float, tuple[tuple[float, float], ...]], ...] = ()
    """Quantiles of other intervals, each with its days, the shortest first."""

    def over(self, days: float) -> Distribution:
        """Demand of an interval with the lead time in it: mean d t, variance t sd² + d² sd_L².

        10 a day with deviation 3 over 4 days with lead time deviation 1: 40, 36 + 100.
        """
        if days < SHORTEST_DAYS:
            return Fixed(0.0)
        if self.shape.family == "quantiles":
            return self._stretched(days)
        if self.shape.family == "empirical":
            return _windows(self.history, days, sqrt(self.lead_time_variance))
        return build(self.shape.family, self.mean * days, self._variance(days))

    def cycle(self, days: float) -> Distribution:
        """Demand of an interval without any lead time."""
        return msgspec.structs.replace(self, lead_time_variance=0.0).over(days)

    def _variance(self, days: float) -> float:
        variance = self.mean if self.shape.family == "poisson" else self.variance
        return days * variance + self.mean**2 * self.lead_time_variance

    def _stretched(self, days: float) -> Distribution:
        """The same, of quantiles: averages of those of three lengths, widened by how their means differ."""
        lengths = _lengths(days, sqrt(self.lead_time_variance))
        parts = [(self._of_length(length), weight) for length, weight in lengths]
        if len(parts) == 1:
            return parts[0][0]
        mean = sum(part.mean * weight for part, weight in parts)
        between = sum((part.mean - mean) ** 2 * weight for part, weight in parts)
        points = [
            (chance, sum(part.quantile(chance) * weight for part, weight in parts))
            for chance, _ in self.quantiles
        ]
        own = from_quantiles(points).variance
        return stretch(points, 1.0, sqrt(1.0 + between / own) if own > 0 else 1.0)

    def _of_length(self, days: float) -> Quantiles:
        covers, points = nearest_span(self.spans, days) or (self.covers_days, self.quantiles)
        return stretch(points, days / covers)


def nearest_span(
    spans: Sequence[tuple[float, tuple[tuple[float, float], ...]]], days: float
) -> tuple[float, tuple[tuple[float, float], ...]] | None:
    """Find the shortest span of at least `days`, or the longest there is."""
    if not spans:
        return None
    return next((span for span in spans if span[0] >= days - 1e-9), spans[-1])


def moments(history: Sequence[float]) -> tuple[float, float]:
    """Mean and sample variance: (5, 10) of [2, 5, 8, 1, 9] is (5, 12.5)."""
    mean = sum(history) / len(history)
    return mean, sum((v - mean) ** 2 for v in history) / (len(history) - 1)


def quantile_moments(points: Sequence[tuple[float, float]], covers_days: float) -> tuple[float, float]:
    """Mean and variance per day of demand whose quantiles over `covers_days` these are."""
    whole = from_quantiles(points)
    return whole.mean / covers_days, whole.variance / covers_days


def intermittence(history: Sequence[float]) -> tuple[float, float]:
    """ADI and CV² of a history by day: [0, 4, 0, 2] has demand every 2 days, and CV² (1 / 3)²."""
    sizes = [v for v in history if v > 0]
    if not sizes:
        return float(len(history) + 1), 0.0
    mean = sum(sizes) / len(sizes)
    return len(history) / len(sizes), sum((v - mean) ** 2 for v in sizes) / len(sizes) / mean**2


def implied_intermittence(mean: float, variance: float) -> tuple[float, float]:
    """ADI and CV² that Poisson or negative binomial demand of this mean and variance per day has."""
    if mean <= 0:
        return 1e9, 0.0
    if variance > mean * (1 + 1e-9):
        none = (mean / variance) ** (mean * mean / (variance - mean))
    else:
        none = exp(-mean) if variance > 0 and variance >= POISSON_FROM * mean else max(0.0, 1 - mean)
    some = max(1 - none, 1e-9)
    return min(1 / some, 1e9), max(0.0, (variance + mean * mean) * some / mean**2 - 1)


def demand_class(adi: float, cv2: float) -> str:
    if adi < ADI_CUT:
        return "smooth" if cv2 < CV2_CUT else "erratic"
    return "intermittent" if cv2 < CV2_CUT else "lumpy"


class Seen(msgspec.Struct, frozen=True):
    """What the intervals of a history look like.

    `beyond`: independent intervals beyond the service asked for. `skew` of their sums, and their `spread`:
    variance against that of as many independent days.
    """

    beyond: float = 0.0
    skew: float = 0.0
    spread: float = 1.0

    @property
    def steady(self) -> bool:
        return abs(self.skew) <= MOST_SKEW and SPREAD_BAND[0] <= self.spread <= SPREAD_BAND[1]


NOTHING_SEEN = Seen()


def look(history: Sequence[float], days: float, target: float) -> Seen:
    """Look at the sums of a history over `days`, rounded to whole ones."""
    size = max(1, min(round(days), len(history) // 2))
    sums = [sum(history[i : i + size]) for i in range(len(history) - size + 1)]
    mean, variance = moments(sums)
    alone = moments(history)[1] * size
    if alone <= 0:
        return Seen()
    skew = sum((v - mean) ** 3 for v in sums) / len(sums) / variance**1.5 if variance > 1e-12 else 0.0
    return Seen(len(history) / max(days, 1.0) * (1 - target), skew, variance / alone)


def choose(
    mean: float, variance: float, pattern: tuple[float, float], seen: Seen = NOTHING_SEEN
) -> tuple[str, str]:
    """Choose a family and say why.

    Args:
        mean: Units per day.
        variance: Units² per day.
        pattern: ADI and CV².
        seen: What a history says of whole intervals.
    """
    kind = demand_class(*pattern)
    said = f"ADI {pattern[0]:.2f} (cut {ADI_CUT}) and CV² {pattern[1]:.2f} (cut {CV2_CUT}): {kind} demand"
    if mean <= 0 or variance <= 0:
        return "fixed", "demand does not vary"
    if seen.beyond >= TAIL_INTERVALS and not (kind == "smooth" and mean >= FAST_PER_DAY and seen.steady):
        told = "" if kind != "smooth" else f" of skew {seen.skew:.2f} and spread {seen.spread:.2f}"
        return "empirical", f"{said}{told}, and the history is long enough to follow what was seen"
    ratio = variance / mean
    if ratio < POISSON_FROM and mean >= 1:
        return "normal", f"{said}; the variance is {ratio:.2f} of the mean, less than any Poisson demand's"
    if kind == "smooth" and mean >= FAST_PER_DAY:
        return "normal", f"{said} of {FAST_PER_DAY:g} units a day or more"
    slow = f"{said}" if kind != "smooth" else f"{said}, but under {FAST_PER_DAY:g} units a day"
    if ratio <= 1:
        return "poisson", f"{slow}; it varies no more than Poisson demand does"
    return "negative_binomial", f"{slow}; it varies more than Poisson demand (variance / mean {ratio:.2f})"


def _lengths(days: float, lead_time_sd: float) -> list[tuple[float, float]]:
    """Three lengths and their weights, with the mean and variance of an interval whose lead time varies."""
    step = sqrt(3) * lead_time_sd
    if not step:
        return [(days, 1.0)]
    return [(max(days - step, 0.0), 1 / 6), (days, 2 / 3), (days + step, 1 / 6)]


def _windows(history: Sequence[float], days: float, lead_time_sd: float) -> Distribution:
    """Sums over all windows of the history, of three lengths where the lead time varies.

    A part of a day enters by both neighbours in proportion.
    """
    seen: dict[float, float] = {}
    for length, weight in _lengths(days, lead_time_sd):
        whole = floor(length + 1e-9)
        part = length - whole
        for size, share in ((whole, weight * (1 - part)), (whole + 1, weight * part)):
            if share > 1e-12:
                _add_sums(seen, history, size, share)
    return Empirical.of(seen)


def _add_sums(seen: dict[float, float], history: Sequence[float], size: int, share: float) -> None:
    """Add the sums over `size` days; a history shorter than that is scaled up."""
    used = min(size, len(history))
    scale = size / used if used else 0.0
    total = sum(history[:used])
    sums = [total]
    for gone, come in zip(history, history[used:], strict=False):
        total += come - gone
        sums.append(total)
    for value in sums:
        key = round(value * scale, 9) + 0.0
        seen[key] = seen.get(key, 0.0) + share / len(sums)
