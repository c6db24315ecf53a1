"""Undoing a merge gives back what was, whatever happened since, and says what it left."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from humidor_customers.merges.rules import (
    GROUPS,
    Document,
    frozen,
    merged_document,
    restore,
    restored_list,
    thawed,
    united,
)

FIELDS = [field for group in GROUPS.values() for field in group if not field.startswith("licence_valid")]
numbers = st.sampled_from([None, "1", "2", "3"])
stores = st.lists(st.sampled_from("abcd"), unique=True).map(sorted)
customs = st.dictionaries(st.sampled_from("xyz"), st.integers(0, 2))
lists = st.lists(st.sampled_from("pqrs"), unique=True)


@st.composite
def records(draw: st.DrawFn) -> Document:
    scalars = {field: draw(numbers) for field in FIELDS}
    dates = {"licence_valid_from": None, "licence_valid_until": None}
    tags = sorted(draw(lists))
    rest = {"contacts": draw(lists), "tags": tags, "custom": draw(customs), "store_ids": draw(stores)}
    return scalars | dates | rest


@st.composite
def merges(draw: st.DrawFn) -> tuple[Document, Document, Document]:
    """Give a survivor, another record with stores of its own, and what they come to."""
    survivor, other = draw(records()), draw(records())
    other["store_ids"] = [each.upper() for each in other["store_ids"]]
    take = draw(st.sets(st.sampled_from(sorted(GROUPS))))
    return survivor, other, merged_document(survivor, other, take)


@given(merges())
def test_undone_at_once_a_merge_leaves_no_trace(merge: tuple[Document, Document, Document]) -> None:
    survivor, other, after = merge
    undone = restore(frozen(survivor), frozen(after), frozen(after), other["store_ids"])
    assert undone.survivor == frozen(survivor)
    assert (undone.merged, undone.kept) == ({}, [])


@given(merges(), records(), st.sets(st.sampled_from([*FIELDS, "contacts", "tags", "custom", "store_ids"])))
def test_what_changed_since_stays_and_all_else_is_what_it_was(
    merge: tuple[Document, Document, Document], later: Document, touched: set[str]
) -> None:
    survivor, other, after = merge
    now = frozen(after | {name: later[name] for name in touched})
    undone = restore(frozen(survivor), frozen(after), now, other["store_ids"])
    changed = {name for name in now if now[name] != after[name]}
    assert {each.field.split(".")[0] for each in undone.kept} == changed
    for fields in GROUPS.values():
        given_back = all(undone.survivor[name] == survivor[name] for name in fields)
        left = all(undone.survivor[name] == now[name] for name in fields)
        assert given_back or left
        if not changed & set(fields):
            assert given_back
    went_along = {each.field for each in undone.kept if each.stays_with == "merged"}
    assert set(undone.merged) == went_along
    for field in changed - went_along - {"contacts", "tags", "custom", "store_ids"}:
        assert undone.survivor[field] == now[field]
    if went_along:
        assert undone.survivor["licence_number"] == survivor["licence_number"] != now["licence_number"]


@given(lists, lists, lists)
def test_a_list_loses_just_what_came_with_the_merge(
    before: list[str], other: list[str], now: list[str]
) -> None:
    merged = united(before, other)
    assert restored_list(before, merged, merged) == before
    undone = restored_list(before, merged, now)
    came = set(merged) - set(before)
    assert set(undone) == set(now) - came


@given(merges())
def test_a_merge_loses_nothing_of_either(merge: tuple[Document, Document, Document]) -> None:
    survivor, other, after = merge
    for name in ("contacts", "tags", "store_ids"):
        assert set(after[name]) == {*survivor[name], *other[name]}
    assert set(after["custom"]) == {*survivor["custom"], *other["custom"]}


def test_a_licence_goes_back_with_what_was_said_of_it_since() -> None:
    def record(number: str, status: str, **changes: Any) -> Document:
        base: Document = dict.fromkeys(field for group in GROUPS.values() for field in group)
        base |= {"contacts": [], "tags": [], "custom": {}, "store_ids": []}
        return base | {"licence_number": number, "licence_status": status} | changes

    survivor, other = record("1", "active"), record("2", "active")
    after = merged_document(survivor, other, ["licence"])
    now = after | {"licence_status": "suspended"}
    undone = restore(frozen(survivor), frozen(after), frozen(now), [])
    assert (undone.survivor["licence_number"], undone.survivor["licence_status"]) == ("1", "active")
    assert undone.merged == {"licence_status": "suspended"}
    assert [(each.field, each.stays_with) for each in undone.kept] == [("licence_status", "merged")]


def test_dates_come_through_json_as_dates() -> None:
    from datetime import date

    values = {"licence_valid_from": "2026-01-02", "licence_valid_until": None, "name": "2026-01-02"}
    assert thawed(values) == values | {"licence_valid_from": date(2026, 1, 2)}
