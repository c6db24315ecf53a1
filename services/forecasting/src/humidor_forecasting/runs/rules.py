"""What a run makes of what is recorded: the input of each series."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

PROBABILITIES = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.8, 0.9, 0.95, 0.975, 0.99)
"""80 % of demand lies between 0.1 and 0.9, 95 % between 0.025 and 0.975; levels take the high ones."""

BUSY_SERIES = 8.0
"""A store that sells so many products on an average day, and one day none, was closed."""

SPRING_BEFORE, SPRING_AFTER = 21, 14


@dataclass(frozen=True)
class Recorded:
    """Demand of a series as the database has it: days with demand alone, by their distance from the first."""

    store_id: str
    gtin: str
    first_day: date
    until: date
    places: Sequence[int]
    sticks: Sequence[int]
    cut_places: Sequence[int]


@dataclass(frozen=True)
class Promotion:
    """Days on which the series was, or will be, promoted."""

    starts_on: date
    ends_on: date


def dense(recorded: Recorded) -> list[float | None]:
    """Give every day from the first to the last whole one; without a sale there was no demand."""
    values: list[float | None] = [0.0] * ((recorded.until - recorded.first_day).days + 1)
    for place, sticks in zip(recorded.places, recorded.sticks, strict=True):
        values[place] = float(sticks)
    return values


def out_places(recorded: Recorded, times: Sequence[tuple[date, date]]) -> list[int]:
    """Give the days, by place, that a stock-out touched or a cap cut orders of."""
    count = (recorded.until - recorded.first_day).days + 1
    found = set(recorded.cut_places)
    for begin, end in times:
        low, high = (begin - recorded.first_day).days, (end - recorded.first_day).days
        found.update(range(max(low, 0), min(high + 1, count)))
    return sorted(found)


def closed_places(recorded: Recorded, trading: Mapping[date, int]) -> list[int]:
    """Give the days, by place, on which the store sold nothing at all although it sells many products a day.

    `trading` counts the products sold on each day that had a sale.
    """
    span = [day for day in trading if recorded.first_day <= day <= recorded.until]
    if not span or sum(trading[day] for day in span) / len(span) < BUSY_SERIES:
        return []
    count = (recorded.until - recorded.first_day).days + 1
    open_places = {(day - recorded.first_day).days for day in span}
    return sorted(set(range(count)) - open_places)


def known_columns(
    recorded: Recorded, horizon: int, promotions: Sequence[Promotion], calendar: "CalendarDays"
) -> dict[str, list[float]]:
    """Give what is known ahead, one value a day of the history and of the horizon."""
    count = (recorded.until - recorded.first_day).days + 1 + horizon
    days = [recorded.first_day + timedelta(days=i) for i in range(count)]
    columns = {
        "promotion": [float(any(p.starts_on <= day <= p.ends_on for p in promotions)) for day in days],
        "holiday": [float(day in calendar.holidays) for day in days],
        "spring_before": [_ramp(calendar.from_new_year(day), -SPRING_BEFORE, -1) for day in days],
        "spring_during": [float(-1 <= calendar.from_new_year(day) <= 6) for day in days],
        "spring_after": [float(6 < calendar.from_new_year(day) <= SPRING_AFTER) for day in days],
    }
    return {name: column for name, column in columns.items() if len(set(column[: count - horizon])) > 1}


@dataclass(frozen=True)
class CalendarDays:
    """Holidays, and the lunar new years around; both of all days that a run can touch."""

    holidays: Collection[date]
    new_years: Sequence[date]

    def from_new_year(self, day: date) -> int:
        """Count days from the nearest lunar new year, negative before it."""
        return min(((day - each).days for each in self.new_years), key=abs)


def _ramp(distance: int, first: int, last: int) -> float:
    """Rise from 0 to 1 over the days from `first` to `last`: people stock up more and more."""
    return (distance - first + 1) / (last - first + 1) if first <= distance <= last else 0.0


def excused_places(recorded: Recorded, columns: Mapping[str, Sequence[float]]) -> list[int]:
    """Give the days whose peaks are meant."""
    count = (recorded.until - recorded.first_day).days + 1
    return [i for i in range(count) if any(column[i] for column in columns.values())]
