"""Every series gets a forecast, the choice sees nothing of the future, and what went wrong is said."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_forecasting.choosing import backtest, pipeline
from humidor_forecasting.choosing.candidates import Candidate, choose
from humidor_forecasting.choosing.pipeline import classify, forecast_series
from humidor_forecasting.choosing.work import SeriesInput, SeriesOutput, pack_cut, unpack_cut
from humidor_forecasting.models import registry
from humidor_forecasting.models.interface import History, Model, Refitting, Values
from humidor_forecasting.models.simple import SeasonalNaive

CHANCES = [0.025, 0.1, 0.5, 0.9, 0.975]
QUICK = ["seasonal_naive", "seasonal_average", "moving_average"]


def asked(values: Sequence[float | None], **changes: Any) -> SeriesInput:
    terms: dict[str, Any] = {"ladder": QUICK, "horizon": 14, "probabilities": CHANCES} | changes
    return SeriesInput(store_id="S1", gtin="G1", first_ordinal=739000, values=list(values), **terms)


def usual(count: int, seed: int = 1) -> list[float]:
    week = np.resize([10.0, 12, 11, 13, 20, 25, 8], count)
    return [float(each) for each in np.random.default_rng(seed).poisson(week)]


def check(output: SeriesOutput, horizon: int = 14) -> SeriesOutput:
    days, sums = np.array(output.days), np.array(output.cumulative)
    assert days.shape == sums.shape == (horizon, 1 + len(CHANCES))
    for figures in (days, sums):
        assert np.isfinite(figures).all()
        assert (figures >= 0).all()
        assert (np.diff(figures[:, 1:], axis=1) >= 0).all()
    assert output.reasons
    return output


DEGENERATE: dict[str, list[float | None]] = {
    "empty": [],
    "nothing known": [None, None],
    "a single point": [7.0],
    "two points": [3.0, 5.0],
    "all zero": [0.0] * 90,
    "constant": [5.0] * 90,
    "negative": [-3.0, -1.0] * 40,
    "gappy": [4.0 if i % 17 == 0 else None for i in range(120)],
    "one sale long ago": [9.0, *[0.0] * 200],
    "exploding": [1.3**i for i in range(80)],
    "opened yesterday": [12.0],
    "huge": [1e14, 2e14] * 30,
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_series_get_a_sound_forecast(name: str) -> None:
    check(forecast_series(asked(DEGENERATE[name])))


def test_what_is_known_of_degenerate_series_shows_in_their_forecasts() -> None:
    assert forecast_series(asked(DEGENERATE["all zero"])).model == "zero"
    constant = forecast_series(asked(DEGENERATE["constant"]))
    assert constant.days[3] == [5.0] * 6
    opened = forecast_series(asked(DEGENERATE["opened yesterday"]))
    assert (opened.fell_back, opened.days[0][0]) == (True, 12.0)
    assert "too little history" in opened.reasons[0]
    negative = forecast_series(asked(DEGENERATE["negative"]))
    assert negative.model == "zero"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 50), max_size=70))
def test_any_history_gets_a_sound_forecast(values: list[int]) -> None:
    check(forecast_series(asked([float(each) for each in values])))


def test_a_forecast_comes_again_from_its_data_cut() -> None:
    given_ = asked(usual(200), ladder=["auto_ets", "auto_theta", "seasonal_naive"])
    first = check(forecast_series(given_))
    digest, packed = pack_cut(given_)
    assert forecast_series(unpack_cut(packed)) == first
    assert pack_cut(unpack_cut(packed))[0] == digest
    assert first.model in {"combination", "auto_ets", "auto_theta"}
    assert set(first.scores["candidates"]) == {"auto_ets", "auto_theta", "seasonal_naive", "combination"}
    assert "quantile loss" in first.reasons[0]


@pytest.mark.parametrize("name", sorted(registry.models().keys() - {"neural"}))
def test_no_model_sees_what_comes_after_its_origin(name: str) -> None:
    model = registry.models()[name]
    values = np.array(usual(160, seed=2))
    values[::5] = 0.0
    changed = values.copy()
    changed[140:] = 7_777.0
    ends = (130, 140)
    made = [model.roll(History(each, 7, first_day=739000), ends, 14) for each in (values, changed)]
    assert np.array_equal(made[0], made[1])
    assert made[0].shape == (2, 14)
    assert np.isfinite(made[0]).all()


def test_no_forecast_of_a_backtest_sees_what_came_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by what was filled in for stock-outs, gaps and closed days before it, nor by what was cut."""
    made: list[dict[str, Values]] = []
    origins: tuple[int, ...] = ()

    def try_models(*args: Any, **named: Any) -> list[backtest.Trial]:
        nonlocal origins
        origins, trials = args[2].ends, backtest.try_models(*args, **named)
        made.append({each.model.name: each.forecast for each in trials if each.forecast is not None})
        return trials

    monkeypatch.setattr(pipeline, "try_models", try_models)
    count, origin = 525, 490
    promoted = [float(day % 60 < 7) for day in range(count + 14)]
    values: list[float | None] = list(usual(count))
    out, closed = [3, 4, *range(70, 82), *range(480, 495)], [9, 200, 485, 492]
    for day in (*out, *closed):
        values[day] = 0.0
    values[5] = values[300] = values[479] = None
    values[120] = 9_000.0
    ladder = [*QUICK, "auto_ets", "auto_theta", "harmonic_regression"]
    places = [day for day in range(count) if promoted[day]]
    for times in (1.0, 3.0):
        later = [None if each is None else times * each for each in values[origin:]]
        forecast_series(
            asked([*values[:origin], *later], censored=out, closed=closed, excused=places, ladder=ladder,
                  known={"promotion": promoted}, seconds_per_model=60.0)
        )  # fmt: skip
    before = [place for place, end in enumerate(origins) if end <= origin]
    assert len(before) > 3
    assert origin - 7 < origins[before[-1]]
    assert sorted(made[0]) == sorted(ladder)
    for name, forecast in made[0].items():
        assert np.array_equal(forecast[before], made[1][name][before]), name
        assert not np.array_equal(forecast, made[1][name]), name


