"""Stretches of days: how a report is cut, what each part is compared with, what are whole months."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Literal, NamedTuple, TypeAlias

from humidor_customers.market.rules.festivals import lunar_base, years_before

Period: TypeAlias = Literal["none", "day", "week", "month", "quarter", "year"]
Against: TypeAlias = Literal["previous", "year", "lunar_year"]
_DAY = timedelta(days=1)
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


class Span(NamedTuple):
    """Days from `start` to `end`, both included."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1


class Pieces(NamedTuple):
    """The whole months of spans, and the days left over: each with the number of its span."""

    months: list[tuple[date, int]]
    days: list[tuple[Span, int]]

    @property
    def left_days(self) -> int:
        return sum(span.days for span, _ in self.days)


def cut(span: Span, period: Period) -> list[Span]:
    """Cut days into periods of the calendar (weeks begin on Monday); the first and last may be part of one.

    10 January to 5 March by month are 10-31 January, February, 1-5 March.
    """
    if period == "none":
        return [span]
    found, start = [], span.start
    while start <= span.end:
        end = min(_end_of(start, period), span.end)
        found.append(Span(start, end))
        start = end + _DAY
    return found


def _end_of(day: date, period: Period) -> date:
    if period == "day":
        return day
    if period == "week":
        return day + timedelta(days=6 - day.weekday())
    size = _MONTHS[period]
    month = (day.month - 1) // size * size + size
    return date(day.year, month, monthrange(day.year, month)[1])


def base_of(span: Span, against: Against) -> tuple[Span, bool] | None:
    """Find what a stretch is compared with, and whether the lunar new year moved it; None where unknown.

    `previous` is the whole month or months before where the stretch is whole months, else as many days
    before. A year before 1-28 February 2025 is 1-29 February 2024: the end of a month stays the end of a
    month.
    """
    if against == "previous":
        return _previous(span), False
    if against == "lunar_year":
        found = lunar_base(span.start, span.end)
        if found is None:
            return None
        if found[2]:
            return Span(found[0], found[1]), True
    start, end = years_before(span.start, 1), years_before(span.end, 1)
    if ends_month(span.end):
        end = end.replace(day=monthrange(end.year, end.month)[1])
    return Span(start, end), False


def _previous(span: Span) -> Span:
    end = span.start - _DAY
    if span.start.day == 1 and ends_month(span.end):
        months = (span.end.year - span.start.year) * 12 + span.end.month - span.start.month + 1
        return Span(months_before(span.start, months), end)
    return Span(span.start - timedelta(days=span.days), end)


def months_before(first: date, months: int) -> date:
    """Give the first day of the month so many months before."""
    year, month = divmod(first.year * 12 + first.month - 1 - months, 12)
    return date(year, month + 1, 1)


def ends_month(day: date) -> bool:
    """Tell whether a day is the last of its month."""
    return day.day == monthrange(day.year, day.month)[1]


def quarters_of(months: Sequence[tuple[date, int]]) -> tuple[list[tuple[date, int]], list[tuple[date, int]]]:
    """Take whole quarters out of the months of spans; gives these, and the months left over.

    December to April are the first quarter, December and April.
    """
    there = set(months)
    quarters, taken = [], set()
    for month, place in months:
        parts = (
            {(month.replace(month=month.month + n), place) for n in range(3)}
            if month.month % 3 == 1
            else set()
        )
        if parts and parts <= there:
            quarters.append((month, place))
            taken |= parts
    return quarters, [each for each in months if each not in taken]


def split(spans: Sequence[Span]) -> Pieces:
    """Take whole months out of spans, whose sums are ready."""
    pieces = Pieces([], [])
    for place, span in enumerate(spans):
        for part in cut(span, "month"):
            if part.start.day == 1 and ends_month(part.end):
                pieces.months.append((part.start, place))
            else:
                pieces.days.append((part, place))
    return pieces
