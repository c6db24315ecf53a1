"""Difference in differences: what treated stores gained over their usual, less what the others did.

With one begin for all, two-way fixed effects (stores and days) give just the difference of mean changes, so
that is what is worked out here; fixed effects of each store's weekdays come in by how its usual is taken.
"""

from dataclasses import dataclass

import numpy as np

from humidor_forecasting.uplift.panel import Flags, Panel, Values, Window, pre_weights
from humidor_forecasting.uplift.resampling import WildBootstrap, group_means, permutation_p, robust_error

MANY = 15
FEW = 5


@dataclass(frozen=True)
class Difference:
    """The effect in units of the changes, its standard error, interval, p-values, and how they were had."""

    effect: float
    error: float
    low: float
    high: float
    p_value: float
    permutation_p: float
    inference: str


def difference_in_differences(
    changes: Values, treated: Flags, weights: Values, *, probability: float = 0.95, seed: int = 1
) -> Difference:
    """Compare mean changes of treated and other stores, one change a store, so errors are clustered by store.

    Args:
        changes: What each store changed by, such as its mean after less its mean before.
        treated: Which stores were treated; one or more of each kind, three or more in all.
        weights: What each store counts, such as its usual sales.
        probability: Of the interval to hold the effect.
        seed: Of bootstrap and permutations.

    With 15 stores or more on both sides the interval is of Student's t with errors of CR2 and the degrees of
    freedom of Welch and Satterthwaite; with 5 or more that of the wild cluster bootstrap; below that the
    stores' changes are taken as equally uncertain a stick (Donald & Lang 2007), t of all stores less 2.
    """
    smaller = int(min(treated.sum(), (~treated).sum()))
    ours, others = group_means(changes, treated, weights)
    effect = float(ours - others)
    by_chance = permutation_p(changes, treated, weights, seed)
    if smaller < FEW:
        error, freedom = _pooled(changes, treated, weights)
        name = f"few stores: equal variance (Donald & Lang), t of {freedom:g}"
        return _by_t(effect, error, freedom, probability, (by_chance, name))
    error = float(robust_error(changes, treated, weights))
    if smaller < MANY and error > 0:
        bootstrap = WildBootstrap(changes, treated, weights, seed)
        low, high = bootstrap.interval(probability)
        name = "wild cluster bootstrap, null imposed, Webb's weights"
        return Difference(effect, error, low, high, bootstrap.p_value(0.0), by_chance, name)
    freedom = _welch(changes, treated, weights)
    name = f"errors clustered by store (CR2), t of {freedom:.1f}"
    return _by_t(effect, error, freedom, probability, (by_chance, name))


def _by_t(
    effect: float, error: float, freedom: float, probability: float, rest: tuple[float, str]
) -> Difference:
    from scipy.stats import t

    if error <= 0:
        return Difference(effect, 0.0, effect, effect, float(effect == 0), *rest)
    reach = float(t.ppf(0.5 + probability / 2, freedom)) * error
    p_value = float(2 * t.sf(abs(effect / error), freedom))
    return Difference(effect, error, effect - reach, effect + reach, p_value, *rest)


def _pooled(changes: Values, treated: Flags, weights: Values) -> tuple[float, float]:
    """Give the error where a store's change varies in inverse proportion to its weight, and its freedom."""
    ours, others = group_means(changes, treated, weights)
    residuals = changes - np.where(treated, ours, others)
    freedom = len(changes) - 2
    variance = float(weights @ residuals**2) / freedom
    return float(np.sqrt(variance * (1 / weights[treated].sum() + 1 / weights[~treated].sum()))), freedom


def _welch(changes: Values, treated: Flags, weights: Values) -> float:
    parts = []
    for arm in (treated, ~treated):
        own, share = changes[arm], weights[arm] / weights[arm].sum()
        spread = share**2 * (own - own @ share) ** 2
        parts.append((float(spread.sum()), max(1 / float(share @ share) - 1, 1.0)))
    total = sum(variance for variance, _ in parts)
    below = sum(variance**2 / freedom for variance, freedom in parts)
    return total**2 / below if below > 0 else float(len(changes) - 2)


def changes_of(panel: Panel, outcome: str, window: Window) -> tuple[Values, Values]:
    """Give each store's mean of the window by its usual of these weekdays, less 1, and the usual itself."""
    usual = panel.usual(outcome, window)
    mean = panel.outcomes[outcome][:, window.first : window.until].mean(axis=1)
    return np.divide(mean, usual, out=np.ones_like(mean), where=usual > 0) - 1, usual


def pre_trend(panel: Panel, window: Window, *, seed: int = 1) -> Difference:
    """Test whether treated and other stores drifted apart before: the difference of their slopes a week.

    Weekdays are taken out first. The slope is of the index, so 0.01 is one percent a week.
    """
    known = window.known
    index = panel.index("promoted", known)[:, :known].copy()
    for weekday in range(min(7, known)):
        days = slice(weekday, known, 7)
        index[:, days] -= index[:, days].mean(axis=1, keepdims=True)
    time = np.arange(known, dtype=np.float64) / 7
    for weekday in range(min(7, known)):
        days = slice(weekday, known, 7)
        time[days] -= time[days].mean()
    slopes = index @ time / (time @ time)
    weights = panel.outcomes["promoted"][:, :known] @ pre_weights(Window(known, known, known + 7))
    return difference_in_differences(slopes, panel.treated, np.maximum(weights, 1e-12), seed=seed)