class Hanging(Refitting):
    name = "hanging"

    def forecast(self, history: History, horizon: int) -> Values:  # noqa: ARG002 - it never gets so far
        time.sleep(60)
        raise AssertionError


class Broken(Refitting):
    name = "broken"

    def forecast(self, history: History, horizon: int) -> Values:  # noqa: ARG002 - it never gets so far
        raise ZeroDivisionError("no variance")


class Exploding(Refitting):
    name = "exploding"

    def forecast(self, history: History, horizon: int) -> Values:
        return np.full(horizon, 1e30 * len(history))


def test_models_that_hang_break_or_explode_are_left_out_and_it_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known: dict[str, Model] = {
        each.name: each for each in (Hanging(), Broken(), Exploding(), SeasonalNaive())
    }
    monkeypatch.setattr(registry, "models", lambda: known)
    output = check(forecast_series(asked(usual(120), ladder=list(known), seconds_per_model=0.1)))
    assert output.model == "seasonal_naive"
    said = " ".join(output.notes)
    assert "hanging is out: took longer than 0.1 s" in said
    assert "broken is out: ZeroDivisionError: no variance" in said
    assert "exploding is out: gave no usable forecast" in said
    alone = check(forecast_series(asked(usual(120), ladder=["broken"], seconds_per_model=0.1)))
    assert (alone.fell_back, alone.reasons) == (
        True,
        ["no model came through in time: seasonal_naive is taken"],
    )


@pytest.mark.parametrize("recorded", ["nothing sold", "closed"])
def test_a_weekday_on_which_nothing_is_ever_sold_is_forecast_to_stay_so(recorded: str) -> None:
    values: list[float | None] = [0.0 if day % 7 == 3 else each for day, each in enumerate(usual(200))]
    closed = list(range(3, 200, 7)) if recorded == "closed" else []
    output = check(forecast_series(asked(values, closed=closed)))
    shut = [day for day in range(14) if (200 + day) % 7 == 3]
    assert all(output.days[day] == [0.0] * 6 for day in shut)
    assert all(output.days[day][1] > 0 for day in range(14) if day not in shut)
    assert output.cumulative[shut[0]][1:] == output.cumulative[shut[0] - 1][1:]
    assert any("nothing has been sold for long" in note for note in output.notes)
    again = [*values[:-7], *usual(7)]
    assert forecast_series(asked(again, closed=closed[:-1])).days[shut[0]][0] > 0


def test_kinds_of_demand_are_told_apart() -> None:
    assert classify(np.array(usual(100))) == "smooth"
    assert classify(np.array([1.0, 30.0, 2.0, 1.0] * 20)) == "erratic"
    assert classify(np.array([5.0, 0, 0, 5.0, 0, 0] * 20)) == "intermittent"
    assert classify(np.array([1.0, 0, 0, 30.0, 0, 0, 2.0, 0] * 20)) == "lumpy"


def test_a_backtest_never_judges_by_what_it_has_seen() -> None:
    for count in range(200):
        plan = backtest.plan_backtest(count, 28, 7)
        if plan is None:
            assert count < 8
            continue
        assert all(0 < end <= count - plan.horizon for end in plan.ends)
        assert list(plan.ends) == sorted(set(plan.ends))
        assert plan.actual(np.arange(float(count))).shape == (len(plan.ends), plan.horizon)


@pytest.mark.parametrize(
    ("costs", "incumbent", "champion", "challenger"),
    [
        ({"a": 0.98, "b": 1.0}, None, "a", "b"),
        ({"a": 0.98, "b": 1.0}, "b", "b", "a"),
        ({"a": 0.96, "b": 1.0}, "b", "a", "b"),
        ({"a": 0.86, "combination": 1.0, "b": 1.0}, None, "combination", "a"),
        ({"a": 0.84, "combination": 1.0, "b": 1.0}, None, "a", "combination"),
        ({"combination": 0.98, "b": 1.0}, "b", "b", "combination"),
        ({"a": 0.98}, "gone", "a", None),
    ],
)
def test_a_champion_stays_until_somebody_costs_clearly_less(
    costs: dict[str, float], incumbent: str | None, champion: str, challenger: str | None
) -> None:
    found = [Candidate(name, {name: 1.0}, np.zeros(1), cost) for name, cost in costs.items()]
    chosen, second = choose(found, incumbent)
    assert (chosen.name, second.name if second else None) == (champion, challenger)


def test_the_champion_of_the_last_run_is_kept_by_the_next_one() -> None:
    ladder = ["auto_ets", "seasonal_average", "seasonal_naive"]
    first = forecast_series(asked(usual(200), ladder=ladder))
    close = min(
        (each for each in first.scores["candidates"] if each != first.model),
        key=lambda name: first.scores["candidates"][name]["cost"],
    )
    assert first.scores["candidates"][close]["cost"] * 0.97 < first.scores["champion"]["cost"]
    assert forecast_series(asked(usual(200), ladder=ladder, incumbent=close)).model == close
    assert first.scores["model_versions"] == dict.fromkeys(ladder, "1")
