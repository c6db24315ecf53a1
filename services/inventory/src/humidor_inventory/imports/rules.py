"""What is implausible or contradictory about opening stock."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from humidor_inventory.units.rules import Factors

MOST_STORES = 500
"""A store costs a dozen statements; the whole file is one transaction, which lasts 30 s at most."""

IMPLAUSIBLE_CARTONS = 1000
"""20 cases of one lot: a licensed shop's whole order of a month is a few hundred cartons (our own choice)."""


class LotDates(NamedTuple):
    """What the books know of a lot."""

    production_date: date | None
    expiry_date: date | None


def implausible(sticks: int, factors: Factors) -> bool:
    """Tell whether one lot of a shop is more than a shop holds: 200 given in cases where cartons were meant.

    With 200 sticks a carton, 200 cases are 10,000 cartons, which is implausible; 200 cartons are not.
    """
    return sticks > IMPLAUSIBLE_CARTONS * factors.carton


def date_conflicts(
    known: LotDates, production: date | None, expires: date | None
) -> Iterator[tuple[str, date]]:
    """Name the dates that contradict the books, with what these say; an unknown date contradicts nothing."""
    given = LotDates(production, expires)
    for name, book, said in zip(LotDates._fields, known, given, strict=True):
        if book is not None and said is not None and book != said:
            yield name, book
