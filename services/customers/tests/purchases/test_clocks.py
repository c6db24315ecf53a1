"""Clocks of stores: the same as Python's own, in any zone at any moment."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humidor_common.clock import zone_of
from humidor_customers.purchases.clocks import DAY, HOUR, local, microseconds

ZONES = (
    "UTC",
    "Asia/Shanghai",
    "Asia/Kathmandu",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Freetown",
)


def shown(zone: str, moments: Sequence[datetime]) -> list[tuple[date, int]]:
    clocks = local(zone, microseconds(moments)).tolist()
    return [(date(2000, 1, 1) + timedelta(days=each // DAY), each % DAY // HOUR) for each in clocks]


def told(zone: str, moment: datetime) -> tuple[date, int]:
    try:
        here = moment.astimezone(zone_of(zone))
    except OverflowError:
        here = moment
    return here.date(), here.hour


@given(st.sampled_from(ZONES), st.lists(st.datetimes(timezones=st.just(UTC)), min_size=1, max_size=5))
def test_a_clock_shows_what_python_says(zone: str, moments: list[datetime]) -> None:
    assert shown(zone, moments) == [told(zone, each) for each in moments]


@pytest.mark.parametrize("month", [3, 11])
def test_on_the_days_on_which_clocks_are_set_each_moment_counts(month: int) -> None:
    zone, first = "America/New_York", datetime(2026, month, 1, tzinfo=UTC)
    moments = [first + timedelta(minutes=minutes) for minutes in range(0, 14 * 1440, 5)]
    assert shown(zone, moments) == [told(zone, each) for each in moments]


def test_at_the_ends_of_the_calendar_clocks_show_utc() -> None:
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert shown("America/New_York", [first]) == [(first.date(), 0)]
    assert shown("Asia/Shanghai", [last]) == [(last.date(), 23)]
