"""What of an approved line is still ordered when stock or supply is not what it was in the plan."""

import msgspec


class Approved(msgspec.Struct, frozen=True, kw_only=True):
    """A line to be placed, in sticks; `order` is whole multiples and at least `minimum`.

    `planned_from` is the position that the plan knew with the transfers it made, `position` that of now:
    both count what is on order, planned to come or leave, or waits for an approval.
    """

    order: int
    multiple: int
    minimum: int
    reorder_point: int
    planned_from: int
    position: int

    @property
    def risen(self) -> int:
        return max(0, self.position - self.planned_from)


def still_wanted(line: Approved) -> int:
    """Take off what the position has risen by since the plan.

    At or below the reorder point what is lacking is rounded up, and at least the minimum is ordered. Above it
    the rest is rounded down, and nothing is ordered where it is less than the minimum.

    Example:
        Of 60 in multiples of 10, 1 more in stock leaves 60 while stock is low; 40 more, over the reorder
        point, leave 20.
    """
    if not line.risen:
        return line.order
    left = max(0, line.order - line.risen)
    if line.position <= line.reorder_point:
        return min(line.order, _up(max(left, line.minimum), line.multiple))
    return _at_least(left // line.multiple * line.multiple, line.minimum)


def within_supply(line: Approved, wanted: int, left: int) -> int:
    """Take off what a limited supply does not have any more; less than the minimum is nothing."""
    return _at_least(min(wanted, left // line.multiple * line.multiple), line.minimum)


def _up(sticks: int, multiple: int) -> int:
    return -(-sticks // multiple) * multiple


def _at_least(sticks: int, minimum: int) -> int:
    return sticks if sticks >= minimum else 0
