"""What custom fields may hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humidor_customers.fields.rules import Definition, Value, custom_errors, parse_search, value_error

CHOICE = Definition("choice", frozenset(("none", "one")))


@pytest.mark.parametrize(
    ("value", "definition", "fits"),
    [
        ("x", Definition("text"), True),
        ("", Definition("text"), False),
        (1, Definition("text"), False),
        (3.5, Definition("number"), True),
        (True, Definition("number"), False),
        ("3.5", Definition("number"), False),
        (2e15, Definition("number"), False),
        ("2026-02-28", Definition("date"), True),
        ("2026-02-30", Definition("date"), False),
        ("20260228", Definition("date"), False),
        ("one", CHOICE, True),
        ("two", CHOICE, False),
        (False, Definition("boolean"), True),
        (0, Definition("boolean"), False),
    ],
)
def test_a_value_fits_its_kind_or_is_refused(value: Value, definition: Definition, *, fits: bool) -> None:
    assert (value_error(value, definition) is None) == fits


def test_a_retired_field_keeps_its_value_and_takes_no_other() -> None:
    old = {"shelf": Definition("number", retired=True, required=True)}
    assert list(custom_errors({"shelf": 3}, {"shelf": 3}, old)) == []
    assert list(custom_errors({"shelf": 4}, {"shelf": 3}, old)) == [("shelf", "this custom field is retired")]
    assert list(custom_errors({}, {}, old)) == []


def test_unknown_and_missing_fields_are_named() -> None:
    needed = {"shelf": Definition("number", required=True)}
    assert dict(custom_errors({"colour": "red"}, {}, needed)) == {
        "colour": "there is no such custom field",
        "shelf": "is required",
    }


@given(st.one_of(st.booleans(), st.integers(-(10**15), 10**15)))
def test_what_is_searched_for_is_read_as_it_is_kept(value: Value) -> None:
    definition = Definition("boolean" if isinstance(value, bool) else "number")
    assert parse_search(str(value).lower(), definition) == value
    assert parse_search("maybe", definition) is None
