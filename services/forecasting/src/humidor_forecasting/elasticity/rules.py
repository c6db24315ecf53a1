"""Which whole weeks an estimate is of, and what each of them has by the calendar and by the caller."""

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

FIRST_WEEK = date(1990, 1, 1)
"""Weeks are counted from this Monday."""
USUAL_WEEKS = 156
TWO_YEARS = 104
"""So many weeks tell a season from a trend."""


class Span(NamedTuple):
    """Whole weeks from the Monday `first` until before the Monday `end`."""

    first: date
    end: date

    def mondays(self) -> list[date]:
        return [self.first + timedelta(weeks=n) for n in range((self.end - self.first).days // 7)]


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def number_of(monday: date) -> int:
    return (monday - FIRST_WEEK).days // 7


def span_of(first: date | None, last: date | None, today: date) -> Span:
    """Give the whole weeks between these days that are over; without a first day, of three years.

    From Wednesday 2026-01-07 to Tuesday 2026-01-20 there is one: that of Monday the 12th.
    """
    yesterday = today - timedelta(days=1)
    end = monday_of(min(last or yesterday, yesterday) + timedelta(days=1))
    if first is None:
        return Span(end - timedelta(weeks=USUAL_WEEKS), end)
    return Span(monday_of(first + timedelta(days=6)), end)


def holiday_shares(span: Span, holidays: Collection[date]) -> dict[int, float]:
    """Give the share of holidays among the days of each week, by the number of the week."""
    return {
        number_of(monday): sum(monday + timedelta(days=n) in holidays for n in range(7)) / 7
        for monday in span.mondays()
    }


def weekly_values(span: Span, steps: Mapping[date, float]) -> dict[int, float]:
    """Give the mean of the value in force on the days of each week; without weeks before the first value."""
    starts = sorted(steps)
    found = {}
    for monday in span.mondays():
        if starts and monday >= starts[0]:
            found[number_of(monday)] = sum(_in_force(starts, steps, monday + timedelta(days=n))
                                           for n in range(7)) / 7  # fmt: skip
    return found


def _in_force(starts: Sequence[date], steps: Mapping[date, float], day: date) -> float:
    return steps[starts[bisect_right(starts, day) - 1]]
