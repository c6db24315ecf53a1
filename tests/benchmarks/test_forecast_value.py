"""The shops that `make bench-forecast-value` follows: units add up, costs are read at equal service."""

from datetime import date, timedelta
from math import sqrt

import numpy as np
import pytest
from benchmarks.forecast_value_levels import FACTORS, Interval, by_deviation, by_moving_average
from benchmarks.forecast_value_sets import split
from benchmarks.forecast_value_shares import Shares, Trial, draws, shares_of
from benchmarks.forecast_value_shop import Curve, Shop, add_up, at_fill, curve_of, follow


def test_a_shop_by_hand() -> None:
    """Two weeks of three days: 4 on the shelf, up to 6 at each review, a lead time of one day."""
    demand = np.array([[3.0, 2, 3, 1, 4, 0]])
    shop = Shop(demand, np.array([4.0]), review_days=3, lead_times=[1, 1])
    ledger = follow(shop, np.full((2, 1, 1), 6.0))
    # Day 1: 2 ordered, 3 sold, 1 left. Day 2: 3 there, 2 sold, 1 left. Day 3: 1 sold, 2 lost, none left.
    # Day 4: 6 ordered, 1 lost. Day 5: 6 there, 4 sold, 2 left. Day 6: 2 left.
    found = [each[:, 0, 0].tolist() for each in (ledger.sold, ledger.lost, ledger.held)]
    assert found == [[6, 4], [2, 1], [1 + 1 + 0, 0 + 2 + 2]]
    assert (float(ledger.ordered[0, 0]), float(ledger.left[0, 0])) == (8, 2)
    curve = curve_of(ledger, np.ones((2, 1)), stockout_cost=20)
    assert curve.fill[0] == pytest.approx(10 / 13)
    assert curve.cost[0] == pytest.approx((6 + 20 * 3) / 13)


def test_goods_without_a_lead_time_are_sold_the_same_day() -> None:
    shop = Shop(np.array([[5.0, 5.0]]), np.zeros(1), review_days=1, lead_times=[0, 0])
    ledger = follow(shop, np.full((2, 1, 1), 4.0))
    found = [each[:, 0, 0].tolist() for each in (ledger.sold, ledger.lost, ledger.held)]
    assert found == [[4, 4], [1, 1], [0, 0]]


@pytest.mark.parametrize("lead_times", [[0] * 8, [2] * 8, [7, 9, 2, 4, 7, 1, 3, 8]])
def test_no_unit_comes_from_nowhere_or_is_lost(lead_times: list[int]) -> None:
    random = np.random.default_rng(3)
    demand = random.poisson(4.0, (5, 56)).astype(np.float64)
    start = np.array([0.0, 10, 20, 30, 40])
    levels = random.integers(0, 120, (8, 5, 4)).astype(np.float64)
    ledger = follow(Shop(demand, start, 7, lead_times), levels)
    sold, lost = ledger.sold.sum(axis=0), ledger.lost.sum(axis=0)
    assert (start[:, None] + ledger.ordered == sold + ledger.left).all()
    assert (sold + lost == demand.sum(axis=1)[:, None]).all()


def test_the_warm_up_is_lived_through_but_not_counted() -> None:
    shop = Shop(np.full((1, 14), 1.0), np.array([3.0]), 7, [7, 7], warm_up=1)
    ledger = follow(shop, np.full((2, 1, 1), 14.0))
    # 3 of the first week are sold and 11 come on day 8.
    assert (ledger.sold[:, 0, 0].tolist(), ledger.lost[:, 0, 0].tolist()) == ([7], [0])
    assert ledger.held[0, 0, 0] == sum(range(4, 11))


def test_shops_are_added_up() -> None:
    demand, levels = np.full((1, 14), 1.0), np.full((2, 1, 1), 14.0)
    slow, quick = (follow(Shop(demand, np.array([3.0]), 7, [days, days]), levels) for days in (7, 0))
    both = add_up([slow, quick])
    assert both.lost[:, 0, 0].tolist() == [4, 0]
    assert both.held[:, 0, 0].tolist() == [2 + 1 + sum(range(7, 14)), sum(range(4, 11)) + sum(range(7, 14))]
    assert float(both.ordered[0, 0]) == 11 + 3 + 11 + 7


