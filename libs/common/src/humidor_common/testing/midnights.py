"""Tests count days from the real clock, so that none may begin just before a day ends."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

ZONES = (ZoneInfo("UTC"), ZoneInfo("Asia/Shanghai"))
"""Where the days of the services and of the stores in tests end."""
LONGEST_TEST = timedelta(minutes=1)


def seconds_until_days_last(now: datetime) -> float:
    """Tell how long a test that begins now waits, so that its days are those that it began with."""
    waits = (_until_midnight(now, zone) for zone in ZONES)
    return max((wait.total_seconds() for wait in waits if wait < LONGEST_TEST), default=0.0)


def _until_midnight(now: datetime, zone: ZoneInfo) -> timedelta:
    here = now.astimezone(zone)
    day = timedelta(days=1)
    return day - timedelta(
        hours=here.hour, minutes=here.minute, seconds=here.second, microseconds=here.microsecond
    )
