"""Whether what a supplier confirms is what was ordered."""

from collections.abc import Mapping
from datetime import date


def agrees(
    ordered: Mapping[str, int],
    confirmed: Mapping[str, int],
    days: tuple[date | None, date | None],
    *,
    prices_differ: bool,
) -> bool:
    """Tell whether a confirmation changes nothing: same sticks, same prices, and (due, promised) in time.

    Lines that are not named are confirmed as ordered. Where no day was expected any promise will do.

    Example:
        `agrees({"a": 200}, {"a": 180}, (None, None), prices_differ=False)` is False.
    """
    due, promised = days
    late = due is not None and promised is not None and promised > due
    return not late and not prices_differ and all(ordered[gtin] == n for gtin, n in confirmed.items())
