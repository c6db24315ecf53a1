"""What may become of a purchase order, and how goods answer its lines; quantities in sticks."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

import msgspec

OrderState: TypeAlias = Literal[
    "draft",
    "pending_approval",
    "placed",
    "confirmed",
    "shipped",
    "partially_received",
    "received",
    "cancelled",
    "rejected",
]
Action: TypeAlias = Literal[
    "submit", "approve", "reject", "confirm", "refuse", "ship", "receive", "close", "amend", "cancel"
]

AWAITED: frozenset[OrderState] = frozenset({"placed", "confirmed", "shipped", "partially_received"})
"""The supplier has it and owes goods, which count as on order; the table's `awaited` says the same."""

_FIRST: frozenset[OrderState] = frozenset({"draft", "pending_approval"})
_UNSHIPPED: frozenset[OrderState] = frozenset({"placed", "confirmed"})

TRANSITIONS: Mapping[Action, tuple[frozenset[OrderState], OrderState | None]] = MappingProxyType(
    {
        "submit": (frozenset({"draft"}), "pending_approval"),
        "approve": (_FIRST, "placed"),
        "reject": (frozenset({"pending_approval"}), "rejected"),
        "confirm": (_UNSHIPPED, "confirmed"),
        "refuse": (_UNSHIPPED, "rejected"),
        "ship": (AWAITED, "shipped"),
        "receive": (AWAITED, "partially_received"),
        "close": (AWAITED, "received"),
        "amend": (_FIRST | _UNSHIPPED, None),
        "cancel": (_FIRST | AWAITED, "cancelled"),
    }
)
"""From which states an action may be taken, and where it leads; None leaves the state."""


class Impossible(Exception):  # noqa: N818 - the name says what it is
    """The order's state does not allow the action."""


def advance(state: OrderState, action: Action) -> OrderState:
    """Give the state after the action.

    An order of which a part has come in stays `partially_received` when the rest is shipped.

    Raises:
        Impossible: Where the state does not allow it.

    Example:
        `advance("placed", "confirm")` is `"confirmed"`.
    """
    allowed, after = TRANSITIONS[action]
    if state not in allowed:
        raise Impossible(f"an order that is {state.replace('_', ' ')} cannot take: {action}")
    if after is None or (action == "ship" and state == "partially_received"):
        return state
    return after


class OrderLine(msgspec.Struct):
    """One product of a purchase order, in sticks."""

    gtin: str
    ordered: int
    received: int

    @property
    def outstanding(self) -> int:
        return max(self.ordered - self.received, 0)


def receive(line: OrderLine, sticks: int) -> int:
    """Count `sticks` as received; returns by how much what is on order falls.

    More than was ordered is received all the same, but takes nothing more off the order: with 200 ordered
    and 150 received, 80 more give 50.
    """
    answered = min(line.outstanding, sticks)
    line.received += sticks
    return answered


def order_state(lines: list[OrderLine], *, close: bool) -> OrderState:
    """Name the order's state: `received` once nothing is outstanding, or a person closes it short."""
    return "received" if close or not any(line.outstanding for line in lines) else "partially_received"


def line_value(sticks: int, price_minor: int, sticks_per_unit: int) -> int:
    """Value a line in minor units, half up: 150 sticks at 1,999 a carton of 200 are 1,499."""
    return (2 * sticks * price_minor + sticks_per_unit) // (2 * sticks_per_unit)
