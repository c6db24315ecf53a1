"""Clocks of stores: the same as Python's own, in any zone at any moment."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humidor_common.clock import zone_of
from humidor_customers.purchases.clocks import DAY, HOUR, Clock, day_of, microseconds

ZONES = (
    "UTC",
    "Asia/Shanghai",
    "Asia/Kathmandu",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Freetown",
)


def shown(clock: Clock, moment: datetime) -> tuple[object, int]:
    day, rest = divmod(clock.local(microseconds(moment)), DAY)
    return day_of(day), rest // HOUR


@given(st.sampled_from(ZONES), st.lists(st.datetimes(timezones=st.just(UTC)), min_size=1, max_size=5))
def test_a_clock_shows_what_python_says(zone: str, moments: list[datetime]) -> None:
    clock = Clock(zone)
    for moment in moments:
        try:
            local = moment.astimezone(zone_of(zone))
        except OverflowError:
            local = moment
        assert shown(clock, moment) == (local.date(), local.hour)


@pytest.mark.parametrize("month", [3, 11])
def test_on_the_days_on_which_clocks_are_set_each_moment_counts(month: int) -> None:
    clock = Clock("America/New_York")
    for minutes in range(0, 14 * 1440, 5):
        moment = datetime(2026, month, 1, tzinfo=UTC) + timedelta(minutes=minutes)
        local = moment.astimezone(zone_of("America/New_York"))
        assert shown(clock, moment) == (local.date(), local.hour)


def test_at_the_ends_of_the_calendar_clocks_show_utc() -> None:
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert shown(Clock("America/New_York"), first) == (first.date(), 0)
    assert shown(Clock("Asia/Shanghai"), last) == (last.date(), 23)
