"""Clocks of stores, in whole microseconds from the beginning of 2000 in UTC, as PostgreSQL counts them."""

from datetime import UTC, date, datetime, timedelta

from humidor_common.clock import zone_of

HOUR = 3_600_000_000
DAY = 24 * HOUR
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    return (moment - _BEGINNING) // _MICROSECOND


def day_of(number: int) -> date:
    """Give the day so many after the first of 2000."""
    return _BEGINNING.date() + timedelta(days=number)


class Clock(dict[int, int]):
    """How far the clocks of a time zone are ahead of UTC, by days; at the ends of the calendar by nothing.

    A day that begins and ends with the same has it throughout: nowhere were clocks ever set twice within four
    days. In one during which they are set, each moment is looked up.
    """

    def __init__(self, zone: str) -> None:
        self._zone = zone_of(zone)

    def local(self, moment: int) -> int:
        """Give what the clock shows at a moment."""
        day = moment // DAY
        ahead = self.get(day)
        return moment + (self._look(moment, day) if ahead is None else ahead)

    def _look(self, moment: int, day: int) -> int:
        first, last = self._ahead(day * DAY), self._ahead((day + 1) * DAY - 1)
        if first != last:
            return self._ahead(moment)
        self[day] = first
        return first

    def _ahead(self, moment: int) -> int:
        at = _BEGINNING + moment * _MICROSECOND
        try:
            ahead = at.astimezone(self._zone).utcoffset()
        except OverflowError:
            return 0
        return ahead // _MICROSECOND if ahead else 0
