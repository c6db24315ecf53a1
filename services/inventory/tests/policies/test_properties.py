"""What must hold of every answer, whatever the figures."""

from collections.abc import Callable
from math import ceil, isfinite
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from humidor_inventory.policies.prepare import answer
from humidor_inventory.policies.rules.calculate import calculate
from humidor_inventory.policies.rules.explain import Impossible
from humidor_inventory.policies.rules.terms import Terms
from humidor_inventory.policies.schemas import PolicyAnswer, PolicyInput

MakeTerms = Callable[..., Terms]
POINT = ("r_Q", "s_S", "min_max")
FAMILIES = st.sampled_from(["normal", "poisson", "negative_binomial"])
MEANS = st.floats(0.02, 300)
SPREADS = st.floats(0.3, 4)
LEAD_TIMES = st.floats(0, 60)
REVIEWS = st.sampled_from([0.0, 1.0, 7.0, 30.0])
TARGETS = st.floats(0.5, 0.9999)
KINDS = st.sampled_from(["cycle", "fill"])


def numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [n for each in value.values() for n in numbers(each)]
    if isinstance(value, list):
        return [n for each in value for n in numbers(each)]
    return [value] if isinstance(value, float) else []


@settings(max_examples=150, deadline=None)
@given(
    policy=st.sampled_from((*POINT, "R_S")),
    figures=st.tuples(FAMILIES, MEANS, SPREADS, LEAD_TIMES),
    review=REVIEWS,
    kind=KINDS,
    targets=st.tuples(TARGETS, TARGETS),
)
def test_more_service_never_takes_less_stock(
    make_terms: MakeTerms,
    policy: str,
    figures: tuple[str, float, float, float],
    review: float,
    kind: str,
    targets: tuple[float, float],
) -> None:
    family, mean, spread, lead_time = figures
    assume(policy != "R_S" or review > 0)
    common = {"lead_time_days": lead_time, "review_days": review, "service_kind": kind, "order_quantity": 25}
    low, high = (
        calculate(make_terms(policy, family, mean, mean * spread, service_target=target, **common))
        for target in sorted(targets)
    )
    assert 0 <= low.reorder_point <= high.reorder_point
    assert low.order_up_to <= high.order_up_to
    assert high.service.reached >= max(targets) - 1e-9


@settings(max_examples=150, deadline=None)
@given(
    policy=st.sampled_from((*POINT, "R_S")),
    figures=st.tuples(FAMILIES, MEANS, SPREADS),
    lead_times=st.tuples(LEAD_TIMES, LEAD_TIMES),
    review=REVIEWS,
    service=st.tuples(KINDS, TARGETS),
)
def test_a_longer_lead_time_never_takes_less_stock(
    make_terms: MakeTerms,
    policy: str,
    figures: tuple[str, float, float],
    lead_times: tuple[float, float],
    review: float,
    service: tuple[str, float],
) -> None:
    family, mean, spread = figures
    assume(policy != "R_S" or review > 0)
    common = {"review_days": review, "service_kind": service[0], "service_target": service[1]}
    short, long = (
        calculate(
            make_terms(policy, family, mean, mean * spread, lead_time_days=days, order_quantity=25, **common)
        )
        for days in sorted(lead_times)
    )
    assert short.reorder_point <= long.reorder_point
    assert short.order_up_to <= long.order_up_to


@settings(max_examples=150, deadline=None)
@given(
    policy=st.sampled_from((*POINT, "R_S")),
    family=FAMILIES,
    means=st.tuples(MEANS, MEANS),
    figures=st.tuples(SPREADS, LEAD_TIMES, TARGETS),
)
def test_more_demand_never_takes_less_stock(
    make_terms: MakeTerms,
    policy: str,
    family: str,
    means: tuple[float, float],
    figures: tuple[float, float, float],
) -> None:
    spread, lead_time, target = figures
    common = {"lead_time_days": lead_time, "review_days": 7, "service_kind": "cycle", "order_quantity": 25}
    low, high = (
        calculate(make_terms(policy, family, mean, mean * spread, service_target=target, **common))
        for mean in sorted(means)
    )
    assert low.reorder_point <= high.reorder_point


