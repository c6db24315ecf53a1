"""Decides whether a campaign begins, goes on, ends or stops, on one look at it."""

from datetime import date, timedelta
from typing import NamedTuple

from humidor_customers.campaigns.rules.states import State

LEAST_DAYS = 7
"""So many whole days a campaign runs before its sales are held against those before it."""


class Look(NamedTuple):
    """A live campaign as it stands; days are of its stores: of the first and of the last to change date.

    `sticks_a_day` are those of its stores since it began, over whole days, `before_a_day` those of the 90
    days before; None where there are none to compare.
    """

    state: State
    starts_on: date
    ends_on: date
    first_today: date
    last_today: date
    budget_minor: int
    spent_minor: int
    forbidden_by: str | None
    sales_floor_percent: float | None
    sticks_a_day: float | None
    before_a_day: float | None


class Outcome(NamedTuple):
    """What becomes of it; `code` says why it stopped, `last_day` is the last on which it ran."""

    state: State
    code: str | None = None
    detail: str | None = None
    last_day: date | None = None


def decide(look: Look) -> Outcome:
    """Decide on one look; what the law forbids comes before what was spent, and that before the calendar."""
    begun = look.first_today >= look.starts_on
    last_day = min(look.ends_on, look.first_today)
    if look.forbidden_by is not None:
        return _forbid(look.forbidden_by, last_day if begun else None)
    if not begun or look.last_today > look.ends_on:
        return Outcome("ended", last_day=look.ends_on) if begun else Outcome("scheduled")
    if look.spent_minor >= look.budget_minor > 0:
        return Outcome("stopped", "budget-spent", f"{look.spent_minor} of {look.budget_minor}", last_day)
    if (fallen := _fallen(look)) is not None:
        return Outcome("stopped", "sales-fell", f"{fallen:.0f} % of before", last_day)
    return Outcome("running")


def _forbid(detail: str, last_day: date | None) -> Outcome:
    """Stop what has begun; what has not is cancelled."""
    return Outcome("cancelled" if last_day is None else "stopped", "forbidden", detail, last_day)


def _fallen(look: Look) -> float | None:
    """Give what percent of before is sold, where that is below the floor."""
    if look.sales_floor_percent is None or look.sticks_a_day is None or not look.before_a_day:
        return None
    percent = 100 * look.sticks_a_day / look.before_a_day
    return percent if percent < look.sales_floor_percent else None


def whole_days(starts_on: date, last_today: date) -> tuple[date, date] | None:
    """Give the first and last whole day of a campaign so far, once there are enough of them."""
    last = last_today - timedelta(days=1)
    return (starts_on, last) if (last - starts_on).days + 1 >= LEAST_DAYS else None
