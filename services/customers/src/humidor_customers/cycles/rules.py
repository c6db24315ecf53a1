"""When a group of customers may order: windows of a cycle, and how holidays move them. Plain values."""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Literal, NamedTuple, TypeAlias

from humidor_common.clock import zone_of

Shift: TypeAlias = Literal["earlier", "later"]
WindowState: TypeAlias = Literal["upcoming", "open", "closed"]
MOST_DAYS_MOVED = 31
_DAY = timedelta(days=1)


class Timing(NamedTuple):
    """How a group orders: its weekday (ISO, Monday 1), and when before it the window opens and closes."""

    time_zone: str
    order_weekday: int
    opens_days_before: int
    opens_at_time: time
    closes_days_before: int
    closes_at_time: time
    delivery_days_after: int


class Window(NamedTuple):
    """When orders are taken and delivered; `moved_from` is the order day that a holiday moved."""

    order_day: date
    opens_at: datetime
    closes_at: datetime
    delivery_on: date
    moved_from: date | None = None


def plan_window(
    timing: Timing, starts_on: date, ends_on: date, holidays: Collection[date], shift: Shift
) -> Window | None:
    """Plan the one window that a group has in a cycle; None where its weekday is not in it.

    The order day is the first of its weekday in the cycle. On a holiday it moves to the nearest working day
    before (`earlier`) or after it, and the window moves along; a delivery on a holiday always moves later.
    Monday's group that opens two days before at 19:00 and closes the day before at 16:00 orders from Saturday
    19:00 to Sunday 16:00; with Monday a holiday and `later`, from Sunday 19:00 to Monday 16:00.
    """
    regular = starts_on + (timing.order_weekday - starts_on.isoweekday()) % 7 * _DAY
    if regular > ends_on:
        return None
    day = working_day(regular, holidays, shift)
    return Window(
        order_day=day,
        opens_at=_moment(day - timing.opens_days_before * _DAY, timing.opens_at_time, timing.time_zone),
        closes_at=_moment(day - timing.closes_days_before * _DAY, timing.closes_at_time, timing.time_zone),
        delivery_on=working_day(day + timing.delivery_days_after * _DAY, holidays, "later"),
        moved_from=regular if day != regular else None,
    )


def working_day(day: date, holidays: Collection[date], shift: Shift) -> date:
    """Find the nearest day that is no holiday; after a month of holidays the day itself."""
    step = _DAY if shift == "later" else -_DAY
    moved = day
    for _ in range(MOST_DAYS_MOVED):
        if moved not in holidays:
            return moved
        moved += step
    return day


def window_state(opens_at: datetime, closes_at: datetime, now: datetime) -> WindowState:
    """Say whether orders are taken: from `opens_at` on, and before `closes_at`."""
    if now < opens_at:
        return "upcoming"
    return "open" if now < closes_at else "closed"


def _moment(day: date, at: time, zone: str) -> datetime:
    """Read a clock on a wall; an hour that summer time skips or repeats is taken by its first reading."""
    return datetime.combine(day, at, tzinfo=zone_of(zone))