@settings(max_examples=200, deadline=None)
@given(
    demand=st.tuples(MEANS, SPREADS),
    multiple=st.integers(1, 60),
    minimum=st.integers(0, 200),
    cap=st.none() | st.integers(1, 400),
    missing=st.integers(0, 500),
)
def test_orders_are_whole_multiples_that_reach_the_need_unless_capped(
    make_terms: MakeTerms,
    demand: tuple[float, float],
    multiple: int,
    minimum: int,
    cap: int | None,
    missing: int,
) -> None:
    mean, spread = demand
    common = {
        "lead_time_days": 3,
        "review_days": 7,
        "service_kind": "fill",
        "service_target": 0.95,
        "order_multiple": multiple,
        "minimum_order": minimum,
        "supply_cap": cap,
    }
    terms = make_terms("r_Q", "normal", mean, mean * spread, cover_days=10, **common)
    least = -(-max(multiple, minimum) // multiple) * multiple
    if cap is not None and least > cap:
        with pytest.raises(Impossible, match=r"^(order_multiple|minimum_order): "):
            calculate(terms)
        return
    fixed = calculate(terms)
    quantity = fixed.order_quantity or 0
    assert quantity > 0
    assert quantity % multiple == 0
    if cap is None:
        assert quantity >= max(minimum, mean * 10 - 1e-6)
    else:
        assert quantity <= cap
    level = calculate(make_terms("R_S", "normal", mean, mean * spread, **common)).level
    ordered = ceil(max(missing, level.minimum_order) / level.order_multiple) * level.order_multiple
    assert ordered >= missing
    assert ordered % multiple == 0


@settings(max_examples=250, deadline=None)
@given(
    policy=st.sampled_from(["r_Q", "s_S", "min_max", "R_S", "eoq", "newsvendor"]),
    demand=st.sampled_from(
        [
            {"mean_per_day": 0, "sd_per_day": 0},
            {"mean_per_day": 5, "sd_per_day": 0},
            {"mean_per_day": 0.001, "sd_per_day": 0.03},
            {"mean_per_day": 90_000, "sd_per_day": 500},
            {"mean_per_day": 3, "sd_per_day": 60},
            {"history": [0] * 20},
            {"history": [0, 0, 7, 0, 0, 1, 0] * 20},
            {"quantiles": [{"probability": 0.1, "quantity": 0}, {"probability": 0.9, "quantity": 9}]},
            {"quantiles": [{"probability": 0.1, "quantity": 0}, {"probability": 0.9, "quantity": 0}]},
        ]
    ),
    times=st.tuples(st.sampled_from([0, 0.5, 14, 3650]), st.sampled_from([1, 7, 366])),
    spread=st.sampled_from([0, 2, 400]),
    service=st.tuples(KINDS, st.sampled_from([0.5, 0.95, 0.9999])),
    cap=st.sampled_from([None, 10, 100_000]),
)
def test_every_corner_has_an_answer_of_finite_figures(
    policy: str,
    demand: dict[str, Any],
    times: tuple[float, float],
    spread: float,
    service: tuple[str, float],
    cap: int | None,
) -> None:
    body = {
        "policy": policy,
        "demand": demand,
        "lead_time_days": times[0],
        "lead_time_sd_days": spread if times[0] else 0,
        "review_days": times[1],
        "service": {"kind": service[0], "target": service[1]},
        "supply_cap": cap,
        "unit_cost_minor": 2000,
        "price_minor": 2500,
        "salvage_minor": 500,
        "holding_rate_per_year": 0.25,
        "ordering_cost_minor": 3000,
    }
    found = finite(body)
    if found is None:
        return
    assert found.reorder_point >= 0
    assert found.order_up_to >= found.reorder_point
    assert all(isfinite(value) for value in numbers(found.model_dump()))
    assert 0 <= found.service.reached <= 1
    if demand.get("mean_per_day") == 0:
        assert (found.reorder_point, found.order_up_to) == (0, 0)


def finite(body: dict[str, Any]) -> PolicyAnswer | None:
    """The answer, or None where it would be more than stock can hold and says so."""
    try:
        return answer(PolicyInput(**body))
    except Impossible as problem:
        if "more than stock can hold" not in problem.message:
            raise
        return None


def test_a_cap_below_the_need_says_what_it_costs(make_terms: MakeTerms) -> None:
    common = {"lead_time_days": 2, "review_days": 7, "service_kind": "fill", "service_target": 0.95}
    free = calculate(make_terms("R_S", "normal", 20, 64, **common)).service
    tight = calculate(make_terms("R_S", "normal", 20, 64, supply_cap=150, **common)).service
    starved = calculate(make_terms("R_S", "normal", 20, 64, supply_cap=70, **common)).service
    assert free.lost_to_cap is None
    assert tight.lost_to_cap is not None
    assert 0 < tight.lost_to_cap < 0.1
    assert (tight.extra_stock_to_make_up or 0) > 0
    assert starved.reached == pytest.approx(0.5)
    assert starved.extra_stock_to_make_up is None
