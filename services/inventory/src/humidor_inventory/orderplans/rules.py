"""How far a budget reaches over what a customer needs: what runs out first is bought first."""

from collections.abc import Sequence
from math import ceil, inf

import msgspec

_STEPS = 60
_ROUNDS = 20


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """What one product needs, in its unit: nothing or from `minimum` to `allowed`, in whole multiples.

    `price_minor` is that of one unit.
    """

    position: int
    allowed: int
    multiple: int
    daily: float
    price_minor: int
    minimum: int = 0


def days_of_cover(need: Need, quantity: int) -> float:
    """Days that stock, what is on order and `quantity` last; without demand for ever."""
    return inf if need.daily <= 0 else (need.position + quantity) / need.daily


def within_budget(needs: Sequence[Need], budget_minor: int | None) -> list[int]:
    """Buy, for no more than the budget, what makes all products last equally long.

    The longest cover T up to which every product can be filled, in whole multiples and up to what is allowed;
    then single multiples of what runs out first, and both again with what still fits. What nobody buys comes
    last. Where that is less than a product's minimum, what lasts longest is left out, half of it at a time.

    Two products of 10 a day, one with 50 in stock and one with none, at 1 each: a budget of 100 buys 25 and
    75, 7.5 days each.
    """
    wanted = [need.allowed for need in needs]
    if budget_minor is None or _cost(needs, wanted) <= budget_minor:
        return wanted
    staying = list(needs)
    while True:
        bought = _spread(staying, budget_minor)
        below = [i for i, need in enumerate(staying) if 0 < bought[i] < need.minimum]
        if not below:
            return bought
        below.sort(key=lambda i: (days_of_cover(staying[i], bought[i]), i))
        for i in below[len(below) // 2 :]:
            staying[i] = msgspec.structs.replace(staying[i], allowed=0)


def _spread(needs: Sequence[Need], budget_minor: int) -> list[int]:
    """Spend the budget so that products last equally long, whatever their minimums."""
    bought = [0 if need.price_minor else need.allowed for need in needs]
    active = [i for i, need in enumerate(needs) if need.daily > 0 and need.price_minor]
    for _ in range(_ROUNDS):
        left = budget_minor - _cost(needs, bought)
        active = [i for i in active if _fits(needs[i], bought[i], left)]
        if not active:
            break
        _fill_evenly(needs, bought, active, left)
    left = budget_minor - _cost(needs, bought)
    for i, need in enumerate(needs):
        if need.daily <= 0 and need.price_minor:
            price = need.price_minor * need.multiple
            bought[i] = min(need.allowed, left // price * need.multiple)
            left -= bought[i] * need.price_minor
    return bought


def _fill_evenly(needs: Sequence[Need], bought: list[int], active: Sequence[int], left: int) -> None:
    """Fill the active products up to the same days of cover, then one multiple more each while it fits."""

    def more(days: float) -> dict[int, int]:
        return {i: max(bought[i], _fill(needs[i], days)) for i in active}

    def price(filled: dict[int, int]) -> int:
        return sum((quantity - bought[i]) * needs[i].price_minor for i, quantity in filled.items())

    low, high = 0.0, max(days_of_cover(needs[i], needs[i].allowed) for i in active)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if price(more(middle)) <= left else (low, middle)
    filled = more(low)
    if (cost := price(filled)) <= left:
        left -= cost
        for i, quantity in filled.items():
            bought[i] = quantity
    for i in sorted(active, key=lambda i: (days_of_cover(needs[i], bought[i]), i)):
        if _fits(needs[i], bought[i], left):
            bought[i] += needs[i].multiple
            left -= needs[i].price_minor * needs[i].multiple


def _fits(need: Need, bought: int, left: int) -> bool:
    return need.price_minor * need.multiple <= left and bought + need.multiple <= need.allowed


def _fill(need: Need, days: float) -> int:
    """The least whole multiples that last `days`, up to what is allowed."""
    lacking = need.daily * days - need.position
    if lacking <= 0:
        return 0
    return min(need.allowed, ceil(lacking / need.multiple - 1e-9) * need.multiple)


def _cost(needs: Sequence[Need], quantities: Sequence[int]) -> int:
    return sum(need.price_minor * quantity for need, quantity in zip(needs, quantities, strict=True))
