"""Holidays that move demand: China's public ones, with the lunar new year; `holidays` knows the dates.

The library is imported when first asked: it takes memory that a process at rest need not have.
"""

from datetime import date, timedelta
from functools import cache

COUNTRY = "CN"
SPRING_FESTIVAL = "Spring Festival"
_NAMES = {
    "New Year's Day": "New Year's Day",
    "Chinese New Year (Spring Festival)": SPRING_FESTIVAL,
    "Chinese New Year's Eve": SPRING_FESTIVAL,
    "Tomb-Sweeping Day": "Qingming",
    "Labor Day": "Labour Day",
    "Dragon Boat Festival": "Dragon Boat Festival",
    "Mid-Autumn Festival": "Mid-Autumn Festival",
    "National Day": "National Day",
}


@cache
def _year(year: int) -> dict[date, str]:
    from holidays import country_holidays

    found: dict[date, str] = {}
    in_lieu: list[date] = []
    for day, text in country_holidays(COUNTRY, years=year, language="en_US").items():
        named = [
            _NAMES[plain]
            for each in text.split("; ")
            if (plain := each.removesuffix(" (observed)")) in _NAMES
        ]
        if named:
            found[day] = named[0]
        elif text.startswith("Day off"):
            in_lieu.append(day)
    by_name = dict(found)
    for day in in_lieu if by_name else ():
        found[day] = by_name[min(by_name, key=lambda each: abs(each - day))]
    return found


def holidays_between(first: date, last: date) -> dict[date, str]:
    """Name the holidays from `first` to `last`; days off in lieu carry their holiday's name."""
    found: dict[date, str] = {}
    for year in range(first.year, last.year + 1):
        found |= {day: name for day, name in _year(year).items() if first <= day <= last}
    return found


@cache
def lunar_new_year(year: int) -> date:
    """Give the first day of the lunar year that begins in `year` (1901 to 2099): 2026-02-17."""
    from holidays.calendars.chinese import _ChineseLunisolar

    found = _ChineseLunisolar().lunar_new_year_date(year)[0]
    if found is None:
        raise ValueError(f"no lunar calendar is known of {year}")
    return date(found.year, found.month, found.day)


def days_to_lunar_new_year(day: date) -> int:
    """Count days from the nearest lunar new year: -7 is a week before, 0 the day itself."""
    near = min(
        (lunar_new_year(year) for year in (day.year - 1, day.year, day.year + 1)), key=lambda n: abs(day - n)
    )
    return (day - near) // timedelta(days=1)
