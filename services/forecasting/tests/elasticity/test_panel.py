"""Weeks of many series: errors as statsmodels has them, weeks and instruments by the calendar."""

from datetime import date

import numpy as np
import pytest
from statsmodels.api import OLS

from humidor_forecasting.elasticity.estimating import estimate
from humidor_forecasting.elasticity.panel import driscoll_kraay
from humidor_forecasting.elasticity.rules import Span, holiday_shares, number_of, span_of, weekly_values
from humidor_forecasting.elasticity.work import ElasticityInput

SERIES, WEEKS = 4, 60


def panel() -> tuple[dict[str, list[float]], list[int], list[int]]:
    random = np.random.default_rng(2)
    series, week = np.repeat(np.arange(SERIES), WEEKS), np.tile(np.arange(WEEKS), SERIES)
    price = random.normal(3 + series / 2, 0.2)
    shock = random.normal(0, 0.3, WEEKS + 1)
    quantity = (
        5 - series - 0.7 * price + (shock[1:] + 0.8 * shock[:-1])[week] + random.normal(0, 0.1, len(week))
    )
    extra = random.normal(0, 0.2, len(week))
    columns = {
        "packs": np.exp(quantity).tolist(),
        "price": np.exp(price).tolist(),
        "cost": np.exp(price + extra).tolist(),
        "freight": np.exp(price + random.normal(0, 0.2, len(week))).tolist(),
        "shortage": np.exp(price + quantity).tolist(),
    }
    return columns, series.tolist(), week.tolist()


def test_levels_and_errors_of_series_are_those_of_dummies_in_statsmodels() -> None:
    columns, series, week = panel()
    found = estimate(
        ElasticityInput(columns=columns, quantity="packs", price="price", series=series, weeks=week)
    )
    dummies = np.equal.outer(series, range(SERIES)).astype(float)
    matrix = np.column_stack([np.log(columns["price"]), dummies])
    # Sorted by week, as its Newey-West of sums takes rows of one time to be together.
    order = np.argsort(week, kind="stable")
    fit = OLS(np.log(columns["packs"])[order], matrix[order]).fit(
        cov_type="hac-groupsum",
        cov_kwds={"time": np.array(week)[order], "maxlags": 4, "use_correction": False},
    )
    rows, count = matrix.shape
    assert found.elasticity.value == pytest.approx(fit.params[0])
    assert found.elasticity.standard_error == pytest.approx(fit.bse[0] * np.sqrt(rows / (rows - count)))
    assert found.elasticity.low < -0.7 < found.elasticity.high


def test_instruments_of_weeks_are_judged_by_errors_that_go_together() -> None:
    columns, series, week = panel()

    def judged(*instruments: str) -> dict[str, float]:
        found = estimate(
            ElasticityInput(columns=columns, quantity="packs", price="price", instruments=list(instruments),
                            series=series, weeks=week)
        )  # fmt: skip
        return {each.name: each.value for each in found.diagnostics}

    assert judged("cost")["first_stage_f"] > 10
    assert judged("cost", "freight")["wooldridge_score_p"] > 0.05
    assert judged("cost", "shortage")["wooldridge_score_p"] < 0.01


def test_errors_of_a_single_week_lag_nothing() -> None:
    scores = np.array([[1.0], [2.0]])
    assert driscoll_kraay(scores, np.array([5, 5])) == pytest.approx(9.0)


def test_weeks_are_whole_and_over() -> None:
    today = date(2026, 1, 22)
    assert span_of(date(2026, 1, 7), date(2026, 1, 20), today) == (date(2026, 1, 12), date(2026, 1, 19))
    assert span_of(None, None, today) == (date(2023, 1, 23), date(2026, 1, 19))
    assert span_of(date(2026, 1, 5), date(2030, 1, 1), today).end == date(2026, 1, 19)
    assert span_of(None, date(2026, 1, 18), today).end == date(2026, 1, 19)


def test_a_value_holds_until_the_next_and_counts_by_days() -> None:
    span = Span(date(2026, 1, 5), date(2026, 1, 26))
    weeks = [number_of(each) for each in span.mondays()]
    assert weeks[1:] == [weeks[0] + 1, weeks[0] + 2]
    steps = {date(2026, 1, 8): 1.0, date(2026, 1, 21): 8.0}
    assert weekly_values(span, steps) == {weeks[1]: 1.0, weeks[2]: pytest.approx((2 * 1 + 5 * 8) / 7)}
    assert holiday_shares(span, {date(2026, 1, 6)})[weeks[0]] == pytest.approx(1 / 7)
