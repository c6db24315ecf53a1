"""Times of the day and week that purchases are counted by."""

from typing import Literal, TypeAlias

Slot: TypeAlias = Literal["hour", "daypart", "weekday", "weekday_daypart"]
DAYPARTS = ("05-08", "08-11", "11-14", "14-17", "17-20", "20-23", "23-05")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def slot_names(slot: Slot) -> list[str]:
    """Name the slots in their order; `17-20` is from 17:00 to 19:59."""
    if slot == "hour":
        return [f"{hour:02d}" for hour in range(24)]
    if slot == "weekday_daypart":
        return [f"{day} {part}" for day in WEEKDAYS for part in DAYPARTS]
    return list(DAYPARTS if slot == "daypart" else WEEKDAYS)
