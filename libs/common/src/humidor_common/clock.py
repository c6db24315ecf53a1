"""The one place that reads the wall clock, so that rules get `now` as an argument."""

from datetime import UTC, datetime


def to_milliseconds(moment: datetime) -> datetime:
    """Drop what is finer than a millisecond."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def utc_now() -> datetime:
    return datetime.now(UTC)
