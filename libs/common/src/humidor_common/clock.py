"""The one place that reads the wall clock, so that rules get `now` as an argument; and what clocks show."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

_FARTHEST_EAST = timedelta(hours=14)


def to_milliseconds(moment: datetime) -> datetime:
    """Drop what is finer than a millisecond."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def utc_now() -> datetime:
    return datetime.now(UTC)


@cache
def zone_of(name: str) -> tzinfo:
    """Find a time zone of the IANA database; UTC for one that has been abolished, so that no sale waits."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def latest_date(at: datetime) -> date:
    """Give the latest date that any clock on earth shows."""
    return (at + _FARTHEST_EAST).date()


def local_date(at: datetime, zone: str) -> date:
    """Give the date that the clock on a wall in the time zone shows."""
    try:
        return at.astimezone(zone_of(zone)).date()
    except OverflowError:  # the very ends of the calendar
        return at.date()
