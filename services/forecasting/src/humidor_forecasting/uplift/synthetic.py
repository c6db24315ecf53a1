"""Synthetic control: the mix of stores without the promotion that moved as the treated ones did before it.

Abadie, Diamond & Hainmueller 2010: weights of zero or more that add up to one, so nothing is extrapolated;
judged by doing the same for every store that had no promotion (placebos in space).
"""

from dataclasses import dataclass

import numpy as np

from humidor_forecasting.uplift.panel import Flags, Values

LEAST_DONORS = 3
GROUPS = 60
SETS = 99


@dataclass(frozen=True)
class Synthetic:
    """A synthetic control: its weights, its path, and how far the treated unit was from it."""

    weights: Values
    path: Values
    rmspe_before: float
    rmspe_since: float

    @property
    def ratio(self) -> float:
        """By how much worse it fits since: what tells an effect from a bad fit."""
        return self.rmspe_since / max(self.rmspe_before, 1e-12)


@dataclass(frozen=True)
class Placebos:
    """What the same method finds for every donor: root mean squared errors and mean gaps since."""

    before: Values
    since: Values
    gaps: Values

    def p_value(self, ratio: float) -> float:
        """Give the share of units, the treated one among them, whose ratio is as large."""
        ratios = self.since / np.maximum(self.before, 1e-12)
        return float((1 + (ratios >= ratio * (1 - 1e-9)).sum()) / (1 + len(ratios)))


def fit_weights(target: Values, donors: Values, importance: Values | None = None) -> Values:
    """Find the weights on the simplex by which donors come nearest to the target.

    Args:
        target: Predictors of the treated unit, such as its outcomes before.
        donors: The same of each donor, a column a donor.
        importance: What a squared distance in each predictor counts (the diagonal of V); all alike without.

    Minimises the weighted sum of squares by `scipy.optimize.nnls`, with the adding up to one as a row that
    outweighs all others.
    """
    from scipy.optimize import nnls

    root = np.sqrt(importance) if importance is not None else np.ones(len(target))
    matrix, aim = donors * root[:, None], target * root
    size = max(float(np.abs(matrix).max(initial=0.0)), 1e-12)
    heavy = 1e3 * size * np.sqrt(len(target))
    matrix = np.vstack([matrix, np.full((1, donors.shape[1]), heavy)])
    found, _ = nnls(matrix, np.append(aim, heavy), maxiter=30 * donors.shape[1] + 300)
    total = float(found.sum())
    return np.asarray(found / total if total > 0 else np.full(len(found), 1 / len(found)))


def make_synthetic(target: Values, donors: Values, known: int, since: slice, weights: Values) -> Synthetic:
    """Follow the mix over all periods; `donors` has a row a period and a column a donor."""
    path = donors @ weights
    gap = target - path
    return Synthetic(weights, path, _root_mean(gap[:known]), _root_mean(gap[since]))


def fit(target: Values, donors: Values, known: int, since: slice) -> Synthetic:
    """Fit weights by the outcomes of the first `known` periods and follow the mix."""
    return make_synthetic(target, donors, known, since, fit_weights(target[:known], donors[:known]))


def placebos_in_space(
    donors: Values, known: int, since: slice, *, together: int = 1, sizes: Values | None = None, seed: int = 1
) -> Placebos:
    """Treat donors as if they had been treated, with the others as their donors.

    Args:
        donors: A row a period and a column a donor.
        known: Periods before.
        since: Periods that are judged.
        together: How many were treated and are one unit together. With one, each donor is a placebo, as in
            the paper; with more, so many donors drawn at random are, at most a third of them: a sum of stores
            strays less than one.
        sizes: What each donor counts in such a sum.
        seed: Of the draws.
    """
    count = donors.shape[1]
    several = max(min(together, count // 3), 1)
    if several == 1:
        groups = np.arange(count)[:, None]
    else:
        random = np.random.default_rng(seed)
        groups = np.argsort(random.random((GROUPS, count)), axis=1)[:, :several]
    weights = sizes if sizes is not None else np.ones(count)
    before, after, gaps = [], [], []
    for group in groups:
        target = donors[:, group] @ (weights[group] / weights[group].sum())
        made = fit(target, np.delete(donors, group, axis=1), known, since)
        before.append(made.rmspe_before)
        after.append(made.rmspe_since)
        gaps.append(float((target - made.path)[since].mean()))
    return Placebos(np.array(before), np.array(after), np.array(gaps))


def permuted_p(
    units: Values, treated: Flags, sizes: Values, known: int, since: slice, *, seed: int = 1
) -> float:
    """Give the share of ways to draw as many treated units that show as large a ratio, of `SETS` drawn.

    Every drawn set is one unit together, mixed from all the others, so it has as many units and as many
    donors as the treated ones have. Without an effect they differ from it in nothing but the draw. Placebos
    among the donors alone do: they have fewer donors, so they fit worse before and stand out less since.

    Args:
        units: Indices of all units, a row a period and a column a unit.
        treated: Which of them were treated.
        sizes: What each counts in a sum.
        known: Periods before.
        since: Periods that are judged.
        seed: Of the draws.
    """
    drawn = np.random.default_rng(seed).permuted(np.tile(treated, (SETS, 1)), axis=1)
    seen, *ratios = (_ratio_of(units, flags, sizes, known, since) for flags in (treated, *drawn))
    return (1 + sum(ratio >= seen * (1 - 1e-9) for ratio in ratios)) / (1 + SETS)


def _ratio_of(units: Values, chosen: Flags, sizes: Values, known: int, since: slice) -> float:
    target = units[:, chosen] @ (sizes[chosen] / sizes[chosen].sum())
    return fit(target, units[:, ~chosen], known, since).ratio


def spread_of(placebos: Placebos, rmspe_before: float, probability: float, *, donors: int) -> float:
    """Give how far from nothing a mean gap lies by chance with this probability.

    Gaps of placebos, each by its own fit before, show how far a unit strays; times the treated one's fit. The
    t is of the donors less 1, however many groups were drawn of them.
    """
    from scipy.stats import t

    scaled = placebos.gaps / np.maximum(placebos.before, 1e-12)
    freedom = max(donors - 1, 1)
    return float(t.ppf(0.5 + probability / 2, freedom) * _root_mean(scaled) * rmspe_before)


def _root_mean(values: Values) -> float:
    return float(np.sqrt(np.mean(values**2))) if len(values) else 0.0
