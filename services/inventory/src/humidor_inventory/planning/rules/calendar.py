"""Which days a level is looked at and a supplier takes orders."""

from collections.abc import Sequence
from datetime import date, timedelta

# Weeks begin on Monday: reviews every 7 days fall on Mondays, in every store alike.
MONDAY = date(1970, 1, 5).toordinal()


def review_due(day: date, review_days: int) -> bool:
    """Tell whether a level that is looked at every `review_days` (0 or 1: every day) is due."""
    return review_days <= 1 or (day.toordinal() - MONDAY) % review_days == 0


def is_order_day(day: date, weekdays: Sequence[int]) -> bool:
    """Tell whether the supplier takes orders; weekdays from 1 (Monday) to 7, none named is every day."""
    return not weekdays or day.isoweekday() in weekdays


def next_order_day(day: date, weekdays: Sequence[int]) -> date:
    """The first order day after `day`."""
    return next(
        day + timedelta(days=i) for i in range(1, 8) if is_order_day(day + timedelta(days=i), weekdays)
    )
