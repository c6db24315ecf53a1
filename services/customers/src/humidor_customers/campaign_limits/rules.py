"""Decides up to which budget somebody may approve campaigns."""

from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias

HolderKind: TypeAlias = Literal["role", "person"]


class Limit(NamedTuple):
    """Up to which budget (minor units) those of a role, or one person, approve; None is any amount."""

    holder_kind: str
    holder: str
    amount_minor: int | None


class TooHigh(NamedTuple):
    """A budget that somebody may not approve; `most_minor` is what they may, 0 for none at all."""

    most_minor: int


def find_fault(
    limits: Iterable[Limit], subject: str, roles: Iterable[str], budget_minor: int
) -> TooHigh | None:
    """Tell whether a budget is above what somebody may approve; None where it is not.

    A limit of one's own counts before those of one's roles, of which the highest does. Without any limits in
    the currency everybody may; with some, who has none may not. A budget of 0, which is one without a limit,
    needs the right to approve any amount.

    Example:
        `find_fault([Limit("role", "manager", 500_000)], "li", ["manager"], 600_000)` gives
        `TooHigh(500_000)`.
    """
    known = list(limits)
    if not known:
        return None
    own = [each.amount_minor for each in known if (each.holder_kind, each.holder) == ("person", subject)]
    held = set(roles)
    amounts = own or [
        each.amount_minor for each in known if each.holder_kind == "role" and each.holder in held
    ]
    if None in amounts:
        return None
    most = max((each for each in amounts if each is not None), default=0)
    return None if 0 < budget_minor <= most else TooHigh(most)
