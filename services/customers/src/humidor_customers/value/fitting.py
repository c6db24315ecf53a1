"""Fits RFM and lifetime models, and judges them on times that they did not see."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from humidor_customers.arrays import Floats
from humidor_customers.estimates import buying, spending
from humidor_customers.estimates.buying import Buying, Customers, Unfit
from humidor_customers.value import rules
from humidor_customers.value.history import Days, Figures

LIFETIME_DAYS = 365
HOLDOUT_SHARE = 3
LEAST_HOLDOUT_DAYS = 28
MOST_HOLDOUT_DAYS = 182
DIGITS = 6


class Outcome(NamedTuple):
    """What a model came to: about itself, and for each customer a score, a label and figures (or none)."""

    parameters: dict[str, Any]
    fit: dict[str, Any]
    holdout: dict[str, Any] | None
    reason: str | None
    scores: Floats
    labels: npt.NDArray[np.str_] | None = None
    figures: Floats | None = None


def fit_rfm(figures: Figures, cycles: Mapping[str, tuple[int, int]]) -> Outcome:
    """Score recency, frequency and money; by the cycles that were used where there were any to use."""
    if not figures.ids:
        raise Unfit("no customer has bought anything")
    frequency, by_cycles = figures.purchases_year.copy(), 0
    for n, each in enumerate(figures.ids):
        available, used = cycles.get(each, (0, 0))
        if available:
            frequency[n] = used / available
            by_cycles += 1
        elif cycles:
            # A share as well, so that both kinds can be ranked: of the weeks of a year.
            frequency[n] = min(frequency[n] / 52, 1.0)
    found = rules.score(figures.today - figures.last_day, frequency, figures.spend_year_minor)
    names = found.names
    sizes = {name: int(count) for name, count in zip(*np.unique(names, return_counts=True), strict=True)}
    reason = f"all customers have the same {', '.join(found.flat)}" if found.flat else None
    parameters = {
        "figures": ["recency", "frequency", "money"],
        "frequency": "order cycles used of those available" if by_cycles else "purchases of a year",
        "customers_by_cycles": by_cycles,
    }
    three = np.column_stack((found.recency, found.frequency, found.money)).astype(np.float64)
    total = three @ np.array([100.0, 10.0, 1.0])
    return Outcome(parameters, {"segments": sizes}, None, reason, total, names, three)


def fit_lifetime(figures: Figures, days: Days, horizon_days: int) -> Outcome:
    """Fit both variants, keep the likelier, and give what each customer will be worth within the horizon."""
    customers = figures.buying
    fitted = {variant: buying.fit(customers, variant) for variant in ("bg", "mbg")}
    model = max(fitted.values(), key=lambda each: each.log_likelihood)
    alive = buying.alive(model, customers)
    purchases = buying.expected(model, customers, horizon_days / 7)
    worth, told, reason = _worth(figures)
    reasons = [reason] if reason else []
    if model.at_bound:
        reasons.append("a parameter ran to its bound: nobody seems to leave, or all buy at one rate")
    parameters = {
        "figures": ["alive", "expected_purchases", "expected_value_minor"],
        "variant": model.variant,
        "horizon_days": horizon_days,
        **_rounded(model._asdict(), ("r", "alpha", "a", "b")),
        "spending": told,
    }
    likelihoods = {each.variant: round(each.log_likelihood, 3) for each in fitted.values()}
    fit = {"log_likelihood": likelihoods, "converged": model.converged, "customers": len(figures.ids)}
    return Outcome(
        parameters,
        fit,
        _holdout(days, model),
        "; ".join(reasons) or None,
        purchases * worth,
        None,
        np.column_stack((alive, purchases, worth)),
    )


def _worth(figures: Figures) -> tuple[Floats, dict[str, Any] | None, str | None]:
    """Give the expected value of a purchase day of each customer; without a model, its own mean."""
    x, means = figures.active_days.astype(np.int64) - 1, figures.repeat_means
    try:
        model = spending.fit(x, means)
    except Unfit as error:
        own = np.where(figures.active_days > 0, figures.spend_minor / np.maximum(figures.active_days, 1), 0.0)
        return np.maximum(spending.sound(own)[0], 0.0), None, f"value by each customer's own mean: {error}"
    told = model._asdict() | {"mean_minor": model.mean_minor}
    return spending.value_of_purchase(model, x, means), told, None


def _holdout(days: Days, whole: Buying) -> dict[str, Any] | None:
    """Fit anew to the sample without its last weeks, and foretell these, beside what rates alone foretell."""
    if not len(days.day):
        return None
    span = days.today - int(days.day.min())
    weeks = min(span // HOLDOUT_SHARE, MOST_HOLDOUT_DAYS) // 7
    if weeks * 7 < LEAST_HOLDOUT_DAYS:
        return {"reason": "the history is too short to keep some of it back"}
    cut = days.today - weeks * 7
    before, known = days.until(cut).figures()
    actual = days.after(cut)[0][known]
    try:
        model = buying.fit(before.buying, whole.variant)
    except Unfit as error:
        return {"reason": str(error)}
    return {"weeks": weeks} | _compare(model, before.buying, actual, weeks)


def _compare(model: Buying, customers: Customers, actual: Floats, weeks: int) -> dict[str, Any]:
    foretold = buying.expected(model, customers, weeks)
    by_rate = np.where(customers.t > 0, customers.x / np.maximum(customers.t, 1 / 7), 0.0) * weeks
    return {
        "customers": len(actual),
        "purchases": float(actual.sum()),
        "foretold": round(float(foretold.sum()), 1),
        "foretold_by_rate_alone": round(float(by_rate.sum()), 1),
        "mean_absolute_error": round(float(np.abs(foretold - actual).mean()), 4),
        "mean_absolute_error_by_rate_alone": round(float(np.abs(by_rate - actual).mean()), 4),
        "by_repeat_purchases": _by_frequency(customers, foretold, actual),
    }


def _by_frequency(customers: Customers, foretold: Floats, actual: Floats) -> list[dict[str, Any]]:
    """Compare by how often customers had come again: 0 to 6, and 7 or more."""
    told = []
    for n in range(8):
        these = customers.x >= n if n == 7 else customers.x == n
        if these.any():
            told.append(
                {
                    "repeats": n,
                    "customers": int(these.sum()),
                    "foretold": round(float(foretold[these].mean()), 4),
                    "happened": round(float(actual[these].mean()), 4),
                }
            )
    return told


def _rounded(values: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, float]:
    return {name: round(values[name], DIGITS) for name in names}
