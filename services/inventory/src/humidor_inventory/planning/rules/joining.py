"""Joins what one store needs of one supplier into one order, with the supplier's minimum.

Below the minimum the order is topped up with what would be needed soonest anyway, because the days a stick
lies longer are what topping up costs, or it waits for the next order day.
"""

from collections.abc import Sequence
from datetime import date
from heapq import heapify, heappop, heappush
from math import inf

import msgspec

from humidor_inventory.planning.rules.calendar import is_order_day, next_order_day


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One product of the store: what is to be ordered (0 where nothing), and how it could be topped up.

    `above` is what available stock, with transfers, lies above the reorder point before the order; `daily`
    demand in sticks a day, 0 where unknown; `room` the most that a top-up may add.
    """

    gtin: str
    order: int
    multiple: int
    above: int
    daily: float = 0.0
    room: int = 0
    minor_per_stick: float = 0.0


class Cycle(msgspec.Struct, frozen=True, kw_only=True):
    """When the supplier takes orders and the least that one order brings; amounts in minor units."""

    weekdays: tuple[int, ...] = ()
    minimum_minor: int = 0
    minimum_sticks: int = 0
    top_up: bool = True
    top_up_days: int = 14


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """Quantities to order by product; where it is postponed none, until when and why.

    `added` is what the top-up brought of each.
    """

    quantities: dict[str, int]
    added: dict[str, int]
    postponed: str | None = None
    until: date | None = None
    value_minor: int = 0


def join(items: Sequence[Item], cycle: Cycle, day: date) -> Joined:
    """Decide about one order.

    Two products of 100 and 60 sticks under a minimum of 200: the one that falls to its reorder point first
    gets the 40 more.
    """
    needed = {item.gtin: item.order for item in items if item.order > 0}
    if not needed:
        return Joined(quantities={}, added={})
    if not is_order_day(day, cycle.weekdays):
        return _postponed("not_an_order_day", cycle, day)
    total = _Total(items, cycle)
    if total.reached:
        return Joined(quantities=needed, added={}, value_minor=round(total.minor))
    if not cycle.top_up:
        return _postponed("below_minimum", cycle, day)
    added = _top_up(items, cycle, total)
    if added is None:
        return _postponed("below_minimum_even_topped_up", cycle, day)
    quantities = {gtin: needed.get(gtin, 0) + added.get(gtin, 0) for gtin in sorted({*needed, *added})}
    return Joined(quantities=quantities, added=added, value_minor=round(total.minor))


def days_until_needed(item: Item, ordered: int) -> float:
    """Days until available stock and what is ordered fall to the reorder point; without demand never."""
    return inf if item.daily <= 0 else (item.above + ordered) / item.daily


class _Total:
    """What the order comes to while it grows."""

    def __init__(self, items: Sequence[Item], cycle: Cycle) -> None:
        self.cycle = cycle
        self.sticks = sum(item.order for item in items)
        self.minor = sum(item.order * item.minor_per_stick for item in items)

    @property
    def reached(self) -> bool:
        return self.minor >= self.cycle.minimum_minor and self.sticks >= self.cycle.minimum_sticks

    def add(self, item: Item) -> None:
        self.sticks += item.multiple
        self.minor += item.multiple * item.minor_per_stick


def _top_up(items: Sequence[Item], cycle: Cycle, total: _Total) -> dict[str, int] | None:
    """Add a multiple at a time of what is needed soonest until the minimum is reached; None if never."""
    queue = [
        (days_until_needed(item, item.order), item.gtin, i)
        for i, item in enumerate(items)
        if item.room >= item.multiple
    ]
    heapify(queue)
    added: dict[str, int] = {}
    while queue and not total.reached:
        days, gtin, i = heappop(queue)
        if days > cycle.top_up_days:
            return None
        item = items[i]
        added[gtin] = added.get(gtin, 0) + item.multiple
        total.add(item)
        if added[gtin] + item.multiple <= item.room:
            later = days_until_needed(item, item.order + added[gtin])
            heappush(queue, (later, gtin, i))
    return added if total.reached else None


def _postponed(why: str, cycle: Cycle, day: date) -> Joined:
    return Joined(quantities={}, added={}, postponed=why, until=next_order_day(day, cycle.weekdays))
