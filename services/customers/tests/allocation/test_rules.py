"""Caps, cuts and shares: the examples of the page, and the arrays against one customer at a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_common.sharing_arrays import Sticks
from humidor_customers.allocation.own import explain
from humidor_customers.allocation.refusals import QUOTA, TYING, ForbiddenTerm, check_terms, forbidden_heading
from humidor_customers.allocation.rules import (
    MODES,
    UNCAPPED,
    Audience,
    Customer,
    Line,
    Mode,
    Terms,
    count,
    order,
    supply,
)

NOBODY: frozenset[str] = frozenset()


def customer(name: str = "C1", tier: int = 1, **changes: object) -> Customer:
    plain = Customer(name, tier, "urban", "grocery", "A1", None, "A", ())
    return plain._replace(**changes)  # type: ignore[arg-type]


def line(*caps: int | None, mode: Mode = "all", audience: frozenset[str] = NOBODY) -> Line:
    return Line("g", mode, audience, caps)


def caps_of(lines: list[Line], *customers: Customer, otherwise: int = 0) -> list[int]:
    found: list[int] = Audience(customers).caps(lines, otherwise=otherwise).tolist()
    return found


def test_the_narrowest_audience_that_a_customer_is_in_decides() -> None:
    lines = [
        line(1, 2, 3),
        line(0, 1, 1, mode="market_type", audience=frozenset(("rural",))),
        line(9, mode="retailer", audience=frozenset(("C3",))),
    ]
    found = caps_of(
        lines,
        customer("C1", 3),
        customer("C2", 3, market_type="rural"),
        customer("C3", 1, market_type="rural"),
        customer("C4", 0),
    )
    assert found == [3, 1, 9, 0], "without a tier nothing is had by tier"


def test_of_two_lines_equally_narrow_the_larger_cap_counts_and_whom_no_line_names_gets_none() -> None:
    tagged = [
        line(1, mode="tag", audience=frozenset(("t",))),
        line(2, mode="tag", audience=frozenset(("u",))),
    ]
    assert caps_of(tagged, customer(tags=("t", "u")), customer(tags=("t",)), customer()) == [2, 1, 0]
    assert caps_of([line(None, 5)], customer(tier=1), customer(tier=2), otherwise=7) == [UNCAPPED, 5]


def expected(lines: list[Line], one: Customer) -> int:
    """The same rule for one customer, as a person would apply it."""
    values: dict[Mode, list[int]] = {mode: [] for mode in MODES}
    for each in lines:
        own = [one.retailer_id] if each.mode == "retailer" else getattr(one, each.mode, None)
        named = set(one.tags) if each.mode == "tag" else set(own if isinstance(own, list) else [own])
        if each.mode == "all" or named & each.audience:
            cap = each.caps[0] if len(each.caps) == 1 else (each.caps[one.tier - 1] if one.tier else 0)
            values[each.mode].append(UNCAPPED if cap is None else cap)
    return next((max(values[mode]) for mode in reversed(MODES) if values[mode]), 0)


LETTERS = st.sampled_from("abc")
CUSTOMERS = st.lists(
    st.builds(
        Customer, st.sampled_from(("C1", "C2", "a")), st.integers(0, 3), LETTERS, LETTERS, LETTERS, LETTERS,
        LETTERS, st.lists(LETTERS, max_size=2),
    ),
    min_size=1,
    max_size=8,
)  # fmt: skip
CAPS = st.one_of(
    st.tuples(st.none() | st.integers(0, 9)),
    st.tuples(*[st.none() | st.integers(0, 9)] * 3),
)
LINES = st.lists(
    st.builds(
        Line, st.just("g"), st.sampled_from(MODES), st.frozensets(LETTERS | st.just("C1"), min_size=1), CAPS
    ),
    max_size=6,
)


@given(CUSTOMERS, LINES)
@settings(max_examples=60, deadline=None)
def test_caps_of_all_at_once_are_those_of_one_after_the_other(
    customers: list[Customer], lines: list[Line]
) -> None:
    assert caps_of(lines, *customers) == [expected(lines, each) for each in customers]


def terms(caps: Sticks, segments: object = (), short: object = None, multiple: int = 1) -> Terms:
    priorities = np.arange(1, len(caps) + 1)
    return Terms(caps, segments, short or {}, "proportional", priorities, multiple)  # type: ignore[arg-type]


def test_a_segment_is_cut_in_proportion_and_remainders_are_given_in_whole_cartons() -> None:
    requested = np.array([[1200, 600, 600], [200, 0, 200]])
    free = np.full((2, 3), UNCAPPED)
    total = np.array([1600, 1600])
    found = order(terms(free, [([0, 1, 2], total)], multiple=200), requested)
    assert found.tolist() == [[800, 400, 400], [200, 0, 200]]
    odd = order(terms(np.full((2, 3), 700), multiple=200), np.array([[900, 500, 199], [700, 600, 0]]))
    assert odd.tolist() == [[600, 400, 0], [600, 600, 0]], "cartons are not broken"


QUANTITIES = st.lists(st.lists(st.integers(0, 12), min_size=3, max_size=3), min_size=2, max_size=6)


@given(QUANTITIES, st.integers(0, 20), st.integers(0, 12), st.integers(0, 15))
@settings(max_examples=60, deadline=None)
def test_orders_keep_within_every_bound_and_cut_no_more_than_they_must(
    cartons: list[list[int]], total: int, cap: int, there_is: int
) -> None:
    requested = np.array(cartons) * 200
    rows = len(requested)
    caps = np.full(requested.shape, cap * 200)
    of = terms(caps, [([0, 2], np.full(rows, total * 200))], {1: there_is * 200}, multiple=200)
    ordered = order(of, requested)
    allowed = np.minimum(requested, caps)
    assert (ordered <= allowed).all()
    assert (ordered % 200 == 0).all()
    assert (ordered[:, 1] == allowed[:, 1]).all(), "what is in no segment is not cut"
    sums = allowed[:, [0, 2]].sum(axis=1)
    assert (ordered[:, [0, 2]].sum(axis=1) == np.minimum(sums, total * 200)).all()
    supplied = supply(of, ordered)
    assert (supplied <= ordered).all()
    assert supplied[:, 1].sum() == min(ordered[:, 1].sum(), there_is * 200)
    assert (supplied[:, [0, 2]] == ordered[:, [0, 2]]).all()


def test_indicators_are_counted_by_tier_and_product() -> None:
    tiers = np.array([3, 3, 1])
    caps = np.array([[400, UNCAPPED], [400, 0], [200, 200]])
    requested = np.array([[600, 100], [200, 100], [0, 200]])
    ordered = np.array([[400, 100], [200, 0], [0, 200]])
    cells = count(tiers, caps, requested, ordered, ordered - [[0, 0], [0, 0], [0, 200]])
    assert cells.tiers == [3, 1]
    assert cells.offered_customers.tolist() == [[2, 1], [1, 1]]
    assert cells.ordering_customers.tolist() == [[2, 1], [0, 1]]
    assert cells.capped_ordering_customers.tolist() == [[2, 0], [0, 1]]
    assert cells.full_customers.tolist() == [[1, 0], [0, 1]]
    assert cells.cap_sticks.tolist() == [[800, 0], [200, 200]]
    assert cells.capped_ordered_sticks.tolist() == [[600, 0], [0, 200]]
    assert cells.requested_sticks.tolist() == [[800, 200], [0, 200]]
    assert cells.supplied_sticks.tolist() == [[600, 100], [0, 0]]


def test_a_share_is_explained_step_by_step() -> None:
    row = {
        "retailer_id": "C1",
        "gtin": "g",
        "requested_sticks": 2000,
        "cap_sticks": 1200,
        "segment_cap_sticks": 2000,
        "ordered_sticks": 800,
        "supplied_sticks": 400,
        "all_ordered_sticks": 4000,
        "all_supplied_sticks": 2000,
    }
    found = explain(row, "proportional", {"g": 2000}, 200)
    assert [each.code for each in found.steps] == ["requested", "cap", "segment", "shared", "supplied"]
    assert found.steps[1].text == "Your tier and area may have 6 cartons of it at most."
    assert found.steps[3].text_zh == "本期货源 10 条，全部订购 20 条：按订购量同比例分配。"
    assert found.steps[4].figures == {"supplied_sticks": 400}
    plain = explain(
        row | {"ordered_sticks": 1200, "requested_sticks": 1200, "supplied_sticks": 1200}, "max_min", {}, 200
    )
    assert [each.code for each in plain.steps] == ["requested", "supplied"]


@pytest.mark.parametrize(("name", "code"), [("bundle_with", TYING.code), ("minimum_cartons", QUOTA.code)])
def test_a_term_that_obliges_a_customer_is_refused_with_its_source(name: str, code: str) -> None:
    with pytest.raises(ForbiddenTerm) as caught:
        check_terms(["code", name])
    document = caught.value.document()
    assert (document["code"], document["errors"][0]["field"]) == (code, name)
    assert "Anti-Monopoly Law" in document["source"] or "monopolies" in document["source"]


def test_headings_of_workbooks_are_known_too() -> None:
    assert forbidden_heading("搭售规格") is TYING
    assert forbidden_heading("最低订购量") is QUOTA
    assert forbidden_heading("Minimum per shop") is QUOTA
    assert forbidden_heading("投放模式") is None
