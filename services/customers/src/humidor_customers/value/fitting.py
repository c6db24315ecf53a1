"""Fits RFM and lifetime models, and judges them on times that they did not see."""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from humidor_customers.arrays import Floats
from humidor_customers.estimates import buying, spending
from humidor_customers.estimates.buying import Buying, Customers, Unfit, Variant
from humidor_customers.hearing import Heard, part, unheard
from humidor_customers.value import rules
from humidor_customers.value.history import Days, Figures
from humidor_customers.value.holdout import (
    TOO_SHORT,
    compare_purchases,
    compare_segments,
    compare_spending,
    hold_out,
)

LIFETIME_DAYS = 365
VARIANTS: tuple[Variant, ...] = ("bg", "mbg")
DIGITS = 6

Cycles: TypeAlias = Mapping[str, tuple[int, int]]
"""Of each trade customer the order cycles that it could use within a year, and those that it did."""


class Outcome(NamedTuple):
    """What a model came to: about itself, and for each customer a score, a label and figures (or none)."""

    parameters: dict[str, Any]
    fit: dict[str, Any]
    holdout: dict[str, Any] | None
    reason: str | None
    scores: Floats
    labels: npt.NDArray[np.str_] | None = None
    figures: Floats | None = None


def fit_rfm(
    figures: Figures, days: Days, cycles: Cycles, cycles_before: Cycles, heard: Heard = unheard
) -> Outcome:
    """Score recency, frequency and money; by the cycles that were used where there were any to use.

    `cycles_before` are those as of when the weeks begin that are kept back.
    """
    if not figures.ids:
        raise Unfit("no customer has bought anything")
    heard(0.0)
    found = _score(figures, cycles)
    heard(0.4)
    names = found.names
    sizes = {name: int(count) for name, count in zip(*np.unique(names, return_counts=True), strict=True)}
    reason = f"all customers have the same {', '.join(found.flat)}" if found.flat else None
    by_cycles = sum(1 for each in figures.ids if cycles.get(each, (0, 0))[0])
    parameters = {
        "figures": ["recency", "frequency", "money"],
        "frequency": "order cycles used of those available" if by_cycles else "purchases of a year",
        "customers_by_cycles": by_cycles,
    }
    three = np.column_stack((found.recency, found.frequency, found.money)).astype(np.float64)
    total = three @ np.array([100.0, 10.0, 1.0])
    heard(0.8)
    held = hold_out(days)
    judged = TOO_SHORT if held is None else compare_segments(held, _score(held.before, cycles_before).names)
    return Outcome(parameters, {"segments": sizes}, judged, reason, total, names, three)


def _score(figures: Figures, cycles: Cycles) -> rules.Scores:
    frequency = figures.purchases_year.copy()
    for n, each in enumerate(figures.ids):
        available, used = cycles.get(each, (0, 0))
        if available:
            frequency[n] = used / available
        elif cycles:
            # A share as well, so that both kinds can be ranked: of the weeks of a year.
            frequency[n] = min(frequency[n] / 52, 1.0)
    return rules.score(figures.today - figures.last_day, frequency, figures.spend_year_minor)


def fit_lifetime(figures: Figures, days: Days, horizon_days: int, heard: Heard = unheard) -> Outcome:
    """Fit both variants, keep the likelier, and give what each customer will be worth within the horizon."""
    customers = figures.buying
    fitted = _fit_variants(customers, part(heard, 0.0, 0.5))
    model = _likeliest(fitted)
    alive = buying.alive(model, customers)
    purchases = buying.expected(model, customers, horizon_days / 7, part(heard, 0.5, 0.7))
    worth, told, reason = _worth(figures, part(heard, 0.7, 0.9))
    reasons = [reason] if reason else []
    if model.at_bound:
        reasons.append("a parameter ran to its bound: nobody seems to leave, or all buy at one rate")
    parameters = {
        "figures": ["alive", "expected_purchases", "expected_value_minor"],
        "horizon_days": horizon_days,
        **_told(model),
        "spending": told,
    }
    likelihoods = {each.variant: round(each.log_likelihood, 3) for each in fitted.values()}
    fit = {"log_likelihood": likelihoods, "converged": model.converged, "customers": len(figures.ids)}
    return Outcome(
        parameters,
        fit,
        _judged(days, part(heard, 0.9, 1.0)),
        "; ".join(reasons) or None,
        purchases * worth,
        None,
        np.column_stack((alive, purchases, worth)),
    )


def _worth(figures: Figures, heard: Heard) -> tuple[Floats, dict[str, Any] | None, str | None]:
    """Give the expected value of a purchase day of each customer; without a model, its own mean."""
    x, means = figures.active_days.astype(np.int64) - 1, figures.repeat_means
    try:
        model = spending.fit(x, means, heard)
    except Unfit as error:
        own = np.where(figures.active_days > 0, figures.spend_minor / np.maximum(figures.active_days, 1), 0.0)
        return np.maximum(spending.sound(own)[0], 0.0), None, f"value by each customer's own mean: {error}"
    told = model._asdict() | {"mean_minor": model.mean_minor}
    return spending.value_of_purchase(model, x, means), told, None


def _judged(days: Days, heard: Heard) -> dict[str, Any]:
    """Fit anew without the last weeks, and foretell these."""
    held = hold_out(days)
    if held is None:
        return TOO_SHORT
    customers = held.before.buying
    try:
        model = _likeliest(_fit_variants(customers, part(heard, 0.0, 0.6)))
    except Unfit as error:
        return {"reason": str(error)}
    foretold = buying.expected(model, customers, held.weeks)
    worth, spent, reason = _worth(held.before, part(heard, 0.6, 1.0))
    spending = {"fitted": spent, "reason": reason} | compare_spending(held, foretold, worth)
    purchases = compare_purchases(held, foretold)
    return {"weeks": held.weeks, "fitted": _told(model), **purchases, "spending": spending}


def _fit_variants(customers: Customers, heard: Heard) -> dict[str, Buying]:
    return {
        variant: buying.fit(customers, variant, part(heard, n / len(VARIANTS), (n + 1) / len(VARIANTS)))
        for n, variant in enumerate(VARIANTS)
    }


def _likeliest(fitted: Mapping[str, Buying]) -> Buying:
    return max(fitted.values(), key=lambda each: each.log_likelihood)


def _told(model: Buying) -> dict[str, Any]:
    parameters = {name: round(getattr(model, name), DIGITS) for name in ("r", "alpha", "a", "b")}
    return {"variant": model.variant, **parameters}
