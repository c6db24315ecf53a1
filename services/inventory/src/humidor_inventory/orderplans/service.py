"""Calculates what trade customers should order, by the same figures as stores' levels and plans."""

import asyncio
from math import isinf

from humidor_common.web.problems import FieldError, Problem
from humidor_inventory.orderplans.rules import Need, days_of_cover, within_budget
from humidor_inventory.orderplans.schemas import (
    CutView,
    OrderPlanInput,
    OrderPlanItem,
    OrderPlanLine,
    OrderPlanView,
)
from humidor_inventory.policies.prepare import answer
from humidor_inventory.policies.rules.explain import Impossible
from humidor_inventory.policies.schemas import PolicyAnswer, PolicyInput
from humidor_inventory.replenishment.rules import Level, quantity_to_order, under_cap

MOST_ERRORS = 50
LEAST_DAILY = 1e-6
"""What sells less than one unit in 2,700 years never runs out."""


async def calculate_order_plan(given: OrderPlanInput) -> OrderPlanView:
    """Calculate all or nothing, beside the event loop.

    Raises:
        Problem: 422 naming the fields that no answer exists for.
    """
    return await asyncio.to_thread(_calculate, given)


def _calculate(given: OrderPlanInput) -> OrderPlanView:
    answers: list[PolicyAnswer] = []
    errors: list[FieldError] = []
    for i, item in enumerate(given.items):
        try:
            answers.append(answer(_policy(given, item)))
        except Impossible as problem:
            errors.append(FieldError(f"items[{i}].{problem.field}", problem.message))
    if errors:
        raise Problem(422, "invalid", f"{errors[0].field}: {errors[0].message}", errors=errors[:MOST_ERRORS])
    needed = [_needed(item, found) for item, found in zip(given.items, answers, strict=True)]
    needs = [_need(item, found, want) for item, found, want in zip(given.items, answers, needed, strict=True)]
    bought = within_budget(needs, given.budget_minor)
    lines = [
        _line(given, (item, found), (want, need), quantity)
        for item, found, want, need, quantity in zip(given.items, answers, needed, needs, bought, strict=True)
    ]
    return OrderPlanView(
        unit=given.unit,
        lines=lines,
        value_minor=sum(line.value_minor for line in lines),
        value_needed_minor=sum(w * i.unit_price_minor for w, i in zip(needed, given.items, strict=True)),
        budget_minor=given.budget_minor,
    )


def _policy(given: OrderPlanInput, item: OrderPlanItem) -> PolicyInput:
    return PolicyInput(
        policy="R_S",
        unit=given.unit,
        demand=item.demand,
        service=given.service,
        lead_time_days=given.lead_time_days,
        lead_time_sd_days=given.lead_time_sd_days,
        review_days=given.review_days,
        order_multiple=item.order_multiple,
        price_bands=[],
    )


def _needed(item: OrderPlanItem, found: PolicyAnswer) -> int:
    position = item.on_hand + item.on_order
    level = _level(item, found)
    return quantity_to_order(level, position) if position < level.order_up_to else 0


def _level(item: OrderPlanItem, found: PolicyAnswer) -> Level:
    return Level(
        reorder_point=found.level.reorder_point,
        order_up_to=found.level.order_up_to,
        order_multiple=item.order_multiple,
        minimum_order=item.minimum_order,
        supply_cap=item.supply_cap,
    )


def _need(item: OrderPlanItem, found: PolicyAnswer, needed: int) -> Need:
    daily = next(step.value for step in found.steps if step.name == "demand_per_day")
    return Need(
        position=item.on_hand + item.on_order,
        allowed=under_cap(_level(item, found), needed),
        multiple=item.order_multiple,
        daily=daily if daily >= LEAST_DAILY else 0.0,
        price_minor=item.unit_price_minor,
        minimum=item.minimum_order,
    )


def _line(
    given: OrderPlanInput,
    item_and_answer: tuple[OrderPlanItem, PolicyAnswer],
    want: tuple[int, Need],
    quantity: int,
) -> OrderPlanLine:
    item, found = item_and_answer
    needed, need = want
    cuts = [
        CutView(code=code, quantity=cut)
        for code, cut in (("supply_cap", needed - need.allowed), ("budget", need.allowed - quantity))
        if cut > 0
    ]
    return OrderPlanLine(
        gtin=item.gtin,
        position=need.position,
        level=found.order_up_to,
        needed=needed,
        quantity=quantity,
        value_minor=quantity * item.unit_price_minor,
        shortfall=needed - quantity,
        cuts=cuts,
        days_of_cover=_days(need, 0),
        days_of_cover_after=_days(need, quantity),
        explanation=found if given.explain else None,
    )


def _days(need: Need, quantity: int) -> float | None:
    days = days_of_cover(need, quantity)
    return None if isinf(days) else round(days, 2)
