"""Clocks of stores, in whole microseconds from the beginning of 2000 in UTC, as PostgreSQL counts them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo

import numpy as np

from humidor_common.clock import zone_of
from humidor_customers.arrays import Ints

HOUR = 3_600_000_000
DAY = 24 * HOUR
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(moments: Iterable[datetime]) -> Ints:
    since = [each - _BEGINNING for each in moments]
    return np.array(
        [each.days * DAY + each.seconds * 1_000_000 + each.microseconds for each in since], np.int64
    )


def local(zone: str, moments: Ints) -> Ints:
    """Give what the clocks of a time zone show at moments; at the ends of the calendar that is UTC.

    A day that begins and ends with the same has it throughout: nowhere were clocks ever set twice within four
    days. In one during which they are set, each moment is looked up.
    """
    clock = zone_of(zone)
    days, place = np.unique(moments // DAY, return_inverse=True)
    begins, ends = (
        np.array([_ahead(clock, day * DAY + at) for day in days.tolist()], dtype=np.int64)
        for at in (0, DAY - 1)
    )
    ahead = begins[place]
    for n in np.flatnonzero((begins != ends)[place]).tolist():
        ahead[n] = _ahead(clock, int(moments[n]))
    shown: Ints = moments + ahead
    return shown


def _ahead(clock: tzinfo, moment: int) -> int:
    at = _BEGINNING + moment * _MICROSECOND
    try:
        ahead = at.astimezone(clock).utcoffset()
    except OverflowError:
        return 0
    return ahead // _MICROSECOND if ahead else 0
