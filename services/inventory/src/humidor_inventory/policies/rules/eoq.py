"""The economic order quantity and what departs from it.

F. Harris (1913), How many parts to make at once; L. Snyder and Z.-J. Shen, Fundamentals of Supply Chain
Theory (2nd ed. 2019), ch. 3 and 9. Cost and demand share one unit of time; holding cost is per unit and time.
"""

from collections.abc import Callable, Sequence
from math import ceil, exp, floor, inf, sqrt

import msgspec


class Priced(msgspec.Struct, frozen=True):
    """An order quantity with its cost per unit of time, goods included, and the price band it falls in."""

    quantity: float
    band: int
    cost: float


def order_quantity(ordering_cost: float, holding_cost: float, demand: float) -> float:
    """Q = sqrt(2 K D / h): 304.0468 for K 8, h 0.225, D 1,300."""
    return sqrt(2 * ordering_cost * demand / holding_cost)


def cost(quantity: float, ordering_cost: float, holding_cost: float, demand: float) -> float:
    """K D / Q + h Q / 2, without the goods: 71.00 at Q 400 for K 8, h 0.225, D 1,300."""
    return ordering_cost * demand / quantity + holding_cost * quantity / 2


def with_backorders(
    ordering_cost: float, holding_cost: float, backorder_cost: float, demand: float
) -> tuple[float, float, float]:
    """Q = sqrt(2 K D (h + p) / (h p)), the share backordered h / (h + p), the cost sqrt(2 K D h p / (h + p)).

    310.8126, 0.0431 and 66.92 for K 8, h 0.225, p 5, D 1,300; p is per unit and time.
    """
    both = holding_cost + backorder_cost
    product = holding_cost * backorder_cost
    base = 2 * ordering_cost * demand
    return sqrt(base * both / product), holding_cost / both, sqrt(base * product / both)


def all_units_discount(
    ordering_cost: float, holding_rate: float, demand: float, bands: Sequence[tuple[float, float]]
) -> Priced:
    """The best quantity where the price of its band holds for all units; `bands` are (from, unit price)."""
    found = []
    for i, (start, price) in enumerate(bands):
        end = bands[i + 1][0] if i + 1 < len(bands) else inf
        quantity = max(order_quantity(ordering_cost, holding_rate * price, demand), start)
        if quantity < end:
            running = cost(quantity, ordering_cost, holding_rate * price, demand)
            found.append(Priced(quantity, i, price * demand + running))
    return min(found, key=lambda each: each.cost)


def incremental_discount(
    ordering_cost: float, holding_rate: float, demand: float, bands: Sequence[tuple[float, float]]
) -> Priced:
    """The best quantity where each band's price holds for the units within it."""
    found = []
    paid = 0.0
    for i, (start, price) in enumerate(bands):
        if i:
            paid += bands[i - 1][1] * (start - bands[i - 1][0])
        end = bands[i + 1][0] if i + 1 < len(bands) else inf
        extra = paid - price * start
        quantity = order_quantity(ordering_cost + extra, holding_rate * price, demand)
        if start <= quantity < end:
            running = cost(quantity, ordering_cost + extra, holding_rate * price, demand)
            found.append(Priced(quantity, i, price * demand + holding_rate * extra / 2 + running))
    return min(found, key=lambda each: each.cost)


def banded_cost(
    quantity: float,
    costs: tuple[float, float, float],
    bands: Sequence[tuple[float, float]],
    *,
    incremental: bool,
) -> float:
    """Cost per unit of time, goods included, of any quantity under price bands.

    Args:
        quantity: Units an order.
        costs: Ordering cost, holding rate, demand.
        bands: (from, unit price).
        incremental: Each price holds for the units within its band only.
    """
    ordering, rate, demand = costs
    upper = [start for start, _ in bands[1:]] + [inf]
    if incremental:
        parts = zip(bands, upper, strict=True)
        spent = sum(price * max(0.0, min(quantity, end) - start) for (start, price), end in parts)
        price = spent / quantity
    else:
        price = next(p for (_, p), end in zip(bands, upper, strict=True) if quantity < end)
    return price * demand + cost(quantity, ordering, rate * price, demand)


def with_disruptions(
    ordering_cost: float,
    holding_cost: float,
    shortage_cost: float,
    demand: float,
    rates: tuple[float, float],
) -> tuple[float, float]:
    """Quantity and cost where supply fails and recovers at these `rates`, and demand meanwhile is lost.

    With b(Q) = a / (a + m) (1 - exp(-(a + m) Q / D)) for rates a and m, the cost is
    (K + h Q² / (2 D) + p D b / m) / (Q / D + b / m): 772.81 and 173.95 for 8, 0.225, 5, 1,300, (1.5, 14).
    """
    fails, recovers = rates

    def running(quantity: float) -> float:
        both = fails + recovers
        down = fails / both * (1 - exp(-both * quantity / demand)) / recovers
        spent = ordering_cost + holding_cost * quantity**2 / (2 * demand) + shortage_cost * demand * down
        return spent / (quantity / demand + down)

    plain = order_quantity(ordering_cost, holding_cost, demand)
    top = plain + 2 * demand * shortage_cost / holding_cost * fails / recovers
    quantity = _lowest(running, plain / 100, 10 * top)
    return quantity, running(quantity)


def round_to_multiple(
    quantity: float, multiple: int, bounds: tuple[int, int], running: Callable[[float], float]
) -> int:
    """Take the cheaper of the whole multiples around `quantity` that lie within `bounds`.

    Cost rises on both sides of the best quantity, so no other multiple can be cheaper. 304.05 in tens with
    the cost of K 8, h 0.225, D 1,300 becomes 300.
    """
    lowest = max(multiple, ceil(bounds[0] / multiple) * multiple)
    highest = max(lowest, floor(bounds[1] / multiple) * multiple)
    down = min(max(floor(quantity / multiple) * multiple, lowest), highest)
    up = min(down + multiple, highest) if quantity > down else down
    return up if running(up) < running(down) else down


def _lowest(curve: Callable[[float], float], low: float, high: float) -> float:
    """Golden section over a curve with one lowest point."""
    golden = (sqrt(5) - 1) / 2
    for _ in range(200):
        left, right = high - golden * (high - low), low + golden * (high - low)
        if curve(left) <= curve(right):
            high = right
        else:
            low = left
    return (low + high) / 2
