"""Which event fits which webhook, what signs it, and where a moment lies among ids."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humidor_common.ids import uuid7
from humidor_customers.webhooks.rules import first_id, matches, secrets_in_force, unknown_field

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
PAYLOAD = {"state": "active", "tags": ["a", "north"], "version": 1, "merged": True, "licence": None}


@pytest.mark.parametrize(
    ("filters", "fits"),
    [
        ({}, True),
        ({"state": ["closed", "active"]}, True),
        ({"state": ["closed"]}, False),
        ({"tags": ["north"]}, True),
        ({"tags": ["south"]}, False),
        ({"state": ["active"], "tags": ["south"]}, False),
        ({"version": [1]}, True),
        ({"version": [True]}, False),
        ({"merged": [1]}, False),
        ({"licence": ["None"]}, False),
        ({"unknown": ["x"]}, False),
    ],
)
def test_every_named_field_needs_one_of_its_values(filters: Any, fits: bool) -> None:
    assert matches(filters, PAYLOAD) is fits


@given(
    st.dictionaries(st.sampled_from("abc"), st.integers(0, 3)),
    st.dictionaries(st.sampled_from("abc"), st.lists(st.integers(0, 3), min_size=1)),
    st.sampled_from("abc"),
)
def test_a_further_filter_only_takes_away(payload: Any, filters: Any, field: str) -> None:
    narrower = filters | {field: filters.get(field, [1])[:1]}
    assert matches(filters, payload) or not matches({**filters, **narrower}, payload)


def test_a_field_that_a_type_lacks_is_named_with_the_type() -> None:
    fields = {"a.v1": ["x", "y"], "b.v1": ["x"]}
    assert unknown_field({"x": [1]}, fields) is None
    assert unknown_field({"x": [1], "y": [1]}, fields) == ("y", "b.v1")


def test_two_secrets_sign_until_the_overlap_ends() -> None:
    assert secrets_in_force("new", "old", NOW + timedelta(hours=1), NOW) == "new old"
    assert secrets_in_force("new", "old", NOW, NOW) == "new"
    assert secrets_in_force("new", None, None, NOW) == "new"


def test_a_moment_lies_before_every_id_that_is_made_from_then_on() -> None:
    before = datetime.now(UTC)
    made = uuid7()
    assert first_id(before) <= made < first_id(datetime.now(UTC) + timedelta(milliseconds=1))
