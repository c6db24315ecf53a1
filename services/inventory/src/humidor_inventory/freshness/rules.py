"""How old is old, and which lots go first: plain values, in days."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from humidor_inventory.stock.rules import Lot, fefo_order

DEFAULT_BANDS_DAYS = (90, 180, 365)
"""Trade advice: blended cigarettes keep half a year to a year, flue-cured ones one to two years sealed."""
DEFAULT_MAX_AGE_DAYS = 365
"""Trade advice: inspect for mould where a carton is older than 12 months."""
DEFAULT_EXPIRING_WITHIN_DAYS = 60


def band_name(band: int | None, limits_days: Sequence[int]) -> str:
    """Name a band of age: with limits 90 and 180 they are `0-90`, `91-180`, `over 180` and `unknown`.

    Band n begins the day after limit n: a lot of 90 days is in `0-90`.
    """
    if band is None:
        return "unknown"
    if band >= len(limits_days):
        return f"over {limits_days[-1]}"
    first = limits_days[band - 1] + 1 if band else 0
    return f"{first}-{limits_days[band]}"


def suggest(lots: Iterable[Lot], sticks: int, day: date) -> dict[str, int]:
    """Pick `sticks` by FEFO from the sound lots, as far as they reach: {lot: sticks} in order of picking."""
    picks: dict[str, int] = {}
    for lot in fefo_order(lots):
        part = min(lot.on_hand, sticks)
        if part > 0 and lot.sound(day):
            picks[lot.lot] = part
            sticks -= part
    return picks


def follows(suggested: Mapping[str, int], chosen: Mapping[str, int]) -> bool:
    """Tell whether what was chosen is what was suggested, in whatever order."""
    return dict(suggested) == dict(chosen)
