"""When a business date begins and ends, and how two totals differ."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

import msgspec

from humidor_common.clock import zone_of
from humidor_pos.facts.rules import Unreadable

Status = Literal["reconciled", "discrepant"]


def day_bounds(business_date: date, time_zone: str) -> tuple[datetime, datetime]:
    """Give the first moment of the date on the store's clock, and that of the next date.

    Raises:
        Unreadable: The date has no such moments in the calendar.
    """
    zone = zone_of(time_zone)
    try:
        starts = datetime.combine(business_date, time(), zone).astimezone(UTC)
        ends = datetime.combine(business_date + timedelta(days=1), time(), zone).astimezone(UTC)
    except OverflowError:
        raise Unreadable("business_date", "is outside of the calendar") from None
    return starts, ends


def differences(counted: Any, claimed: Any) -> dict[str, int]:
    """Give what the claimed totals lack against the counted ones, without what is equal."""
    ours, theirs = _flat(msgspec.to_builtins(counted)), _flat(msgspec.to_builtins(claimed))
    names = list(dict.fromkeys([*ours, *theirs]))
    found = {name: ours.get(name, 0) - theirs.get(name, 0) for name in names}
    return {name: amount for name, amount in found.items() if amount}


def status_of(found: dict[str, int]) -> Status:
    return "discrepant" if found else "reconciled"


def _flat(totals: dict[str, Any]) -> dict[str, int]:
    flat = {name: value for name, value in totals.items() if name != "by_payment"}
    return flat | {f"by_payment.{method}": amount for method, amount in totals["by_payment"].items()}
