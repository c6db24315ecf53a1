from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from humidor_customers.cycles.rules import Timing, plan_window, window_state, working_day

# Hainan: Monday's group orders from Saturday 19:00 to Sunday 16:00.
MONDAY = Timing("Asia/Shanghai", 1, 2, time(19), 1, time(16), 1)
WEEK = date(2026, 11, 30), date(2026, 12, 6)


def test_the_window_of_mondays_group_is_from_saturday_evening_to_sunday_afternoon() -> None:
    window = plan_window(MONDAY, *WEEK, set(), "later")
    assert window is not None
    assert window.opens_at.astimezone(UTC) == datetime(2026, 11, 28, 11, tzinfo=UTC)
    assert window.closes_at.astimezone(UTC) == datetime(2026, 11, 29, 8, tzinfo=UTC)
    assert (window.order_day, window.delivery_on, window.moved_from) == (
        date(2026, 11, 30),
        date(2026, 12, 1),
        None,
    )


def test_a_holiday_moves_the_order_day_with_its_window_and_the_delivery_further() -> None:
    holidays = {date(2026, 11, 30), date(2026, 12, 2)}
    later = plan_window(MONDAY, *WEEK, holidays, "later")
    earlier = plan_window(MONDAY, *WEEK, holidays, "earlier")
    assert later is not None
    assert earlier is not None
    assert (later.order_day, later.moved_from, later.delivery_on) == (
        date(2026, 12, 1),
        date(2026, 11, 30),
        date(2026, 12, 3),
    )
    assert later.opens_at.astimezone(UTC) == datetime(2026, 11, 29, 11, tzinfo=UTC)
    assert (earlier.order_day, earlier.delivery_on) == (date(2026, 11, 29), date(2026, 12, 1))


def test_a_group_whose_weekday_is_not_in_the_cycle_has_no_window() -> None:
    assert plan_window(MONDAY, date(2026, 12, 1), date(2026, 12, 6), set(), "later") is None


def test_a_window_takes_orders_from_its_first_moment_and_not_at_its_last() -> None:
    opens, closes = datetime(2026, 11, 28, 11, tzinfo=UTC), datetime(2026, 11, 29, 8, tzinfo=UTC)
    states = [window_state(opens, closes, at) for at in (opens - timedelta.resolution, opens, closes)]
    assert states == ["upcoming", "open", "closed"]


days = st.dates(date(2026, 1, 1), date(2027, 12, 31))


@given(
    st.integers(1, 7),
    days,
    st.sets(st.integers(-40, 60), max_size=30),
    st.sampled_from(["earlier", "later"]),
)
def test_whatever_the_holidays_nobody_orders_or_gets_goods_on_one(
    weekday: int, starts_on: date, offsets: set[int], shift: str
) -> None:
    holidays = {starts_on + timedelta(days=each) for each in offsets}
    timing = MONDAY._replace(order_weekday=weekday)
    window = plan_window(timing, starts_on, starts_on + timedelta(days=6), holidays, shift)  # type: ignore[arg-type]
    assert window is not None
    assert window.order_day not in holidays
    assert window.delivery_on not in holidays
    assert window.opens_at < window.closes_at
    regular = window.moved_from or window.order_day
    assert regular.isoweekday() == weekday
    assert working_day(regular, holidays, shift) == window.order_day  # type: ignore[arg-type]
