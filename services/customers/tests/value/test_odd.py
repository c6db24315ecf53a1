"""Odd customers, alone and together: every model answers with figures or with the reason why it has none."""

import json
from collections.abc import Callable

import pytest

from humidor_customers.estimates.buying import Unfit
from humidor_customers.testing.crowd import crowd
from humidor_customers.value.fitting import Outcome, fit_lifetime, fit_rfm
from humidor_customers.value.foretelling import fit_churn, fit_clusters, fit_potential
from humidor_customers.value.history import Days, Figures
from humidor_customers.value.running import as_rows, clean

Fit = Callable[[Figures, Days], Outcome]
FITS: dict[str, Fit] = {
    "rfm": lambda figures, days: fit_rfm(figures, days, {}, {}),
    "lifetime": lambda figures, days: fit_lifetime(figures, days, 365),
    "churn": lambda figures, days: fit_churn(figures, days, "consumer", 90, 0),
    "potential": lambda figures, days: fit_potential(figures, days, "consumer", 90),
    "clusters": lambda figures, _: fit_clusters(figures),
}


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
