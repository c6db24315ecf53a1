"""What may be changed of a product, and when it counts as changed."""

from collections.abc import Mapping
from typing import Any

FACTORS = ("sticks_per_pack", "packs_per_carton", "cartons_per_case")


def repacked(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Tell whether the packaging differs: 20 sticks a pack before, 10 after.

    Stock, orders and levels are kept in sticks, so a pack on the shelf would silently become two: such a
    change is refused while any of them is about.
    """
    return any(before[name] != after[name] for name in FACTORS)


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Tell whether any field that `after` names differs."""
    return any(before[name] != value for name, value in after.items())
