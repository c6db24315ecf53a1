"""Measures against figures worked out by hand and the definitions of their papers."""

import numpy as np
import pytest

from humidor_forecasting.choosing.candidates import Candidate, Past, choose, judge_all, weigh
from humidor_forecasting.choosing.errors import learn_errors
from humidor_forecasting.choosing.scores import (
    bias,
    coverage,
    mase,
    naive_scale,
    pinball,
    rmsse,
    wape,
)
from humidor_forecasting.choosing.uncertainty import day_quantiles, sum_quantiles

ACTUAL, FORECAST = np.array([10.0, 0.0, 20.0]), np.array([8.0, 3.0, 21.0])


def test_measures_are_those_of_the_field() -> None:
    history = np.array([1.0, 3.0, 2.0, 6.0])
    assert naive_scale(history, 1) == pytest.approx((2 + 1 + 4) / 3)
    assert naive_scale(history, 2) == pytest.approx((1 + 3) / 2)
    assert naive_scale(np.ones(9), 2) == 1.0
    assert mase(ACTUAL, FORECAST, 2.0) == pytest.approx(1.0)
    assert rmsse(ACTUAL, FORECAST, 2.0) == pytest.approx(np.sqrt((4 + 9 + 1) / 3 / 2))
    assert wape(ACTUAL, FORECAST) == pytest.approx(6 / 30)
    assert bias(ACTUAL, FORECAST) == pytest.approx(2 / 30)
    assert wape(np.zeros(3), FORECAST) is None
    assert pinball(np.array([10.0]), np.array([[8.0]]), [0.9]) == pytest.approx(1.8)
    assert pinball(np.array([8.0]), np.array([[10.0]]), [0.9]) == pytest.approx(0.2)
    assert coverage(ACTUAL, np.array([8.0, 1.0, 20.0]), np.array([12.0, 2.0, 20.0])) == pytest.approx(2 / 3)


def test_better_models_weigh_more_the_more_origins_say_so() -> None:
    ten, two = (weigh({"a": 1.0, "b": 2.0}, origins, 7) for origins in (10, 2))
    assert ten == pytest.approx({"a": 1 / (1 + 2**-5.5), "b": 2**-5.5 / (1 + 2**-5.5)})
    assert two == pytest.approx({"a": 1 / (1 + 2**-1.1), "b": 2**-1.1 / (1 + 2**-1.1)})
    assert sum(weigh({"a": 0.0, "b": 0.0, "c": 1e14}, 10, 7).values()) == pytest.approx(1.0)


def test_three_models_are_combined_and_all_that_cost_about_as_little() -> None:
    assert set(weigh({"a": 4.0, "b": 1.0, "c": 2.0, "d": 3.0}, 10, 7)) == {"b", "c", "d"}
    assert set(weigh({"a": 1.19, "b": 1.0, "c": 1.1, "d": 1.15, "e": 1.21}, 10, 7)) == {"a", "b", "c", "d"}


def test_seasonal_naive_is_combined_where_no_two_others_see_the_season() -> None:
    costs = {"seasonal_naive": 1.0, "auto_ets": 1.0, "auto_theta": 1.0}
    assert set(weigh(costs, 10, 7)) == {"auto_ets", "auto_theta"}
    assert set(weigh(costs, 10, 52)) == costs.keys()
    assert set(weigh({"seasonal_naive": 1.0, "moving_average": 1.0}, 10, 7)) == {
        "seasonal_naive",
        "moving_average",
    }


def test_a_single_model_is_chosen_only_if_it_costs_clearly_less_than_the_combination() -> None:
    def chosen(single: float, incumbent: str | None = None) -> str:
        costs = {"auto_ets": single, "combination": 1.0, "tsb": 1.2}
        found = [Candidate(name, {name: 1.0}, ACTUAL, cost) for name, cost in costs.items()]
        return choose(found, incumbent)[0].name

    assert [chosen(cost) for cost in (0.9, 0.8)] == ["combination", "auto_ets"]
    assert [chosen(cost, "auto_ets") for cost in (0.9, 0.8)] == ["auto_ets", "auto_ets"]
    assert chosen(0.9, "combination") == "combination"


def test_the_cheaper_forecast_wins_by_quantile_loss() -> None:
    random = np.random.default_rng(5)
    actual = random.poisson(20, (6, 14)).astype(np.float64)
    made = {"right": np.full((6, 14), 20.0), "wrong": np.resize([5.0, 35.0], (6, 14))}
    past = Past(actual, np.zeros(actual.shape, dtype=np.bool_), np.resize(actual, 200), 7)
    found = judge_all(made, past)
    assert [each.name for each in found if each.name != "combination"] == ["right", "wrong"]
    assert found[0].cost < 0.7 * found[-1].cost


def test_quantiles_hold_what_they_promise_of_days_and_of_sums() -> None:
    random = np.random.default_rng(3)
    level = np.array([30.0, 40, 20, 30, 60, 80, 25])

    def draw(count: int) -> np.ndarray:
        mean = np.resize(level, 28) * random.normal(1, 0.15, (count, 1))
        return np.maximum(random.normal(mean, np.sqrt(np.resize(level, 28))), 0.0)

    forecast = np.resize(level, 28)
    errors = learn_errors(draw(200), np.resize(forecast, (200, 28)))
    chances = [0.025, 0.1, 0.5, 0.9, 0.975]
    days, (means, sums) = (
        day_quantiles(forecast, errors, chances),
        sum_quantiles(forecast, errors, chances, 1),
    )
    fresh = draw(2000)
    assert abs(coverage(fresh, days[:, 1], days[:, 3]) - 0.8) < 0.06
    assert abs(coverage(fresh, days[:, 0], days[:, 4]) - 0.95) < 0.03
    total = fresh.cumsum(axis=1)
    assert abs(coverage(total[:, 13], sums[13, 1], sums[13, 3]) - 0.8) < 0.1
    assert abs(coverage(total[:, 27], sums[27, 0], sums[27, 4]) - 0.95) < 0.07
    assert means[-1] == pytest.approx(forecast.sum(), rel=0.05)
    assert (np.diff(sums, axis=0) >= 0).all()
