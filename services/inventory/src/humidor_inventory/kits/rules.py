"""What goes into a kit and what comes out of it: plain values, all quantities in sticks."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import msgspec

from humidor_inventory.stock.rules import Lot

LotKey = tuple[str, str]
"""GTIN and lot, within one store."""


class Part(msgspec.Struct, frozen=True):
    """So many sticks of one lot that are in a kit, with the dates that they keep."""

    gtin: str
    lot: str
    sticks: int
    production_date: date | None = None
    expiry_date: date | None = None


def adds_up(kit_sticks: int, components: Mapping[str, int]) -> bool:
    """Tell whether one kit's components hold as many sticks as its pack: nothing appears or is lost.

    A gift box of 60 sticks a pack is made of two packs of one product and one of another, 20 sticks each.
    """
    return sum(components.values()) == kit_sticks


def needs(components: Mapping[str, int], kits: int) -> dict[str, int]:
    """Multiply up what so many kits are made of: 3 kits of 40 and 20 sticks need 120 and 60."""
    return {gtin: sticks * kits for gtin, sticks in components.items()}


def misnamed(wanted: Mapping[str, int], named: Iterable[tuple[str, str, int]]) -> str | None:
    """Name the first product whose named lots do not hold exactly what is needed of it; None where all do.

    A product of which no lot is named is left to the rules.
    """
    sums: dict[str, int] = {}
    for gtin, _, sticks in named:
        sums[gtin] = sums.get(gtin, 0) + sticks
    return next((gtin for gtin, sticks in sums.items() if wanted.get(gtin, 0) != sticks), None)


def take_apart(
    wanted: Mapping[str, int],
    recorded: Sequence[Part],
    named: Sequence[tuple[str, str, int]],
    kit: tuple[str, Lot],
) -> list[Part]:
    """Say which lots the components of kits go back to.

    Args:
        wanted: What comes out, by product.
        recorded: What is known to be in the kits of this lot.
        named: (GTIN, lot, sticks) as a person read them off the packs; they hold for their products.
        kit: The kit's lot code and lot: goods of which nothing is recorded came in this box, and are as old.

    Without a named lot those that expire first come out first, so that nothing seems fresher than it may be.
    """
    dates = {(part.gtin, part.lot): part for part in recorded}
    code, lot = kit
    parts: list[Part] = []
    for gtin, sticks in wanted.items():
        mine = [(name, part) for product, name, part in named if product == gtin]
        if not mine:
            mine, rest = _first_to_expire([part for part in recorded if part.gtin == gtin], sticks)
            mine += [(code, rest)] if rest else []
        for name, part in mine:
            known = dates.get((gtin, name), Part(gtin, name, 0, lot.production_date, lot.expiry_date))
            parts.append(Part(gtin, name, part, known.production_date, known.expiry_date))
    return parts


def _first_to_expire(recorded: Iterable[Part], sticks: int) -> tuple[list[tuple[str, int]], int]:
    taken: list[tuple[str, int]] = []
    for part in sorted(recorded, key=lambda part: (part.expiry_date or date.max, part.lot)):
        share = min(part.sticks, sticks)
        if share > 0:
            taken.append((part.lot, share))
            sticks -= share
    return taken, sticks
