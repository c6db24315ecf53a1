"""When goods that come in expire, and whether their quantity is plausible; quantities in sticks."""

from collections.abc import Sequence
from datetime import date, timedelta
from statistics import median
from typing import Literal, TypeAlias

import msgspec

from humidor_inventory.units.rules import UNITS, Factors, Unit

FAR_FROM_USUAL = 10
MINIMUM_HABIT = 3
KEPT_HABIT = 5


def expiry(production: date | None, given: date | None, shelf_life_days: int | None) -> date | None:
    """Take the date that stands on the goods, or else production plus shelf life, or else none."""
    if given is not None or production is None or shelf_life_days is None:
        return given
    return production + timedelta(days=shelf_life_days)


Doubt: TypeAlias = Literal["other_unit", "more_than_ordered", "far_from_usual"]


class Suspicion(msgspec.Struct, frozen=True, kw_only=True):
    """Why a quantity is doubted; `unit` was probably meant, `limit` is what it was held against."""

    doubt: Doubt
    limit: int
    unit: Unit | None = None


class Awaited(msgspec.Struct, frozen=True, kw_only=True):
    """What the order still awaits of the product and may bring in all, and what usually comes in at once.

    `most` is the rest plus what the supplier's tolerance lets through. `usual` is None where nobody knows.
    """

    rest: int | None = None
    most: int | None = None
    usual: int | None = None


def doubt(quantity: int, unit: Unit, factors: Factors, awaited: Awaited) -> Suspicion | None:
    """Doubt a quantity that would make sense in another unit, is too much, or is far from what is usual.

    Against an order: where as many of another unit are exactly what is awaited, that unit was meant (12 packs
    where 12 cartons are awaited, and the other way round); so it was where the quantity is too much, and as
    many of a smaller unit would fit. Otherwise more than `most` is too much. Without an order ten times the
    usual or more is far from it, and a smaller unit was meant where that would be usual.

    Example:
        Of a (20, 10, 50) product with 2,400 sticks awaited, 12 packs are doubted (cartons were meant), and so
        are 12 cases; 11 packs are a part of it and are not.
    """
    sticks = quantity * int(getattr(factors, unit))
    if awaited.rest is not None and awaited.most is not None:
        exact = _exactly(quantity, unit, factors, awaited.rest)
        if exact is not None and sticks != awaited.rest:
            return Suspicion(doubt="other_unit", limit=awaited.rest, unit=exact)
        if sticks > awaited.most:
            meant = _smaller(quantity, unit, factors, awaited.rest)
            return Suspicion(
                doubt="other_unit" if meant else "more_than_ordered", limit=awaited.most, unit=meant
            )
        return None
    if awaited.usual and sticks >= FAR_FROM_USUAL * awaited.usual:
        meant = _smaller(quantity, unit, factors, 2 * awaited.usual)
        return Suspicion(doubt="far_from_usual", limit=awaited.usual, unit=meant)
    return None


def usual(recent: Sequence[int], order_up_to: int | None) -> int | None:
    """Give what usually comes in at once: the median of the last receipts, or else the order-up-to level."""
    if len(recent) >= MINIMUM_HABIT:
        return int(median(recent))
    return order_up_to or None


def _exactly(quantity: int, unit: Unit, factors: Factors, rest: int) -> Unit | None:
    others = (other for other in UNITS if getattr(factors, other) != getattr(factors, unit))
    return next((other for other in others if rest and quantity * getattr(factors, other) == rest), None)


def _smaller(quantity: int, unit: Unit, factors: Factors, most: int) -> Unit | None:
    """Find the greatest smaller unit of which as many would fit."""
    size = getattr(factors, unit)
    fitting = [
        other
        for other in UNITS
        if getattr(factors, other) < size and 0 < quantity * getattr(factors, other) <= most
    ]
    return fitting[-1] if fitting else None


def explain(suspicion: Suspicion, quantity: int, unit: Unit) -> str:
    """Say in words what is doubted, and how to have it booked all the same."""
    meant = f"; were {quantity} {suspicion.unit} meant" if suspicion.unit else ""
    against = {
        "other_unit": f"{suspicion.limit} sticks are awaited",
        "more_than_ordered": f"at most {suspicion.limit} sticks are awaited",
        "far_from_usual": f"usually it is about {suspicion.limit} sticks",
    }[suspicion.doubt]
    return f"{quantity} {unit} is implausible: {against}{meant}? Send confirm: true with the line if it is so"
