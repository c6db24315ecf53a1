"""What a run makes of what is recorded: the input of each series."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import log
from statistics import median

PROBABILITIES = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.8, 0.9, 0.95, 0.975, 0.99)
"""Intervals of 80 and 95 % are made of 0.1, 0.8, 0.9 and 0.025, 0.95, 0.975; levels take the high ones."""

BUSY_SERIES = 8.0
"""A store that sells so many products on an average day, and one day none, was closed."""
REST_WEEKS = (-4, -3, -2, -1, 1, 2, 3, 4)

SPRING_BEFORE, SPRING_AFTER = 21, 14

PRICE_SALES = 7
"""The regular price is the median of so many days with a sale: a till's mistake or a mixed carton is none."""
LEAST_PRICE_MOVE = 1.01
"""A price that has moved less tells nothing of what prices do."""


@dataclass(frozen=True)
class Recorded:
    """Demand of a series as the database has it: days with demand alone, by their distance from the first.

    `prices` are means of what was paid for a stick on the days `priced_places`, in minor units.
    """

    store_id: str
    gtin: str
    first_day: date
    until: date
    places: Sequence[int]
    sticks: Sequence[int]
    cut_places: Sequence[int]
    priced_places: Sequence[int] = ()
    prices: Sequence[float] = ()


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

    `trading` counts the products sold on each day that had a sale. Days of rest are none of them: where the
    store was shut on most of the same weekdays of the four weeks before and after, nothing is wanted on such
    a day of next week either, and to fill it with what other days sell would forecast too much.
    """
    span = [day for day in trading if recorded.first_day <= day <= recorded.until]
    if not span or sum(trading[day] for day in span) / len(span) < BUSY_SERIES:
        return []
    count = (recorded.until - recorded.first_day).days + 1
    open_places = {(day - recorded.first_day).days for day in span}
    shut = set(range(count)) - open_places
    return sorted(place for place in shut if not _rests(place, shut, count))


def _rests(place: int, shut: Collection[int], count: int) -> bool:
    """Whether the store was shut on most of the same weekdays around a day."""
    around = [place + 7 * week for week in REST_WEEKS if 0 <= place + 7 * week < count]
    return 2 * sum(each in shut for each in around) > len(around)


@dataclass(frozen=True)
class CalendarDays:
    """What the calendar says of each day from `first` on: made once for all series of a piece."""

    first: date
    columns: Mapping[str, Sequence[float]]


def calendar_days(
    first: date, last: date, holidays: Collection[date], new_years: Sequence[date]
) -> CalendarDays:
    """Lay out holidays and the time around the lunar new year; `new_years` are all that days can be near."""
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    from_new_year = [min(((day - each).days for each in new_years), key=abs) for day in days]
    columns = {
        "holiday": [float(day in holidays) for day in days],
        "spring_before": [_ramp(each, -SPRING_BEFORE, -1) for each in from_new_year],
        "spring_during": [float(-1 <= each <= 6) for each in from_new_year],
        "spring_after": [float(6 < each <= SPRING_AFTER) for each in from_new_year],
    }
    return CalendarDays(first, columns)


def known_columns(
    recorded: Recorded, horizon: int, promotions: Sequence[Promotion], calendar: CalendarDays
) -> dict[str, list[float]]:
    """Give what is known ahead, one value a day of the history and of the horizon.

    What stays the same for all of the history is neither an excuse for its peaks nor to be learnt from.
    """
    count = (recorded.until - recorded.first_day).days + 1 + horizon
    begin = (recorded.first_day - calendar.first).days
    columns = {"promotion": _promoted(recorded.first_day, count, promotions)}
    columns |= {name: list(column[begin : begin + count]) for name, column in calendar.columns.items()}
    return {name: column for name, column in columns.items() if len(set(column[: count - horizon])) > 1}


def seen_columns(recorded: Recorded, promotions: Sequence[Promotion]) -> dict[str, list[float]]:
    """Give what moves demand and is known only so far, one value a day of the history."""
    price = _regular_price(recorded, promotions)
    return {"price": price} if price else {}


def _regular_price(recorded: Recorded, promotions: Sequence[Promotion]) -> list[float]:
    """Give the logarithm of each day's regular price by that of the first day; nothing where it never moved.

    Regular is what is paid outside of promotions, whose discounts are part of their effect. Until the first
    sale the price is that of this sale, and it stays until the next one.
    """
    count = (recorded.until - recorded.first_day).days + 1
    promoted = _promoted(recorded.first_day, count, promotions)
    told = [
        (place, price)
        for place, price in zip(recorded.priced_places, recorded.prices, strict=True)
        if price > 0 and not promoted[place]
    ]
    prices = [price for _, price in told]
    if not prices or max(prices) < LEAST_PRICE_MOVE * min(prices):
        return []
    regular = [median(prices[max(n - PRICE_SALES + 1, 0) : n + 1]) for n in range(len(prices))]
    if max(regular) < LEAST_PRICE_MOVE * min(regular):
        return []
    column = [0.0] * count
    ends = [place for place, _ in told[1:]] + [count]
    for (place, _), end, price in zip(told, ends, regular, strict=True):
        column[place:end] = [log(price) - log(regular[0])] * (end - place)
    return column


def _promoted(first: date, count: int, promotions: Sequence[Promotion]) -> list[float]:
    column = [0.0] * count
    for each in promotions:
        low, high = max((each.starts_on - first).days, 0), min((each.ends_on - first).days + 1, count)
        if low < high:
            column[low:high] = [1.0] * (high - low)
    return column


def _ramp(distance: int, first: int, last: int) -> float:
    """Rise from 0 to 1 over the days from `first` to `last`: people stock up more and more."""
    return (distance - first + 1) / (last - first + 1) if first <= distance <= last else 0.0


def excused_places(recorded: Recorded, columns: Mapping[str, Sequence[float]]) -> list[int]:
    """Give the days whose peaks are meant."""
    count = (recorded.until - recorded.first_day).days + 1
    return [i for i in range(count) if any(column[i] for column in columns.values())]
