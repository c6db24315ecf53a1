"""Inference where stores are few: the wild cluster bootstrap and permutations of who was treated."""

from collections.abc import Callable
from itertools import combinations
from math import comb

import numpy as np

from humidor_forecasting.uplift.panel import Flags, Values

DRAWS = 999
MOST_ENUMERATED = 5000
WEBB = np.sqrt(np.array([0.5, 1.0, 1.5]))
"""Webb's six points are these and their negatives: enough different draws for a dozen clusters."""


def group_means(changes: Values, treated: Flags, weights: Values) -> tuple[Values, Values]:
    """Give the weighted mean change of treated and other stores; `changes` may have rows of draws."""
    own, other = weights * treated, weights * ~treated
    return changes @ own / own.sum(), changes @ other / other.sum()


def robust_error(changes: Values, treated: Flags, weights: Values) -> Values:
    """Give the standard error of the difference of the two means, clustered by store (CR2).

    Each arm's squared deviations are divided by 1 less their leverage (Bell & McCaffrey 2002), so a small arm
    does not look more certain than it is. Both arms need two stores or more.
    """
    ours, others = group_means(changes, treated, weights)
    residuals = changes - np.where(treated, ours[..., None], others[..., None])
    share = np.where(treated, weights / weights[treated].sum(), weights / weights[~treated].sum())
    variance = (share**2 * residuals**2 / np.maximum(1 - share, 1e-12)).sum(axis=-1)
    return np.asarray(np.sqrt(variance))


class WildBootstrap:
    """The wild cluster bootstrap with the null imposed (Cameron, Gelbach & Miller 2008), Webb's weights."""

    def __init__(self, changes: Values, treated: Flags, weights: Values, seed: int) -> None:
        self._changes, self._treated, self._weights = changes, treated, weights
        random = np.random.default_rng(seed)
        signs = random.choice(np.concatenate([WEBB, -WEBB]), size=(DRAWS, len(changes)))
        self._signs: Values = signs
        ours, others = group_means(changes, treated, weights)
        self.effect = float(ours - others)
        self.error = float(robust_error(changes, treated, weights))

    def p_value(self, effect: float) -> float:
        """Give the probability of a t statistic as large if `effect` were the true one."""
        null = self._changes - effect * self._treated
        mean = float(null @ self._weights / self._weights.sum())
        drawn = mean + (null - mean) * self._signs
        ours, others = group_means(drawn, self._treated, self._weights)
        errors = robust_error(drawn, self._treated, self._weights)
        statistics = np.abs(ours - others) / np.maximum(errors, 1e-300)
        seen = abs(self.effect - effect) / max(self.error, 1e-300)
        return float((1 + (statistics >= seen).sum()) / (1 + DRAWS))

    def interval(self, probability: float) -> tuple[float, float]:
        """Give the effects that are not rejected."""
        return (
            _border(self.p_value, self.effect, -self.error, 1 - probability),
            _border(self.p_value, self.effect, self.error, 1 - probability),
        )


def _border(p_value: Callable[[float], float], start: float, step: float, limit: float) -> float:
    """Find where the p-value falls below `limit`, going from `start` in the direction of `step`."""
    if step == 0:
        return start
    inside, outside = start, start + 2 * step
    for _ in range(12):
        if p_value(outside) < limit:
            break
        inside, outside = outside, start + 2 * (outside - start)
    for _ in range(12):
        middle = 0.5 * (inside + outside)
        inside, outside = (middle, outside) if p_value(middle) >= limit else (inside, middle)
    return outside


def permutation_p(changes: Values, treated: Flags, weights: Values, seed: int) -> float:
    """Give the share of ways to draw the treated stores that show as large a difference as was seen.

    Exact where the stores were drawn at random: all ways are gone through where they are few, else so many
    are drawn.
    """
    count, ours = len(changes), int(treated.sum())
    if comb(count, ours) <= MOST_ENUMERATED:
        picks = np.array(list(combinations(range(count), ours)), dtype=np.int64)
        flags = np.zeros((len(picks), count), dtype=np.bool_)
        np.put_along_axis(flags, picks, values=True, axis=1)
        extra = 0
    else:
        random = np.random.default_rng(seed)
        flags = random.permuted(np.tile(treated, (DRAWS, 1)), axis=1)
        extra = 1
    differences = np.abs(_differences(changes, flags, weights))
    seen = abs(float(_differences(changes, treated[None, :], weights)[0]))
    return float((extra + (differences >= seen * (1 - 1e-9)).sum()) / (extra + len(flags)))


def _differences(changes: Values, flags: Flags, weights: Values) -> Values:
    own, other = flags * weights, ~flags * weights
    return np.asarray(own @ changes / own.sum(axis=1) - other @ changes / other.sum(axis=1))
