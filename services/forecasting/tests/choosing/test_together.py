"""How errors of days go together is learnt from all of the history, by its worth."""

from dataclasses import replace

import numpy as np

from humidor_forecasting.choosing.errors import Errors, errors_around
from humidor_forecasting.choosing.together import with_history
from humidor_forecasting.models.interface import History, Values

RANDOM = np.random.default_rng(5)
ALONE = RANDOM.normal(50, 5, 700)
SHARED = ALONE + np.repeat(RANDOM.normal(0, 10, 25), 28)


def history(values: Values) -> History:
    return History(values, 7, 738000, 1.0, {})


def backtest(together: float) -> Errors:
    return replace(errors_around(ALONE[:50]), together=np.asarray(together), origins=10.0)


def test_many_windows_outweigh_few_origins() -> None:
    by_chance = with_history(backtest(0.3), history(ALONE), 14)
    assert 0.0 < float(by_chance.together) < 0.12
    assert float(with_history(backtest(0.0), history(SHARED), 14).together) > 0.4
    assert by_chance.origins > 10


def test_a_short_history_counts_less() -> None:
    short, long = (
        float(with_history(backtest(0.3), history(values), 14).together) for values in (ALONE[:120], ALONE)
    )
    assert long < short < 0.3


def test_short_histories_weeks_and_months_have_no_say() -> None:
    errors = backtest(0.3)
    known = history(ALONE)
    for other in (
        replace(known, values=ALONE[:111]),
        replace(known, season=52, days_per_period=7.0),
        replace(known, season=12, days_per_period=30.4375),
    ):
        assert with_history(errors, other, 14) is errors
    assert with_history(errors, known, 1) is errors


def test_a_constant_history_has_independent_errors() -> None:
    steady = with_history(backtest(0.0), history(np.full(300, 4.0)), 14)
    assert float(steady.together) == 0.0
