"""What may become of a purchase order, and how goods answer its lines; quantities in sticks."""

from collections.abc import Collection, Mapping, Sequence
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

    An order of which a part has come in stays `partially_received` when the rest is shipped. What was
    confirmed before it was amended is to be confirmed again.

    Raises:
        Impossible: Where the state does not allow it.

    Example:
        `advance("placed", "confirm")` is `"confirmed"`.
    """
    allowed, after = TRANSITIONS[action]
    if state not in allowed:
        raise Impossible(f"an order that is {state.replace('_', ' ')} cannot take: {action}")
    if action == "amend" and state == "confirmed":
        return "placed"
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


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Up to which value each role may approve orders of a currency, in minor units.

    A role that is not named may approve any value; above `four_eyes_minor` it takes somebody else than the
    one who made the order.
    """

    currency: str
    limits: Mapping[str, int]
    four_eyes_minor: int | None = None


Verdict: TypeAlias = Literal["approved", "beyond_limit", "needs_another"]


def judge(
    limits: Sequence[Limits], roles: Collection[str], order: tuple[str | None, int | None], *, own: bool
) -> Verdict:
    """Tell whether someone with these roles may approve an order of (currency, value).

    A value that nobody knows is beyond every limit. `own` says that it is the caller's own order.

    Example:
        With a limit of 500,000 for managers, a manager's order of 500,001 is `beyond_limit`.
    """
    currency, value = order
    known = currency is not None and value is not None
    for each in limits:
        if known and each.currency != currency:
            continue
        if not any(role not in each.limits or _within(value, each.limits[role]) for role in roles):
            return "beyond_limit"
        if own and each.four_eyes_minor is not None and not _within(value, each.four_eyes_minor):
            return "needs_another"
    return "approved"


def _within(value: int | None, limit: int) -> bool:
    return value is not None and value <= limit
