"""The Chinese new year, which moves by up to a month against the calendar that sales are counted by."""

from datetime import date, timedelta

# Month and day of the first day of the first lunar month, from 1990 on (checked against lunardate 0.3).
_FIRST = 1990
_DAYS = (  # noqa: SIM905 - a table is read by rows
    "0127 0215 0204 0123 0210 0131 0219 0207 0128 0216 "  # 1990
    "0205 0124 0212 0201 0122 0209 0129 0218 0207 0126 "  # 2000
    "0214 0203 0123 0210 0131 0219 0208 0128 0216 0205 "  # 2010
    "0125 0212 0201 0122 0210 0129 0217 0206 0126 0213 "  # 2020
    "0203 0123 0211 0131 0219 0208 0128 0215 0204 0124 "  # 2030
    "0212 0201 0122 0210 0130 0217 0206 0126 0214 0202 "  # 2040
    "0123 "  # 2050
).split()
BEFORE, AFTER = timedelta(days=42), timedelta(days=28)
"""So long before and after the new year sales follow it: people stock up, then stay at home."""

LONGEST_DAYS = 62


def new_year(year: int) -> date | None:
    """Give the day of the lunar new year (春节) in a year; None for years that the table lacks."""
    place = year - _FIRST
    if not 0 <= place < len(_DAYS):
        return None
    return date(year, int(_DAYS[place][:2]), int(_DAYS[place][2:]))


def lunar_base(start: date, end: date) -> tuple[date, date, bool] | None:
    """Find the days of the year before that lie to its new year as these days lie to theirs.

    The third is whether that is so: days that the festival does not touch are compared with the same dates a
    year before. 1 to 17 February 2026 (new year on the 17th) answer to 13 to 29 January 2025 (new year on the
    29th). A stretch of more than two months holds the festival anyway and keeps its dates. None where the
    table lacks the year.
    """
    if (end - start).days >= LONGEST_DAYS:
        return years_before(start, 1), years_before(end, 1), False
    for year in (start.year, end.year):
        festival, former = new_year(year), new_year(year - 1)
        if festival is None or former is None:
            return None
        if start <= festival + AFTER and end >= festival - BEFORE:
            apart = festival - former
            return start - apart, end - apart, True
    return years_before(start, 1), years_before(end, 1), False


def years_before(day: date, years: int) -> date:
    """Give the same date so many years before; 29 February becomes 28 February."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)
