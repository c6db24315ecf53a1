"""What of an order the limits allow, and what an order may become: plain values."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

State: TypeAlias = Literal[
    "draft", "confirmed", "refused", "reserved", "dispatched", "delivered", "cancelled", "lapsed"
]
StockState: TypeAlias = Literal[
    "none", "asked", "reserved", "refused", "releasing", "released", "shipping", "shipped"
]
Payment: TypeAlias = Literal["none", "due", "paid", "failed"]
Limit: TypeAlias = Literal["product-cap", "segment-cap"]
Act: TypeAlias = Literal["change", "confirm", "cancel", "dispatch", "deliver"]

EDITABLE: frozenset[State] = frozenset(("draft", "refused"))
STANDING: frozenset[State] = frozenset(("confirmed", "reserved", "dispatched", "delivered"))
"""Those that count against caps and credit."""

_MAY: Mapping[Act, frozenset[State]] = {
    "change": EDITABLE,
    "confirm": EDITABLE,
    "cancel": frozenset(("draft", "refused", "confirmed", "reserved", "dispatched")),
    "dispatch": frozenset(("reserved",)),
    "deliver": frozenset(("dispatched",)),
}


class Wanted(NamedTuple):
    """What is wanted of a product, in whole `multiple`s of its unit; all in sticks."""

    gtin: str
    segment: str | None
    requested: int
    multiple: int


class Cut(NamedTuple):
    """What a limit took off, in sticks."""

    limit: Limit
    sticks: int


class Allowed(NamedTuple):
    """What the limits leave of a line, and what each of them took."""

    ordered: int
    cuts: tuple[Cut, ...]


class Used(NamedTuple):
    """What standing orders of a customer in a cycle take of a product, and of its segment, in sticks."""

    gtin: str
    segment: str | None
    sticks: int


class Room(NamedTuple):
    """What a customer may still order in the cycle, in sticks; what has no cap is not in it.

    What a cap has left may be below zero, where orders came together by a merge or a cap was lowered.
    """

    products: Mapping[str, int]
    segments: Mapping[str, int]


def may(act: Act, state: State) -> bool:
    return state in _MAY[act]


def allow(wanted: Sequence[Wanted], room: Room) -> list[Allowed]:
    """Cut what is wanted to what the caps have left, in whole multiples; earlier lines come first.

    Both the product's cap and that of its segment have to hold. Of A and B in one segment that has 600 sticks
    left 400 are wanted each, in cartons of 200, and A has 300 left: A gets 200 (its cap takes 200), B 400,
    and a further C nothing, for its segment is used up.
    """
    left = dict(room.segments)
    found = []
    for line in wanted:
        ordered, cuts = line.requested, []
        for limit, bound in (
            ("product-cap", room.products.get(line.gtin)),
            ("segment-cap", left.get(line.segment) if line.segment is not None else None),
        ):
            if bound is not None and bound < ordered:
                kept = max(bound, 0) // line.multiple * line.multiple
                cuts.append(Cut(limit, ordered - kept))  # type: ignore[arg-type]
                ordered = kept
        if line.segment in left:
            left[line.segment] -= ordered
        found.append(Allowed(ordered, tuple(cuts)))
    return found


def value_minor(sticks: int, minor_per_carton: int, sticks_per_carton: int) -> int:
    """Price a line, in minor units: 600 sticks at 18,000 a carton of 200 are 54,000.

    A part of a carton costs its share, rounded down to a whole minor unit.
    """
    return minor_per_carton * sticks // sticks_per_carton


def settled(payment: Payment, paid_minor: int, value_minor: int) -> Payment:
    """Say how an order's payment stands once its value or what was paid has changed: what is due may be paid.

    60,000 paid before the order was cut to 50,000: paid, and 10,000 to give back. One of no worth stays.
    """
    return "paid" if payment == "due" and paid_minor >= value_minor > 0 else payment
