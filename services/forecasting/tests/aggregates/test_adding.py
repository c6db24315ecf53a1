"""Sums of forecasts: means exactly, spreads by how series and days go together."""

import numpy as np
import pytest
from scipy.stats import norm

from humidor_forecasting.aggregates.adding import add_up
from humidor_forecasting.aggregates.paths import draw_paths, within_of
from humidor_forecasting.aggregates.work import AggregateInput, Figures

CHANCES = [0.025, 0.1, 0.5, 0.9, 0.975]


def figures(name: str, mean: float, deviation: float, *, within: float = 0.2, days: int = 14) -> Figures:
    """A forecast with normal errors of which days share a part."""
    row = [mean, *(float(mean + deviation * norm.ppf(chance)) for chance in CHANCES)]
    whole = deviation * np.sqrt(days + days * (days - 1) * within)
    span = [mean * days, *(float(mean * days + whole * norm.ppf(chance)) for chance in CHANCES)]
    return Figures(
        store_id=name, gtin="G", group=name[0], probabilities=CHANCES, days=[row] * days, span=span,
        span_days=[row] * days,
    )  # fmt: skip


@pytest.mark.parametrize("within", [0.0, 0.2, 0.7])
def test_how_days_go_together_is_read_off_the_forecast(within: float) -> None:
    assert within_of(figures("A", 100, 10, within=within)) == pytest.approx(within, abs=1e-9)


@pytest.mark.parametrize("between", [0.0, 0.4])
def test_the_spread_of_sums_follows_the_correlations(between: float) -> None:
    series = [figures(f"A{i}", 100.0, 10.0) for i in range(20)]
    paths = np.array(list(draw_paths(series, between, np.random.default_rng(1), draws=4000)))
    day = paths[:, :, 0].sum(axis=0)
    assert day.mean() == pytest.approx(2000, rel=1e-6)
    expected = 10 * np.sqrt(20 + 20 * 19 * between)
    assert day.std() == pytest.approx(expected, rel=0.1)
    one = paths[3].sum(axis=1)
    assert one.std() == pytest.approx(10 * np.sqrt(14 + 14 * 13 * 0.2), rel=0.1)


def test_parts_add_up_to_the_whole_and_share_its_draws() -> None:
    series = [figures(f"{'AB'[i % 2]}{i}", 10.0 + i / 3, 3.0) for i in range(30)]
    found = add_up(AggregateInput(series=series, between=0.3, probabilities=CHANCES))
    for place, day in enumerate(found.whole.days):
        assert day[0] == pytest.approx(sum(part.days[place][0] for part in found.parts.values()), abs=1e-9)
        assert day[1:] == sorted(day[1:])
        assert day[5] <= 1.01 * sum(part.days[place][5] for part in found.parts.values())
    assert found.whole.total[0] == pytest.approx(sum(part.total[0] for part in found.parts.values()))


def test_very_many_series_are_added_by_moments_to_the_same_spread() -> None:
    series = [figures(f"A{i}", 100.0, 10.0) for i in range(60)]
    drawn = add_up(AggregateInput(series=series, between=0.2, probabilities=CHANCES))
    many = add_up(AggregateInput(series=series * 20, between=0.2, probabilities=CHANCES))
    assert "gamma" in many.method
    share = [(row[5] - row[1]) / row[0] for row in (drawn.whole.total, many.whole.total)]
    assert share[1] == pytest.approx(share[0], rel=0.2)


def test_nothing_and_zeros_are_added_up() -> None:
    assert add_up(AggregateInput(series=[], between=0.0, probabilities=CHANCES)).whole.days == []
    none = Figures(
        store_id="S", gtin="G", group="", probabilities=[0.5, 0.9], days=[[0.0, 0.0, 0.0]],
        span=[0.0, 0.0, 0.0], span_days=[[0.0, 0.0, 0.0]],
    )  # fmt: skip
    found = add_up(AggregateInput(series=[none], between=0.5, probabilities=CHANCES))
    assert found.whole.days == [[0.0] * 6]
