"""What may be changed of a product, and when it counts as changed."""

from collections.abc import Collection, Mapping
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


def relabelled(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> bool:
    """Tell whether other item numbers stand for the product's units."""
    return bool(after["unit_gtins"] != (before["unit_gtins"] if before else []))


def number_conflicts(
    wanted: Mapping[str, Mapping[str, Any]], products: Collection[str], owners: Mapping[str, str]
) -> dict[str, str]:
    """Find products whose numbers stand for something else already: {product: number at fault}.

    Args:
        wanted: The products as they shall be, by GTIN, in the order in which they claim numbers.
        products: Which of all the numbers are products' own.
        owners: Which product each number stands for a unit of, as stored.
    """
    conflicts: dict[str, str] = {}
    claimed = dict(owners)
    for gtin, product in wanted.items():
        numbers = [each["gtin"] for each in product["unit_gtins"]]
        taken = [n for n in numbers if n in products or n in wanted or claimed.get(n, gtin) != gtin]
        if gtin in claimed:
            taken.insert(0, gtin)
        if taken:
            conflicts[gtin] = taken[0]
        else:
            claimed.update(dict.fromkeys(numbers, gtin))
    return conflicts
