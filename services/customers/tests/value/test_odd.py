"""Odd customers, alone and together: every model answers with figures or with the reason why it has none."""

import json
from collections.abc import Callable

import numpy as np
import pytest

from humidor_customers.estimates.buying import Unfit
from humidor_customers.value.fitting import Outcome, fit_lifetime, fit_rfm
from humidor_customers.value.foretelling import fit_churn, fit_clusters, fit_potential
from humidor_customers.value.history import Days, Figures
from humidor_customers.value.running import as_rows, clean

TODAY = 9_000
Fit = Callable[[Figures, Days], Outcome]
FITS: dict[str, Fit] = {
    "rfm": lambda figures, _: fit_rfm(figures, {}),
    "lifetime": lambda figures, days: fit_lifetime(figures, days, 365),
    "churn": lambda figures, days: fit_churn(figures, days, "consumer", 90, 0),
    "potential": lambda figures, days: fit_potential(figures, days, "consumer", 90),
    "clusters": lambda figures, _: fit_clusters(figures),
}


def crowd(
    *,
    count: int = 400,
    visits: int | None = None,
    minor: float | None = None,
    absurd: float | None = None,
    satisfied: float = np.nan,
) -> tuple[Figures, Days]:
    """Customers with days of purchases; `visits` and `minor` are the same for all, `absurd` is one day's."""
    draws = np.random.default_rng(7)
    times = draws.integers(1, 12, count) if visits is None else np.full(count, visits)
    who = np.repeat(np.arange(count), times)
    day = np.full(len(who), TODAY - 40) if visits == 1 else TODAY - draws.integers(0, 700, len(who))
    value = draws.gamma(4, 2500, len(who)) if minor is None else np.full(len(who), minor)
    if absurd is not None and len(value):
        value[0] = absurd
    days = Days(count, who, day.astype(np.int64), np.ones(len(who)), value, TODAY)
    if not count:
        nothing = dict.fromkeys(Figures._fields[1:-1], np.zeros(0))
        return Figures(ids=[], today=TODAY, **nothing), days
    figures, _ = days.figures()
    return figures._replace(satisfaction=np.full(len(figures.ids), satisfied)), days


ODD = {
    "nobody": crowd(count=0),
    "one customer": crowd(count=1),
    "one purchase each": crowd(visits=1),
    "all equal": crowd(visits=1, minor=2500.0, satisfied=1.0),
    "more returned than sold": crowd(minor=-5000.0),
    "nothing paid": crowd(minor=0.0),
    "one absurd sale": crowd(absurd=9e18),
    "one absurd return": crowd(absurd=-9e18),
    "as one would think": crowd(satisfied=0.5),
}


def outcome_of(fit: Fit, figures: Figures, days: Days) -> Outcome | str:
    """Give the outcome, or why there is none."""
    try:
        return fit(figures, days)
    except Unfit as error:
        return str(error)


@pytest.mark.parametrize("model", FITS)
@pytest.mark.parametrize("case", ODD)
def test_a_model_of_odd_customers_is_finite_or_says_why_there_is_none(case: str, model: str) -> None:
    figures, days = ODD[case]
    outcome = outcome_of(FITS[model], figures, days)
    if isinstance(outcome, str):
        assert outcome
        assert case != "as one would think"
        return
    told = [outcome.parameters, outcome.fit, outcome.holdout]
    assert json.dumps([clean(each) for each in told], allow_nan=False)
    rows = list(as_rows("model", figures.ids, outcome))
    assert len(rows) == len(figures.ids)
    assert json.dumps(rows, allow_nan=False)
