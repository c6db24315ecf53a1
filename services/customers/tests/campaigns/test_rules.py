"""What the law forbids, who is drawn, and when a campaign stops."""

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_customers.campaign_rules.rules import Facts, judge
from humidor_customers.campaign_rules.service import built_in
from humidor_customers.campaigns.rules.drawing import Unit, assign, balance, detectable_percent, draw
from humidor_customers.campaigns.rules.returns import return_on
from humidor_customers.campaigns.rules.states import STEPS, allowed
from humidor_customers.campaigns.rules.stopping import Look, Outcome, decide, whole_days

DAY = date(2026, 12, 1)


def facts(**changes: Any) -> Facts:
    plain = Facts("service", "consumers", "in_store", frozenset(), "id_seen", None, None)
    return plain._replace(**changes)


def judged(jurisdiction: str = "CN", day: date = DAY, **changes: Any) -> set[str]:
    return {each.rule_id for each in judge(built_in(), facts(**changes), jurisdiction, day)}


@pytest.mark.parametrize(
    ("changes", "rule_id"),
    [
        ({"adult_check": "none"}, "cn.minors"),
        ({"channel": "outdoor"}, "cn.advertising"),
        ({"channel": "public_transport", "audience": "retailers"}, "cn.advertising"),
        ({"kind": "display"}, "cn.advertising-in-shops"),
        ({"kind": "push", "channel": "online"}, "cn.online"),
        ({"audience": "retailers", "channel": "online"}, "cn.online"),
        ({"channel": "trade_message"}, "cn.messages"),
        ({"mechanics": frozenset({"rebate"})}, "cn.discounts"),
        ({"mechanics": frozenset({"free_sample"})}, "cn.samples"),
        ({"kind": "sampling"}, "cn.sampling"),
        ({"kind": "gift"}, "cn.gifts"),
        ({"mechanics": frozenset({"advice", "points"})}, "cn.gift-mechanics"),
        ({"discount_percent": 5.0}, "cn.discounts"),
        ({"price_per_pack": 1900}, "cn.discounts"),
        ({"kind": "price"}, "cn.price-campaigns"),
        ({"kind": "trade_terms"}, "cn.trade-only"),
    ],
)
def test_each_thing_that_chinese_law_forbids_is_found_by_its_rule(
    changes: dict[str, Any], rule_id: str
) -> None:
    assert rule_id in judged(**changes)


def test_trade_campaigns_service_to_adults_and_other_jurisdictions_are_judged_by_their_own_law() -> None:
    assert judged() == set()
    for kind in ("service", "training", "trade_terms"):
        assert judged(kind=kind, audience="retailers", adult_check="none", discount_percent=5.0) == set()
    assert judged(kind="display", audience="retailers") == {"cn.display-at-retailers"}
    assert judged("US", kind="price", discount_percent=5.0) == {"us.discounts"}
    assert "us.age" in judged("US", adult_check="visual")
    assert "us.age" not in judged("US", adult_check="visual", day=date(2024, 9, 29))
    assert judged("EU", channel="online") == {"eu.online", "eu.consumers"}


def test_every_rule_names_its_source_a_field_that_can_be_sent_and_conditions_that_are_known() -> None:
    assert len({each.rule_id for each in built_in()}) == len(built_in())
    for each in built_in():
        assert each.law
        assert each.says
        assert each.field in Facts._fields
        assert each.conditions
        judge([each], facts(), each.jurisdiction, DAY)


units = st.builds(
    Unit,
    st.text("ABCDE0123", min_size=1, max_size=6),
    st.sampled_from(("north/kiosk", "north/super", "south/kiosk")),
    st.floats(0, 1e6),
    st.floats(0, 1e6),
)
stores = st.lists(units, max_size=40, unique_by=lambda each: each.store_id)


@settings(max_examples=60)
@given(stores, st.floats(0, 0.5), st.integers(0, 2**53), st.randoms())
def test_a_draw_is_disjoint_complete_right_to_one_a_stratum_and_the_same_again(
    given_stores: list[Unit], share: float, seed: int, chance: Any
) -> None:
    drawn = draw(given_stores, share, seed)
    ids = {each.store_id for each in given_stores}
    assert set(drawn.treated) | set(drawn.holdout) == ids == set(drawn.strata)
    assert set(drawn.treated).isdisjoint(drawn.holdout)
    sizes = Counter(drawn.strata.values())
    held = Counter(drawn.strata[each] for each in drawn.holdout)
    for stratum, size in sizes.items():
        assert abs(held[stratum] - share * size) <= 1 + 1e-6
    assert abs(len(drawn.holdout) - share * len(ids)) <= 0.5 + 1e-6
    mixed = list(given_stores)
    chance.shuffle(mixed)
    assert draw(mixed, share, seed) == drawn


