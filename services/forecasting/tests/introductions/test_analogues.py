"""What has no history is forecast from what is like it, wider than what has one."""

from datetime import date, timedelta

import msgspec
import numpy as np
import pytest

from humidor_forecasting.choosing.analogues import forecast_by_analogues
from humidor_forecasting.choosing.pipeline import forecast_series
from humidor_forecasting.choosing.work import Analogue, SeriesInput
from humidor_forecasting.runs.likeness_rules import analogue_of, dense
from humidor_forecasting.runs.rules import PROBABILITIES

WEEK = np.array([10.0, 8, 9, 10, 14, 18, 6])


def analogue(times: float, *, weight: float = 1.0, launch: bool = False, scale: float = 1.0) -> Analogue:
    days = np.tile(WEEK, 8) * times
    first = np.tile(WEEK, 6) * times * np.linspace(0.2, 0.6, 42) if launch else np.array([])
    return Analogue(
        store_id="S1", gtin=f"G{times}", scale=scale, weight=weight, why="same brand",
        launch=first.tolist(), recent=days.tolist(), recent_ordinal=7,
    )  # fmt: skip


def given(*alike: Analogue, own: list[float] | None = None, begins: int = 0) -> SeriesInput:
    return SeriesInput(
        store_id="S0", gtin="N", first_ordinal=70, values=list(own or []), horizon=28,
        probabilities=list(PROBABILITIES), analogues=list(alike), begins=begins,
    )  # fmt: skip


def test_the_forecast_has_the_level_and_the_week_of_what_is_alike_and_is_wide() -> None:
    found = forecast_series(given(analogue(0.5), analogue(1.0), analogue(2.0)))
    assert (found.model, found.fell_back, found.kind) == ("analogues", True, "new")
    medians = np.array([day[1 + PROBABILITIES.index(0.5)] for day in found.days])
    assert 5 < np.median(medians) < 13
    assert int(np.argmax(medians[:7])) == 5  # Saturday, as theirs
    low, high = (found.cumulative[-1][1 + PROBABILITIES.index(p)] for p in (0.1, 0.9))
    assert high / low > 2.5
    assert "3 alike" in found.reasons[0]
    assert any("G0.5 in S1" in each for each in found.reasons)
    assert "no introduction" in found.reasons[-1]


def test_an_introduction_that_was_seen_begins_low_and_a_later_begin_sells_nothing_before() -> None:
    launched = forecast_series(given(analogue(1.0, launch=True), analogue(1.1, launch=True)))
    steady = forecast_series(given(analogue(1.0), analogue(1.1)))
    assert launched.cumulative[6][0] < 0.5 * steady.cumulative[6][0]
    later = forecast_series(given(analogue(1.0), begins=5))
    assert [day[0] for day in later.days[:5]] == [0.0] * 5
    assert later.days[5][0] > 0


def test_own_days_draw_the_level_towards_them_and_make_it_surer() -> None:
    alike = (analogue(0.5), analogue(1.0), analogue(2.0))
    prior = forecast_by_analogues(given(*alike), seed=1)
    drawn = forecast_by_analogues(given(*alike, own=[30.0] * 5), seed=1)
    assert drawn.sums[0][-1] > 1.5 * prior.sums[0][-1]
    width = [made.sums[1][-1, -1] / made.sums[1][-1, 0] for made in (prior, drawn)]
    assert width[1] < width[0]
    assert len(forecast_series(given(*alike, own=[30.0] * 9)).reasons) > 0
    assert forecast_series(given(*alike, own=[30.0] * 9)).model != "analogues"


def test_an_absurd_sale_of_an_analogue_or_of_its_own_is_cut_and_told() -> None:
    sound = [analogue(0.9, launch=True), analogue(1.0), analogue(1.1)]
    usual = forecast_series(given(*sound)).cumulative[-1][0]
    for part in ("launch", "recent"):
        days = list(getattr(sound[0], part))
        days[20] = 140_000.0
        found = forecast_series(given(msgspec.structs.replace(sound[0], **{part: days}), *sound[1:]))
        assert found.cumulative[-1][0] == pytest.approx(usual, rel=0.1)
        assert [note[:11] for note in found.notes] == ["G0.9 in S1:"]
        assert "absurd" in found.notes[0]
    for own in ([140_000.0], [9.0, 140_000.0], [9.0, 8.0, 140_000.0, 9.0]):
        found = forecast_series(given(*sound, own=own))
        assert found.cumulative[-1][0] < 2.5 * usual
        assert len(found.notes) == 1
    assert forecast_series(given(*sound, own=[200.0])).notes == []


@pytest.mark.parametrize("times", [0.0, 1e-6, 1e9])
def test_poor_analogues_give_finite_figures(times: float) -> None:
    found = forecast_series(given(analogue(times)))
    assert np.isfinite(found.days).all()
    assert (np.diff(np.array(found.days)[:, 1:], axis=1) >= 0).all()


def test_likeness_is_scaled_by_stores_and_weighed_by_brand_class_and_price() -> None:
    row = {
        "store_id": "S0", "gtin": "N", "of_store": "S1", "of_gtin": "N", "first_day": _day(0),
        "since": _day(0), "named": False, "brand": True, "class": True, "apart": 0.0, "here": 500.0,
        "here_days": 56, "there": 1000.0,
    }  # fmt: skip
    elsewhere = analogue_of(row, ([], [1.0] * 56), _day(100))
    assert elsewhere is not None
    assert (elsewhere.scale, elsewhere.weight) == (0.5, 2.0)
    assert elsewhere.launch == []
    beside = row | {"of_store": "S0", "of_gtin": "A", "first_day": _day(40)}
    alike = analogue_of(beside, ([1.0], [1.0] * 30), _day(100))
    assert alike is not None
    assert (alike.scale, alike.weight, alike.launch) == (1.0, 8.0, [1.0])
    assert alike.recent_ordinal == _day(71).toordinal()
    assert analogue_of(row, ([1.0], [0.0] * 56), _day(100)) is None
    assert dense([0, 2], [5.0, 6.0], 3) == [5.0, 0.0, 6.0]
    assert dense([54, 55], [5.0, 6.0], 2, 56) == [5.0, 6.0]


def _day(number: int) -> date:
    return date(2026, 1, 1) + timedelta(days=number)