def test_costs_are_read_between_the_settings_around_a_fill_rate() -> None:
    curve = Curve(fill=np.array([0.8, 0.9, 1.0]), cost=np.array([5.0, 6, 10]), held=np.array([1.0, 3, 9]))
    assert at_fill(curve, 0.95, curve.cost) == pytest.approx(8)
    assert at_fill(curve, 0.85, curve.held) == pytest.approx(2)
    assert at_fill(curve, 0.75, curve.cost) is None
    assert at_fill(curve, 1.01, curve.cost) is None


def test_products_are_added_up_with_what_a_unit_is_worth() -> None:
    shop = Shop(np.array([[1.0], [10.0]]), np.array([1.0, 5.0]), 1, [1])
    curve = curve_of(follow(shop, np.zeros((1, 2, 1))), np.array([[1.0, 0.1]]), stockout_cost=20)
    assert curve.fill[0] == pytest.approx((1 + 0.5) / 2)
    assert curve.cost[0] == pytest.approx(20 * 0.5 / 2)


def test_the_others_levels_by_hand() -> None:
    interval = Interval(lead_time=2, deviation=1, review=7)
    z = FACTORS.index(1.5)
    history = np.resize([8.0, 12.0], 84)
    deviation = float(history.std(ddof=1))
    # 10 a day: 90 over 9 days, 1.5 sqrt(9 sd² + 10² 1²) more.
    expected = 90 + 1.5 * sqrt(9 * deviation**2 + 100)
    assert by_deviation(history, interval)[z] == int(np.ceil(expected))
    # The mean of 28 days is 10, and every day is 2 off it.
    assert by_moving_average(history, 4, interval)[z] == int(np.ceil(90 + 1.5 * sqrt(9 * 4 + 100)))


def test_products_are_chosen_by_what_is_known_before_the_test() -> None:
    first = date(2026, 1, 1)

    def sold(amount: float, days: range) -> dict[date, float]:
        return {first + timedelta(days=day): amount for day in days}

    units = {
        "new": sold(9, range(100, 168)),
        "over": sold(9, range(80)),
        "quick": sold(9, range(168)),
        "quiet": sold(1, range(0, 168, 3)),
    }
    fast, slow = split("shop", units, test_days=28, most=10)
    assert (fast.products, slow.products, fast.begin) == (("quick",), ("quiet",), 140)
    later = units | {"quick": units["quick"] | sold(0, range(140, 168))}
    assert split("shop", later, test_days=28, most=10)[0].products == ("quick",)


def test_shares_are_those_of_fill_rates_that_both_serve() -> None:
    fill, held = np.array([0.85, 0.99]), np.zeros(2)
    curves = {
        "forecast": Curve(fill, np.array([3.0, 3.0]), held),
        "other": Curve(np.array([0.85, 0.95]), np.array([4.0, 4.0]), held),
        "never": Curve(np.array([0.1, 0.2]), held, held),
    }
    assert shares_of(curves) == {"other": pytest.approx([0.75, 0.75])}


def test_draws_are_of_as_many_weeks_and_products_and_of_weeks_in_a_row() -> None:
    every = np.array(list(draws(10, 3)))
    assert (every.sum(axis=(1, 2)) == 30).all()
    assert every.mean(axis=0) == pytest.approx(np.ones((10, 3)), abs=0.2)
    weeks = every.max(axis=2) > 0
    alone = weeks & ~np.roll(weeks, 1, axis=1) & ~np.roll(weeks, -1, axis=1)
    assert alone.mean() < 0.02
    assert (np.array(list(draws(10, 3))) == every).all()


def test_the_standard_error_is_that_of_which_products_are_drawn() -> None:
    """A unit a day: up to 14 a week hold 10 on average, up to 7 hold 3; each half of 16 products."""
    demand = np.ones((16, 20 * 7))
    shop = Shop(demand, np.zeros(16), 7, [0] * 20)
    least = np.full(16, 7.0)
    ours, other = (
        follow(shop, np.tile(np.stack([np.zeros(16), level], axis=-1), (20, 1, 1)))
        for level in (np.repeat([14.0, 7.0], 8), least)
    )
    shares = Shares.of([Trial(np.ones(16), {"forecast": ours, "other": other, "same": ours})])
    found = {each.name: each for each in shares.results("here")}
    same, more = found["forecast_value.here.same"], found["forecast_value.here.other"]
    assert same.value == 1.0
    assert same.note.endswith("standard error 0.000")
    # Costs at 90 % are 20 * 0.1 + 0.9 * 6.5, of which 0.9 * 3.5 / √16 is chance: a tenth; at 98 % an eighth.
    assert float(more.note.split()[-1]) == pytest.approx(0.115, abs=0.015)
