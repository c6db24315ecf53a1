"""Units of one product made comparable, by the product's own factors."""

from collections.abc import Mapping
from typing import NamedTuple


class Factors(NamedTuple):
    """How many of the smaller make one of the larger; for a unit's GTIN also which product and unit it is."""

    sticks_per_pack: int
    packs_per_carton: int
    cartons_per_case: int
    gtin: str | None = None
    unit: str | None = None


def sticks(
    gtin: str, unit: str, quantity: int, factors: Mapping[str, Factors]
) -> tuple[tuple[str, str], int]:
    """Count in sticks; a product whose factors are not known keeps each unit apart.

    Returns:
        What the count may be compared with, and the count.
    """
    known = factors.get(gtin)
    if known is None:
        return (gtin, unit), quantity
    size = {
        "stick": 1,
        "pack": known.sticks_per_pack,
        "carton": known.sticks_per_pack * known.packs_per_carton,
        "case": known.sticks_per_pack * known.packs_per_carton * known.cartons_per_case,
    }[known.unit or unit]
    return (known.gtin or gtin, "stick"), quantity * size
