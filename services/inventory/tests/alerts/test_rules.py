"""Which rule holds, and what is too little, too much and too long: on values alone."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humidor_inventory.alerts.rules import (
    AlertKind,
    Rule,
    Scope,
    Shelf,
    days_of_cover,
    dead,
    excess,
    project,
    rule_for,
    terms_of,
)

TODAY = date(2026, 11, 23)
KIND = AlertKind.OVERSTOCK


def shelf(**changes: Any) -> Shelf:
    values: dict[str, Any] = {
        "store_id": "S1",
        "gtin": "g",
        "brand": "b",
        "today": TODAY,
        "on_hand": 400,
        "reserved": 0,
        "on_order": 0,
        "unsound": 0,
        "lead_time_days": 14,
    }
    return Shelf(**(values | changes))


SCOPES: list[Scope] = [
    (KIND, "g", "", "S1"),
    (KIND, "g", "", ""),
    (KIND, "", "b", "S1"),
    (KIND, "", "b", ""),
    (KIND, "", "", "S1"),
    (KIND, "", "", ""),
]
STRANGERS: list[Scope] = [(AlertKind.DEAD_STOCK, "g", "", "S1"), (KIND, "h", "", "S1"), (KIND, "", "b", "S2")]


@given(st.sets(st.sampled_from([*SCOPES, *STRANGERS])))
def test_the_most_specific_rule_holds(scopes: set[Scope]) -> None:
    rules = {
        scope: Rule(threshold_days=n) for n, scope in enumerate([*SCOPES, *STRANGERS]) if scope in scopes
    }
    found = rule_for(rules, KIND, ("S1", "b", "g"))
    wanted = next((scope for scope in SCOPES if scope in scopes), None)
    assert found == (rules[wanted] if wanted else None)


def test_a_rule_changes_only_the_terms_that_it_names() -> None:
    assert terms_of(KIND, None) == (60, 56)
    assert terms_of(KIND, Rule(threshold_days=30)) == (30, 56)
    assert terms_of(KIND, Rule(window_days=7)) == (60, 7)
    assert terms_of(AlertKind.PROJECTED_STOCK_OUT, Rule(threshold_days=0)) == (0, 28)


def test_the_worked_example_of_a_stock_out_to_come_holds() -> None:
    found = project(shelf(), 30.0, 0)
    assert found is not None
    assert (found["days_of_cover"], found["stock_out_on"]) == (13, date(2026, 12, 6))


@given(
    st.integers(-100, 5000),
    st.integers(0, 500),
    st.floats(0.01, 500),
    st.integers(0, 60),
    st.integers(0, 30),
)
def test_a_stock_out_is_projected_only_before_new_goods_could_come(
    on_hand: int, reserved: int, mean: float, lead: int, extra: int
) -> None:
    this = shelf(on_hand=on_hand, reserved=reserved, lead_time_days=lead)
    found = project(this, mean, extra)
    if this.sellable <= 0:
        assert found is None
    else:
        cover = days_of_cover(this.sellable, mean)
        assert (found is not None) == (cover < lead + extra)
        assert cover * mean <= this.sellable + 1e-6 < (cover + 1) * mean + 1e-5


def test_what_may_not_be_sold_and_what_is_reserved_do_not_last() -> None:
    assert project(shelf(unsound=200, reserved=100), 50.0, 0) is not None
    assert project(shelf(on_hand=1000), 50.0, 0) is None
    assert project(shelf(unsound=400), 50.0, 0) is None


@given(st.integers(1, 100_000), st.floats(0.01, 500), st.integers(0, 365))
def test_excess_is_what_is_left_after_the_limit(on_hand: int, mean: float, limit: int) -> None:
    found = excess(shelf(on_hand=on_hand), mean, limit)
    if found is None:
        assert on_hand <= mean * limit + 1
    else:
        assert 0 < found["excess_sticks"] <= on_hand
        assert found["days_of_cover"] >= limit


def test_without_demand_stock_is_dead_and_not_too_much() -> None:
    assert excess(shelf(), 0.0, 60) is None
    assert project(shelf(), 0.0, 60) is None


@pytest.mark.parametrize(
    ("sold_days_ago", "stands_days", "is_dead"),
    [
        (60, 90, True),
        (59, 90, False),
        (None, 60, True),
        (None, 59, False),
        (90, 5, False),
        (None, None, False),
    ],
)
def test_stock_is_dead_after_days_without_a_sale(
    sold_days_ago: int | None, stands_days: int | None, is_dead: bool
) -> None:
    def ago(days: int | None) -> date | None:
        return None if days is None else TODAY - timedelta(days=days)

    assert (dead(shelf(stands_since=ago(stands_days)), ago(sold_days_ago), 60) is not None) == is_dead
