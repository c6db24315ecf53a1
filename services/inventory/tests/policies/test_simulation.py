"""Shops that follow an answer for a long time: what they serve is what was asked for, within a point."""

from collections import deque
from collections.abc import Callable
from math import ceil, exp, sqrt
from random import Random
from typing import Any

import pytest

from humidor_inventory.policies.rules.calculate import calculate
from humidor_inventory.policies.rules.explain import Answer
from humidor_inventory.policies.rules.terms import Terms

MakeTerms = Callable[..., Terms]
POINT = 0.01
DAYS = 40_000
CUSTOMERS = 80_000
DEMANDS = [
    ("normal", 100.0, 900.0),
    ("poisson", 2.0, 2.0),
    ("poisson", 0.3, 0.3),
    ("negative_binomial", 3.0, 9.0),
    ("negative_binomial", 0.5, 1.5),
]


def poisson(rng: Random, mean: float) -> int:
    count, product, limit = 0, rng.random(), exp(-mean)
    while product > limit:
        count, product = count + 1, product * rng.random()
    return count


def draw(rng: Random, family: str, mean: float, variance: float) -> float:
    if family == "normal":
        return rng.gauss(mean, sqrt(variance))
    if family == "poisson":
        return poisson(rng, mean)
    over = (variance - mean) / mean
    return poisson(rng, rng.gammavariate(mean / over, over))


def order(answer: Answer, position: float, cap: int | None = None) -> float:
    """What the suggestion of `replenishment.rules` orders; in parts of units where demand comes in parts."""
    level = answer.level
    if position > level.reorder_point and not (answer.policy == "R_S" and position < level.order_up_to):
        return 0
    need = max(level.order_up_to - position, level.minimum_order)
    whole = answer.policy != "R_S" or answer.distribution["family"] != "normal"
    quantity = ceil(need / level.order_multiple - 1e-9) * level.order_multiple if whole else need
    return quantity if cap is None else min(quantity, cap)


def served_by_days(answer: Answer, demand: Any, lead_time: int, review: int, cap: int | None = None) -> float:
    """Review at the end of every `review`-th day; what is ordered can be sold `lead_time` days later."""
    rng = Random(20261123)
    stock = position = float(answer.order_up_to)
    coming: deque[tuple[int, float]] = deque()
    asked = short = 0.0
    for day in range(DAYS):
        while coming and coming[0][0] <= day:
            stock += coming.popleft()[1]
        today = draw(rng, *demand)
        asked += today
        short += max(0.0, min(today, today - stock))
        stock, position = stock - today, position - today
        if (day + 1) % review == 0:
            quantity = order(answer, position, cap)
            if quantity:
                position += quantity
                coming.append((day + 1 + lead_time, quantity))
    return 1 - short / asked


def served_by_customers(answer: Answer, per_day: float, lead_time: float) -> float:
    """Review after every customer, who buys one; customers come at any time, independent of each other."""
    rng = Random(20261123)
    stock = position = answer.order_up_to
    coming: deque[tuple[float, int]] = deque()
    asked = short = 0
    moment = 0.0
    while asked < CUSTOMERS:
        moment += rng.expovariate(per_day)
        while coming and coming[0][0] <= moment:
            stock += coming.popleft()[1]
        asked, short = asked + 1, short + (stock <= 0)
        stock, position = stock - 1, position - 1
        quantity = int(order(answer, position))
        if quantity:
            position += quantity
            coming.append((moment + lead_time, quantity))
    return 1 - short / asked


def agrees(answer: Answer, served: float, target: float) -> None:
    """Whole units cannot hit every target; what the answer says it reaches is never missed by a point."""
    assert abs(served - answer.service.reached) <= POINT, (served, answer.service)
    assert served >= target - POINT
    lower = answer.service.reached - target
    assert served - target <= POINT + max(0.0, lower)


@pytest.mark.parametrize("demand", DEMANDS)
@pytest.mark.parametrize(("policy", "lead_time", "review"), [("R_S", 2, 7), ("s_S", 7, 7), ("r_Q", 3, 1)])
def test_periodic_review_serves_what_was_asked_for(
    make_terms: MakeTerms, demand: tuple[str, float, float], policy: str, lead_time: int, review: int
) -> None:
    for target in (0.9, 0.98):
        terms = make_terms(
            policy,
            *demand,
            lead_time_days=lead_time,
            review_days=review,
            service_kind="fill",
            service_target=target,
            cover_days=10,
        )
        answer = calculate(terms)
        agrees(answer, served_by_days(answer, demand, lead_time, review), target)


@pytest.mark.parametrize(("family", "per_day"), [("poisson", 0.3), ("poisson", 4.0), ("normal", 40.0)])
def test_continuous_review_serves_what_was_asked_for(
    make_terms: MakeTerms, family: str, per_day: float
) -> None:
    for policy, target in (("r_Q", 0.9), ("r_Q", 0.98), ("s_S", 0.95)):
        terms = make_terms(
            policy,
            family,
            per_day,
            per_day,
            lead_time_days=4.5,
            service_kind="fill",
            service_target=target,
            cover_days=6,
        )
        answer = calculate(terms)
        agrees(answer, served_by_customers(answer, per_day, 4.5), target)


@pytest.mark.parametrize("cap", [760, 800, 1000])
def test_under_a_cap_the_service_told_is_the_service_reached(make_terms: MakeTerms, cap: int) -> None:
    demand = ("normal", 100.0, 900.0)
    common = {"lead_time_days": 2, "review_days": 7, "service_kind": "fill", "service_target": 0.95}
    answer = calculate(make_terms("R_S", *demand, supply_cap=cap, **common))
    assert served_by_days(answer, demand, 2, 7, cap) == pytest.approx(answer.service.reached, abs=POINT)


def test_multiples_serve_more_than_asked_as_told(make_terms: MakeTerms) -> None:
    demand = ("negative_binomial", 3.0, 9.0)
    common = {"lead_time_days": 2, "review_days": 7, "service_kind": "fill", "service_target": 0.9}
    answer = calculate(make_terms("r_Q", *demand, order_multiple=30, cover_days=7, **common))
    assert answer.level.order_multiple == 30
    assert served_by_days(answer, demand, 2, 7) == pytest.approx(answer.service.reached, abs=POINT)