@settings(max_examples=60)
@given(stores, st.lists(st.integers(1, 9), min_size=2, max_size=5), st.integers(0, 2**53), st.randoms())
def test_variants_divide_the_treated_by_their_shares_in_all_and_in_every_stratum_and_the_same_again(
    given_stores: list[Unit], weights: list[int], seed: int, chance: Any
) -> None:
    shares = {str(n): weight / sum(weights) for n, weight in enumerate(weights)}
    drawn = draw(given_stores, 0.2, seed)
    variants = assign(drawn, shares, seed)
    assert variants.keys() == set(drawn.treated)
    for name, share in shares.items():
        own = [store_id for store_id, each in variants.items() if each == name]
        assert abs(len(own) - share * len(drawn.treated)) < 2
        for stratum in set(drawn.strata.values()):
            of = [each for each in drawn.treated if drawn.strata[each] == stratum]
            assert abs(len(set(of) & set(own)) - share * len(of)) < 3
    mixed = list(given_stores)
    chance.shuffle(mixed)
    assert assign(draw(mixed, 0.2, seed), shares, seed) == variants


def test_each_store_comes_into_each_variant_by_some_seed() -> None:
    six = [Unit(f"S{n}", "x", n, n) for n in range(6)]
    drawn = draw(six, 0, 1)
    found = {item for seed in range(30) for item in assign(drawn, {"A": 0.5, "B": 0.5}, seed).items()}
    assert len(found) == 12


def test_other_seeds_draw_others_and_the_balance_and_what_can_be_shown_are_as_calculated_by_hand() -> None:
    many = [Unit(f"S{n}", "x", 450.0 + n, 450.0 + 2 * n) for n in range(100)]
    assert len({tuple(draw(many, 0.3, seed).holdout) for seed in range(10)}) == 10
    four = [Unit(each, "x", *sold) for each, *sold in (("A", 1, 1), ("B", 3, 5), ("C", 2, 3), ("D", 4, 4))]
    drawn = draw(four, 0.5, 1)._replace(treated=["A", "B"], holdout=["C", "D"])
    total = balance(four, drawn)[0]
    # Means 5 and 6.5, variances 9 and 2.25: −1.5 / √5.625.
    assert (total.treated_mean, total.holdout_mean) == (5, 6.5)
    assert total.standardised_difference == pytest.approx(-0.632456, abs=1e-6)
    # Changes 0, 2, 1, 0: s = 0.957427; (1.959964 + 0.841621) · s · √(1/2 + 1/2) / 3.25 of the later half.
    assert detectable_percent(four, drawn) == pytest.approx(82.532, abs=0.001)
    assert detectable_percent(four[:2], drawn._replace(treated=["A"], holdout=["B"])) is None


LOOK = Look(
    state="running",
    starts_on=DAY,
    ends_on=DAY + timedelta(days=13),
    first_today=DAY + timedelta(days=9),
    last_today=DAY + timedelta(days=8),
    budget_minor=1000,
    spent_minor=0,
    forbidden_by=None,
    sales_floor_percent=80.0,
    sticks_a_day=90.0,
    before_a_day=100.0,
)


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, Outcome("running")),
        ({"state": "scheduled", "first_today": DAY - timedelta(days=1)}, Outcome("scheduled")),
        ({"state": "scheduled", "first_today": DAY, "last_today": DAY}, Outcome("running")),
        ({"last_today": DAY + timedelta(days=13)}, Outcome("running")),
        ({"last_today": DAY + timedelta(days=14)}, Outcome("ended", last_day=LOOK.ends_on)),
        ({"spent_minor": 1000}, Outcome("stopped", "budget-spent", "1000 of 1000", LOOK.first_today)),
        ({"spent_minor": 1000, "budget_minor": 0}, Outcome("running")),
        ({"sticks_a_day": 79.0}, Outcome("stopped", "sales-fell", "79 % of before", LOOK.first_today)),
        ({"sticks_a_day": 79.0, "sales_floor_percent": None}, Outcome("running")),
        ({"sticks_a_day": 0.0, "before_a_day": 0.0}, Outcome("running")),
        ({"forbidden_by": "x"}, Outcome("stopped", "forbidden", "x", LOOK.first_today)),
        (
            {"forbidden_by": "x", "state": "scheduled", "first_today": DAY - timedelta(days=1)},
            Outcome("cancelled", "forbidden", "x"),
        ),
    ],
)
def test_a_look_at_a_campaign_moves_it_by_days_budget_sales_and_law(
    changes: dict[str, Any], outcome: Outcome
) -> None:
    assert decide(LOOK._replace(**changes)) == outcome


def test_sales_are_compared_after_seven_whole_days_and_what_is_over_takes_no_further_step() -> None:
    assert whole_days(DAY, DAY + timedelta(days=6)) is None
    assert whole_days(DAY, DAY + timedelta(days=7)) == (DAY, DAY + timedelta(days=6))
    for state in ("ended", "stopped", "cancelled"):
        taken = {step for step in STEPS if allowed(step, state)}
        assert taken == ({"spend"} if state != "cancelled" else set())
    assert (return_on(300, 100), return_on(0, 100)) == (2.0, -1.0)
