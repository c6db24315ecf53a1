"""What of the facts of tills and of delivered orders is a purchase: sticks, and time by the store's clock."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

MOST_MINOR = 10**15
"""What a line can come to at most, in minor units: an absurd one must not break the sums it is part of."""
UNITS = ("stick", "pack", "carton", "case")
USUAL = (20, 200, 10_000)
"""Sticks of a pack, carton and case of a product that nobody has told of."""


class Product(NamedTuple):
    """What a number on a line stands for: a product, and how many sticks each unit of it is."""

    gtin: str
    sticks: Mapping[str, int]

    @classmethod
    def of(cls, gtin: str, own_unit: str | None, factors: Sequence[int]) -> "Product":
        """Take the factors of a product; the number of one of its units stands for that unit alone.

        Example:
            `Product.of("0691", "carton", (20, 200, 10_000))` has 200 sticks, whatever unit a line names.
        """
        sticks = dict(zip(UNITS, (1, *factors), strict=True))
        return cls(gtin, dict.fromkeys(UNITS, sticks.get(own_unit, 1)) if own_unit else sticks)


class Known(NamedTuple):
    """Time zones of stores and products by number, as far as anybody has told of them."""

    zones: Mapping[str, str]
    products: Mapping[str, Product]
