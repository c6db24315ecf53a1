"""The band of a backtest, and what lies outside of it."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_forecasting.choosing.watch import watch_of
from humidor_forecasting.drifts.rules import wape_of

FIGURES = st.lists(st.sampled_from([0.0, 1e-9, 1.0, 20.0, 1e9]), min_size=28, max_size=28)


def test_the_band_lies_above_what_the_backtest_showed() -> None:
    random = np.random.default_rng(1)
    forecast = np.full((10, 28), 100.0)
    actual = forecast + random.normal(0, 20, forecast.shape)
    found = watch_of(actual, forecast)
    assert found is not None
    assert found["days"] == 14
    assert 0.13 < found["wape"] < 0.19  # a normal error of 20 is 16 off on average
    assert found["wape"] * 1.5 <= found["band"] < 0.4
    outside = [
        wape_of(float(np.abs(row - 100).sum()), float(row.sum()), 1400.0)
        for row in 100 + random.normal(0, 20, (1000, 14))
    ]
    assert np.mean(np.array(outside) > found["band"]) < 0.01


def test_a_short_backtest_gives_no_band() -> None:
    assert watch_of(np.ones((1, 5)), np.ones((1, 5))) is None


def test_errors_are_divided_by_the_lesser_of_demand_and_forecast() -> None:
    assert wape_of(50.0, 100.0, 120.0) == 0.5
    assert wape_of(280.0, 0.0, 280.0) == 4.0
    assert wape_of(60.0, 60.0, 0.0) == 4.0
    assert wape_of(150.0, 250.0, 100.0) == 1.5
    assert wape_of(0.0, 0.0, 0.0) == 0.0


@settings(max_examples=30)
@given(FIGURES, FIGURES)
def test_whatever_was_forecast_the_band_is_finite_and_above_the_mean(
    actual: list[float], forecast: list[float]
) -> None:
    found = watch_of(np.reshape(actual, (1, 28)), np.reshape(forecast, (1, 28)))
    assert found is not None
    assert 0 <= found["wape"] <= found["band"] < float("inf")
