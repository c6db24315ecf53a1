"""The four indicators of supply (三率一面), each with its numerator and denominator.

No official definition was found; these follow the fields of the trade's own supply reports.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Ratio(NamedTuple):
    """A ratio and what it is made of; None where there is nothing to divide by."""

    numerator: int
    denominator: int

    @property
    def value(self) -> float | None:
        """Give the ratio, to four places: 1 of 3 is 0.3333."""
        return round(self.numerator / self.denominator, 4) if self.denominator else None


def indicators_of(sums: Mapping[str, int]) -> dict[str, Ratio]:
    """Give the indicators of sums over `allocation_cells`.

    - `full_order_share` 订足面: customers who ordered all that their cap allows ÷ customers who ordered
      something that is capped;
    - `cap_use` 订足率: sticks ordered ÷ sticks of the caps, of what is capped;
    - `order_fill` 订单满足率: sticks supplied ÷ sticks requested;
    - `ordering_share` 订购率: customers who ordered ÷ customers to whom it was offered.

    Of 10 customers who may have 2 cartons each, 4 order 2 and 2 order 1 (requesting 3 and 1) and all is
    supplied: 4/6, 10/20, 10/14, 6/10.
    """
    return {
        "full_order_share": Ratio(sums["full_customers"], sums["capped_ordering_customers"]),
        "cap_use": Ratio(sums["capped_ordered_sticks"], sums["cap_sticks"]),
        "order_fill": Ratio(sums["supplied_sticks"], sums["requested_sticks"]),
        "ordering_share": Ratio(sums["ordering_customers"], sums["offered_customers"]),
    }
