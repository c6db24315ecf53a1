"""How a consultation or sample request goes on, and who may be given samples of tobacco at all."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["consultation", "sample"]
State: TypeAlias = Literal[
    "open",
    "answered",
    "requested",
    "approved",
    "rejected",
    "sent",
    "received",
    "converted",
    "lost",
    "cancelled",
]

RULE = (
    "samples of tobacco go to licensed trade customers alone: Advertising Law of the PRC (2021), article 22 "
    "(no tobacco advertising to the public, nor by way of other goods), and WHO FCTC, article 16.2 "
    "(no free tobacco products to the public)"
)
FIRST: Mapping[Kind, State] = {"consultation": "open", "sample": "requested"}
FINAL: frozenset[State] = frozenset(("rejected", "converted", "lost", "cancelled"))
# Tobacco leaves the house between these two, so the licence has to hold at each.
LICENSED: frozenset[State] = frozenset(("requested", "approved", "sent"))
_NEXT: Mapping[Kind, Mapping[State, frozenset[State]]] = {
    "consultation": {
        "open": frozenset(("answered", "lost", "cancelled")),
        "answered": frozenset(("converted", "lost", "cancelled")),
    },
    "sample": {
        "requested": frozenset(("approved", "rejected", "cancelled")),
        "approved": frozenset(("sent", "cancelled")),
        "sent": frozenset(("received", "lost")),
        "received": frozenset(("converted", "lost")),
    },
}


def may_become(kind: Kind, before: State, after: State) -> bool:
    """Tell whether one state follows another; what is final stays."""
    return after in _NEXT[kind].get(before, frozenset())


def refusal(kind: Kind, customer_kind: Literal["retailer", "consumer"]) -> str | None:
    """Say why a customer is not given what is asked for; None where nothing forbids it."""
    if customer_kind == "retailer":
        return None
    return RULE if kind == "sample" else "consultations before a sale are for trade customers"


def conversion_rate(opened: int, converted: int) -> float | None:
    """Give converted ÷ opened, rounded to four digits; None where nothing was opened.

    What is still open counts as not converted (yet), so the rate of a recent period rises with time.

    Example:
        Of 8 requests 3 came to an order: 0.375.
    """
    return round(converted / opened, 4) if opened else None
