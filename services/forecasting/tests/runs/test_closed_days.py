"""Days on which a store was shut by accident are filled; its days of rest are not."""

from datetime import date, timedelta

from humidor_forecasting.runs.rules import Recorded, closed_places

FIRST, DAYS = date(2026, 1, 5), 84
RECORDED = Recorded("S0001", "06900000000014", FIRST, FIRST + timedelta(days=DAYS - 1), (), (), ())


def trading(shut: set[int]) -> dict[date, int]:
    return {FIRST + timedelta(days=place): 40 for place in range(DAYS) if place not in shut}


def test_a_store_that_rests_on_sundays_was_closed_on_none_of_them() -> None:
    sundays = set(range(6, DAYS, 7))
    assert closed_places(RECORDED, trading(sundays)) == []
    assert closed_places(RECORDED, trading(sundays | {30, 31})) == [30, 31]


def test_a_week_without_trade_is_closed_and_a_new_day_of_rest_is_one_once_it_is_most_of_a_month() -> None:
    assert closed_places(RECORDED, trading(set(range(28, 35)))) == list(range(28, 35))
    last = {DAYS - 1 - 7 * week for week in range(3)}
    assert closed_places(RECORDED, trading(last)) == sorted(last)
    assert closed_places(RECORDED, trading(last | {DAYS - 1 - 7 * week for week in range(3, 6)})) == [48]
