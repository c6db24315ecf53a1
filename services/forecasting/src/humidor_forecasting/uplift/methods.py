"""The methods behind one interface: each says what a group of products gained in a window, in sticks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from humidor_forecasting.uplift import prophecy, structural, synthetic
from humidor_forecasting.uplift.differences import changes_of, difference_in_differences, pre_trend
from humidor_forecasting.uplift.panel import Flags, Panel, Values, Window, likeness
from humidor_forecasting.uplift.work import Effect, Figure


class NotPossible(ValueError):  # noqa: N818 - reads as what it is
    """The method cannot be used on these data; the message says why."""


@dataclass(frozen=True)
class Found:
    """What a method found: the effect, and what tells how far to trust it."""

    effect: Effect
    inference: str
    expected_days: Values | None = None
    diagnostics: dict[str, float] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    placebo_p: float | None = None


@dataclass(frozen=True)
class Asked:
    """Of which products, in which days, with which probability; `placebos` tells to judge by space too."""

    outcome: str
    window: Window
    probability: float
    seed: int = 1
    placebos: bool = True


Method: TypeAlias = Callable[[Panel, Asked], Found]


def by_differences(panel: Panel, asked: Asked) -> Found:
    """Difference in differences against hold-outs, or else against the stores most alike."""
    compared = panel.rows(panel.treated | _controls(panel, asked.window.known))
    changes, usual = changes_of(compared, asked.outcome, asked.window)
    counted = usual > 0
    compared, changes, usual = compared.rows(counted), changes[counted], usual[counted]
    if not compared.treated.any() or compared.treated.all() or len(usual) < 3:
        raise NotPossible("there are no stores to compare with, or fewer than three in all")
    made = difference_in_differences(
        changes, compared.treated, usual, probability=asked.probability, seed=asked.seed
    )
    size = float(usual[compared.treated].sum()) * asked.window.days
    effect = _effect(
        _sold(compared, asked), size * np.array([made.effect, made.low, made.high]), made.p_value
    )
    diagnostics = {
        "standard_error_sticks": size * made.error,
        "control_stores": float((~compared.treated).sum()),
    }
    if asked.placebos and asked.window.known >= 14:
        trend = pre_trend(compared, asked.window, seed=asked.seed)
        diagnostics |= {"pre_trend_percent_a_week": 100 * trend.effect, "pre_trend_p": trend.p_value}
    others = ~compared.treated
    usual_days = compared.outcomes[asked.outcome][others].sum(axis=0) / usual[others].sum()
    expected = usual_days * usual[compared.treated].sum()
    return Found(effect, made.inference, expected, diagnostics, placebo_p=made.permutation_p)


def _controls(panel: Panel, known: int) -> Flags:
    """Flag hold-outs where there are any, else twice as many stores as treated ones, ten to fifty."""
    if panel.drawn.any():
        return panel.drawn
    wanted = min(max(10, 2 * int(panel.treated.sum())), 50)
    chosen = np.zeros(len(panel.store_ids), dtype=np.bool_)
    chosen[list(likeness(panel, known))[:wanted]] = True
    return chosen


def by_synthetic_control(panel: Panel, asked: Asked) -> Found:
    """Synthetic control out of all stores without the promotion; series are indices of their usual."""
    kept = panel.rows(panel.outcomes[asked.outcome][:, : asked.window.known].sum(axis=1) > 0)
    window, controls = asked.window, ~kept.treated
    if not kept.treated.any() or controls.sum() < synthetic.LEAST_DONORS:
        raise NotPossible(
            f"fewer than {synthetic.LEAST_DONORS} stores without the promotion sell the products"
        )
    target, size = _treated_index(kept, asked)
    units = kept.index(asked.outcome, window.known).T
    sizes = kept.outcomes[asked.outcome][:, : window.known].mean(axis=1)
    donors = units[:, controls]
    since = slice(window.first, window.until)
    made = synthetic.fit(target, donors, window.known, since)
    placebos = synthetic.placebos_in_space(
        donors, window.known, since, together=int(kept.treated.sum()), seed=asked.seed,
        sizes=sizes[controls],
    )  # fmt: skip
    gap = float((target - made.path)[since].mean())
    reach = synthetic.spread_of(placebos, made.rmspe_before, asked.probability, donors=len(donors.T))
    if kept.treated.sum() > 1:
        p_value = synthetic.permuted_p(units, kept.treated, sizes, window.known, since, seed=asked.seed)
    else:
        p_value = placebos.p_value(made.ratio)
    total = size * window.days
    effect = _effect(_sold(kept, asked), total * np.array([gap, gap - reach, gap + reach]), p_value)
    diagnostics = {
        "rmspe_before": made.rmspe_before, "rmspe_since": made.rmspe_since, "rmspe_ratio": made.ratio,
        "placebo_rmspe_before_median": float(np.median(placebos.before)), "donors": float(len(donors.T)),
    }  # fmt: skip
    names = [name for name, control in zip(kept.store_ids, controls, strict=True) if control]
    weights = {
        name: round(float(weight), 6)
        for name, weight in sorted(zip(names, made.weights, strict=True), key=lambda each: -each[1])
        if weight > 0.0005
    }
    return Found(effect, "placebos in space, t of the donors less 1", made.path * size, diagnostics, weights,
                 p_value)  # fmt: skip


def by_structural(panel: Panel, asked: Asked) -> Found:
    """Structural time series of the treated stores together, with the other stores and the calendar."""
    from scipy.stats import t

    window = asked.window
    if window.known < structural.LEAST_DAYS:
        raise NotPossible(f"fewer than {structural.LEAST_DAYS} days before it")
    target, size = _treated_index(panel, asked)
    since = slice(window.first, window.until)
    made = structural.expect(target, window.known, _regressors(panel, asked), [since])
    gap, deviation = float((target - made.path)[since].mean()), made.deviations[0]
    reach = float(t.ppf(0.5 + asked.probability / 2, made.freedom)) * deviation
    p_value = float(2 * t.sf(abs(gap) / deviation, made.freedom)) if deviation > 0 else float(gap == 0)
    total = size * window.days
    effect = _effect(_sold(panel, asked), total * np.array([gap, gap - reach, gap + reach]), p_value)
    return Found(effect, "Kalman filter, normal errors", made.path * size,
                 {"standard_error_sticks": total * deviation})  # fmt: skip


def by_prophet(panel: Panel, asked: Asked) -> Found:
    """Prophet of the treated stores together, with the other stores and the calendar as regressors."""
    window = asked.window
    if not prophecy.installed():
        raise NotPossible("the extra `prophet` is not installed")
    if window.known < prophecy.LEAST_DAYS:
        raise NotPossible(f"fewer than {prophecy.LEAST_DAYS} days before it")
    target, size = _treated_index(panel, asked)
    since = slice(window.first, window.until)
    start = panel.first_ordinal, asked.seed
    path, (sample,) = prophecy.expect_by_prophet(
        target, window.known, _regressors(panel, asked), [since], start
    )
    actual = float(target[since].mean())
    gap = actual - float(path[since].mean())
    tail = (1 - asked.probability) / 2
    high, low = (float(actual - np.quantile(sample, chance)) for chance in (tail, 1 - tail))
    share = float(min((sample >= actual).mean(), (sample <= actual).mean()))
    total = size * window.days
    bounds = np.array([gap, min(low, gap), max(high, gap)])
    effect = _effect(_sold(panel, asked), total * bounds, min(1.0, 2 * share))
    return Found(effect, "Prophet's own simulated intervals", path * size)


METHODS: Mapping[str, Method] = {
    "difference_in_differences": by_differences,
    "synthetic_control": by_synthetic_control,
    "structural_time_series": by_structural,
    "prophet": by_prophet,
}


def _treated_index(panel: Panel, asked: Asked) -> tuple[Values, float]:
    """Give the treated stores together as an index of their usual day, and that day in sticks."""
    total = panel.outcomes[asked.outcome][panel.treated].sum(axis=0)
    size = float(total[: asked.window.known].mean())
    if size <= 0:
        raise NotPossible("nothing of it was sold before")
    return total / size, size


def _regressors(panel: Panel, asked: Asked) -> Values:
    """Give the other stores together as an index of their usual, and the calendar."""
    known, controls = asked.window.known, ~panel.treated
    values = panel.outcomes[asked.outcome][controls].sum(axis=0)
    size = float(values[:known].mean()) if controls.any() else 0.0
    if size <= 0:
        return panel.calendar
    return np.column_stack([values / size, panel.calendar])


def _sold(panel: Panel, asked: Asked) -> float:
    window = asked.window
    return float(panel.outcomes[asked.outcome][panel.treated, window.first : window.until].sum())


def _effect(sold: float, sticks: Values, p_value: float) -> Effect:
    """Put an effect with its bounds into sticks and percent of what was expected."""
    value, low, high = (float(each) for each in sticks)
    expected = sold - value
    percent = None
    if expected > 0:
        share = 100 / expected
        percent = Figure(value=share * value, low=share * low, high=share * high)
    figure = Figure(value=value, low=low, high=high)
    return Effect(sold_sticks=sold, expected_sticks=expected, effect_sticks=figure, effect_percent=percent,
                  p_value=p_value)  # fmt: skip
