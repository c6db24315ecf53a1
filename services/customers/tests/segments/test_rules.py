"""The rule language: what may be asked, and that what is wrong is named."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_customers.segments.rules import FIELDS, MOST_DEPTH, BadRule, check, models_of
from humidor_customers.segments.statement import build

GOOD = {
    "all": [
        {"field": "lifecycle", "in": ["cooling", "dormant"]},
        {"not": {"field": "spend_year_minor", "at_most": 100_000}},
        {"any": [{"field": "churn_risk", "at_least": 0.5}, {"field": "satisfaction", "known": True}]},
    ]
}


def test_a_rule_is_read_into_its_conditions_and_the_models_it_needs() -> None:
    conditions = check(GOOD, "consumer")
    assert [(each.field, each.operator) for each in conditions] == [
        ("lifecycle", "in"),
        ("spend_year_minor", "at_most"),
        ("churn_risk", "at_least"),
        ("satisfaction", "known"),
    ]
    assert models_of(conditions) == ["churn"]
    source, arguments = build(GOOD, "consumer", {})
    assert arguments == [None, "consumer", ["cooling", "dormant"], 100_000, 0.5]
    assert source.count("LEFT JOIN") == 1


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ({}, "rule.field"),
        ({"field": "name", "is": "x"}, "rule.field"),
        ({"field": ["lifecycle"], "is": "x"}, "rule.field"),
        ({"field": "lifecycle"}, "rule"),
        ({"field": "lifecycle", "is": "new", "in": []}, "rule"),
        ({"field": "lifecycle", "like": "n%"}, "rule"),
        ({"field": "lifecycle", "at_least": "new"}, "rule.at_least"),
        ({"field": "lifecycle", "is": "a\x00b"}, "rule.is"),
        ({"field": "lifecycle", "is": "\ud800"}, "rule.is"),
        ({"field": "purchases", "is": True}, "rule.is"),
        ({"field": "purchases", "is": float("inf")}, "rule.is"),
        ({"field": "purchases", "in": [1, "2"]}, "rule.in[1]"),
        ({"field": "purchases", "in": []}, "rule.in"),
        ({"field": "purchases", "known": 1}, "rule.known"),
        ({"field": "trade_area", "is": "A"}, "rule.field"),
        ({"all": []}, "rule.all"),
        ({"any": {"field": "purchases", "is": 1}}, "rule.any"),
        ({"all": [{"field": "purchases", "is": 1}], "any": []}, "rule"),
        ({"all": [{"not": {"field": "x", "is": 1}}]}, "rule.all[0].not.field"),
        (
            {"not": {"not": {"not": {"not": {"not": {"not": {"field": "purchases", "is": 1}}}}}}},
            "rule" + ".not" * 6,
        ),
        ({"all": [{"any": [{"field": "purchases", "is": 1}] * 30}] * 2}, "rule"),
    ],
)
def test_what_cannot_be_meant_is_named(rule: dict[str, Any], place: str) -> None:
    with pytest.raises(BadRule) as refusal:
        check(rule, "consumer")
    assert refusal.value.place == place


LEAF = st.sampled_from(
    [{"field": name, "known": True} for name, field in FIELDS.items() if field.party_kind is None]
)
RULES = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"all": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"not": inner}),
    ),
    max_leaves=12,
)


def depth(rule: Any) -> int:
    if isinstance(rule, list):
        return max(map(depth, rule))
    joined = [depth(rule[word]) for word in ("all", "any", "not") if word in rule]
    return 1 + max(joined, default=0)


@given(RULES)
@settings(max_examples=60, deadline=None)
def test_every_sound_rule_becomes_one_pass_whose_arguments_all_have_a_place(rule: dict[str, Any]) -> None:
    if depth(rule) > MOST_DEPTH:
        with pytest.raises(BadRule, match="deeper"):
            check(rule, "consumer")
        return
    conditions = check(rule, "consumer")
    source, arguments = build(rule, "consumer", {})
    assert source.count("(") == source.count(")")
    assert all(f"${n}" in source for n in range(1, len(arguments) + 1))
    assert source.count("LEFT JOIN") == len(models_of(conditions))
