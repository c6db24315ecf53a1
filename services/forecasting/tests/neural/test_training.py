"""The network really learns: on a public set it beats seasonal naive. Runs with `make test-neural`."""

import csv
import gzip
import os
from collections import defaultdict
from datetime import date
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("keras", reason="needs the extra humidor-forecasting[neural]: make test-neural")

from humidor_forecasting.choosing.backtest import plan_backtest, try_models
from humidor_forecasting.choosing.scores import mase, naive_scale
from humidor_forecasting.models import network
from humidor_forecasting.models.interface import History
from humidor_forecasting.models.network import FOLDER, NeuralModel
from humidor_forecasting.models.registry import models
from humidor_forecasting.models.simple import SeasonalNaive
from humidor_forecasting.neural.training import TooLittle, train
from humidor_forecasting.neural.windows import Series

# Keras reads variables of TensorFlow in a way that NumPy 2 calls old.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

HORIZON = 14
JUDGED_DAYS = 112
DATA = Path(os.environ.get("HUMIDOR_PUBLISHED_DATA", Path(__file__).parents[5] / "shared/data"))
BAKERY = DATA / "bakery_daily/bakery_daily_to_2022-05.csv.gz"


def bakery() -> list[Series]:
    """Articles of a French bakery that were sold on most days."""
    amounts: dict[str, dict[int, float]] = defaultdict(dict)
    with gzip.open(BAKERY, "rt") as file:
        for row in csv.DictReader(file):
            amounts[row["unique_id"]][date.fromisoformat(row["ds"]).toordinal()] = float(row["y"])
    last = max(max(days) for days in amounts.values())
    found = []
    for days in amounts.values():
        first = min(days)
        values = np.zeros(last - first + 1)
        for day, amount in days.items():
            values[day - first] = amount
        if len(values) >= 420 and (values > 0).mean() >= 0.7:
            found.append(Series(first, np.maximum(values, 0.0)))
    return found


def generated(count: int = 40, days: int = 500) -> list[Series]:
    """Series with a week and much noise, where the last week alone says little."""
    random = np.random.default_rng(5)
    week = np.array([0.8, 0.9, 0.9, 1.0, 1.3, 1.5, 0.7])
    return [
        Series(700_000, random.poisson(random.uniform(5, 60) * np.resize(week, days)).astype(np.float64))
        for _ in range(count)
    ]


@pytest.mark.parametrize("source", [pytest.param(bakery, marks=pytest.mark.skipif(
    not BAKERY.exists(), reason="the set is not here")), generated])  # fmt: skip
def test_a_trained_network_beats_seasonal_naive_on_days_that_it_has_not_seen(
    source: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = source()  # type: ignore[operator]
    until = max(each.first_day + len(each.values) for each in series) - JUDGED_DAYS
    about = train(series, HORIZON, until=until, folder=tmp_path)
    assert about["epochs"] >= 3
    monkeypatch.setenv(FOLDER, str(tmp_path))
    network._load.cache_clear()
    ours, naive = [], []
    for each in series:
        begin = until - each.first_day
        scale = naive_scale(each.values[:begin], 7)
        history = History(each.values, 7, each.first_day)
        ends = list(range(begin, len(each.values) - HORIZON + 1, HORIZON))
        actual = np.array([each.values[end : end + HORIZON] for end in ends])
        ours.append(mase(actual, NeuralModel().roll(history, ends, HORIZON), scale))
        naive.append(mase(actual, SeasonalNaive().roll(history, ends, HORIZON), scale))
    print(f"{len(series)} series, {about}: MASE {np.mean(ours):.3f}, seasonal naive {np.mean(naive):.3f}")  # noqa: T201
    assert np.mean(ours) < 0.95 * np.mean(naive)


def test_it_is_judged_beside_the_others_where_no_origin_lies_in_what_it_was_trained_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = generated(30, 400)
    until = series[0].first_day + 220
    train(series, HORIZON, until=until, folder=tmp_path, epochs=2)
    monkeypatch.setenv(FOLDER, str(tmp_path))
    network._load.cache_clear()
    history = History(series[0].values, 7, series[0].first_day)
    plan = plan_backtest(len(history), HORIZON, 7)
    assert plan is not None
    ladder = [models()["neural"], SeasonalNaive()]
    trials = try_models(ladder, history, plan, horizon=HORIZON, seconds_per_model=60)
    assert [(trial.model.name, trial.failure) for trial in trials] == [
        ("neural", None),
        ("seasonal_naive", None),
    ]
    seen = History(series[0].values[:260], 7, series[0].first_day)
    early = plan_backtest(len(seen), HORIZON, 7)
    assert early is not None
    assert early.ends[0] < 220
    trials = try_models(ladder, seen, early, horizon=HORIZON, seconds_per_model=60)
    assert [trial.model.name for trial in trials] == ["seasonal_naive"]


def test_too_little_history_is_said(tmp_path: Path) -> None:
    with pytest.raises(TooLittle, match="windows"):
        train(generated(2, 60), HORIZON, until=700_060, folder=tmp_path)
