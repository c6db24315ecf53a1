"""What the stock of a warehouse gives to an order, and which events about an order still count."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from humidor_common.events.customers import OrderedProduct

State: TypeAlias = Literal["reserved", "refused", "released", "shipped"]


class Share(NamedTuple):
    """What one product of an order gets, in sticks; `free` is what is left after it."""

    gtin: str
    ordered: int
    reserved: int
    free: int


def counts(state: State | None, known_attempt: int, attempt: int) -> bool:
    """Tell whether a confirmation is news.

    It is for an order that nobody has told of, and, confirmed once more, for one that was refused or let go.
    A cancellation that overtook its confirmation has the same attempt, so nothing is kept back for ever.
    """
    return state is None or (state in ("refused", "released") and attempt > known_attempt)


def share_out(
    lines: Sequence[OrderedProduct], free: Mapping[str, int], *, accept_less: bool
) -> tuple[list[Share], bool]:
    """Give an order what is free of each product, and say whether it gets anything.

    All lines or nothing, unless the customer takes less: then whole multiples of what there is. Two lines of
    300 and 200 sticks, of which 240 and 500 are free, in cartons of 200: refused, or 200 and 200.
    """
    shares = [_share(line, max(free[line.gtin], 0)) for line in lines]
    enough = all(share.reserved == share.ordered for share in shares)
    if enough or (accept_less and any(share.reserved for share in shares)):
        return shares, True
    return [Share(line.gtin, line.ordered_sticks, 0, max(free[line.gtin], 0)) for line in lines], False


def _share(line: OrderedProduct, free: int) -> Share:
    given = line.ordered_sticks
    if free < given:
        given = free // line.multiple_sticks * line.multiple_sticks
    return Share(line.gtin, line.ordered_sticks, given, free - given)
