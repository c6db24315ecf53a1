"""Three-way merges, values of both sides, and what comes after what."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humidor_customers.crm.mapping import FieldMap, Kind, Mapping
from humidor_customers.crm.rules import Translator, applied, flat
from humidor_customers.crm.values import FxiaokeCodec, PlainCodec
from humidor_customers.exchange.rules import digest_of, newer_side, reconcile, to_send
from humidor_customers.fields.rules import Definition

NAME = FieldMap(ours="name", theirs="N")
LINE = FieldMap(ours="sales_line", theirs="L")
VALUES = st.sampled_from(["a", "b", "c"])


@given(
    base=st.none() | VALUES, ours=VALUES, theirs=VALUES, rule=st.sampled_from(["newest", "ours", "theirs"])
)
def test_a_merge_loses_no_change_of_one_side_alone_and_agrees_in_the_end(
    base: str | None, ours: str, theirs: str, rule: Any
) -> None:
    agreed = None if base is None else {"name": base}
    found = reconcile([NAME], (agreed, {"name": ours}, {"name": theirs}), conflicts=rule, newer="ours")
    after = {"name": ours} | found.take
    if base == ours:
        assert after["name"] == theirs
    if base == theirs:
        assert after["name"] == ours
    assert bool(found.conflicts) == (ours != theirs and base not in (ours, theirs))
    sent = to_send([NAME], found.shadow, after)
    assert found.owed == list(sent)
    settled = found.shadow | sent
    again = reconcile([NAME], (settled, after, settled), conflicts=rule, newer="ours")
    assert (again.take, again.conflicts, again.owed) == ({}, [], [])


def test_a_person_who_was_erased_is_not_taken_back_and_the_other_side_is_told() -> None:
    contact = FieldMap(ours="contact.name", theirs="C")
    taken = FieldMap(ours="contact.name", theirs="C", direction="in")
    erased = {"contact.name": digest_of("王芳")}
    nobody, still, another = ({"contact.name": each} for each in (None, "王芳", "李雷"))
    for field in (contact, taken):
        found = reconcile([field], (erased, nobody, still), conflicts="theirs", newer="theirs")
        assert (found.take, found.conflicts, found.shadow) == ({}, [], erased)
        assert found.owed == (["contact.name"] if field is contact else [])
    assert to_send([contact], erased, nobody) == nobody
    found = reconcile([contact], (erased, nobody, another), conflicts="theirs", newer="theirs")
    assert found.take == another


def test_each_direction_has_its_own_say() -> None:
    taken = FieldMap(ours="sales_line", theirs="L", direction="in")
    told = FieldMap(ours="name", theirs="N", direction="out")
    sides = (
        {"sales_line": "1", "name": "1"},
        {"sales_line": "2", "name": "2"},
        {"sales_line": "3", "name": "3"},
    )
    found = reconcile([taken, told], sides, conflicts="ours", newer="ours")
    assert (found.take, found.conflicts, found.owed) == ({"sales_line": "3"}, [], ["name"])
    assert to_send([taken, told], found.shadow, {"sales_line": "2", "name": "2"}) == {"name": "2"}


def test_what_is_empty_or_not_told_says_little() -> None:
    def take(base: Any, ours: Any, theirs: Any) -> Any:
        found = reconcile([NAME, LINE], (base, ours, theirs), conflicts="review", newer="theirs")
        return found.take, len(found.conflicts), bool(found.owed)

    assert take(None, {"sales_line": "1"}, {"sales_line": None}) == ({}, 0, True)
    assert take(None, {"sales_line": None}, {"sales_line": "1"}) == ({"sales_line": "1"}, 0, False)
    assert take(None, {"sales_line": "1"}, {"sales_line": "2"}) == ({}, 1, True)
    assert take({"sales_line": "1"}, {"sales_line": "1"}, {"sales_line": None}) == (
        {"sales_line": None},
        0,
        False,
    )
    assert take({"name": "1"}, {"name": "1"}, {"name": None}) == ({}, 0, True)
    assert take({"sales_line": "1"}, {"sales_line": "1"}, {}) == ({}, 0, False)
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    assert [newer_side(late, early), newer_side(early, late), newer_side(late, None)] == [
        "ours",
        "theirs",
        "theirs",
    ]


KINDS: list[tuple[Kind, Any]] = [
    ("date", "2029-02-28"),
    ("money", 123_450),
    ("number", 3.5),
    ("integer", 7),
    ("boolean", False),
    ("text", "城南"),
    ("list", ["a", "b"]),
]


@pytest.mark.parametrize(
    "codec", [PlainCodec(), FxiaokeCodec("Asia/Shanghai"), FxiaokeCodec("America/New_York")]
)
def test_values_go_there_and_back_unchanged(codec: PlainCodec) -> None:
    for kind, value in KINDS:
        assert codec.decode(kind, codec.encode(kind, value)) == value
        assert codec.decode(kind, None) is None
        assert codec.decode(kind, "") is None


@given(st.integers(0, 10**15))
def test_money_goes_there_and_back_to_the_last_minor_unit(minor: int) -> None:
    for codec in (PlainCodec(), FxiaokeCodec("UTC")):
        if minor < 10**13:
            assert codec.decode("money", codec.encode("money", minor)) == minor


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(kind=st.sampled_from([kind for kind, _ in KINDS]), raw=ANYTHING)
def test_whatever_a_record_holds_is_a_value_or_refused(kind: Kind, raw: Any) -> None:
    for codec in (PlainCodec(), FxiaokeCodec("Asia/Shanghai")):
        try:
            value = codec.decode(kind, raw)
        except ValueError as error:
            value = str(error)
        assert "\x00" not in str(value)


def test_a_record_is_read_and_written_by_the_mapping() -> None:
    fields = [
        {"ours": "name", "theirs": "N"},
        {"ours": "business_format", "theirs": "F", "values": {"convenience": "便利店"}},
        {"ours": "custom.metres", "theirs": "M"},
        {"ours": "licence_number", "theirs": "Lic"},
    ]
    mapping = Mapping.model_validate({"object": "Accounts", "fields": fields})
    translator = Translator(mapping, FxiaokeCodec("UTC"), {"metres": Definition("number")})
    values, wrong = translator.to_ours({"N": {"id": "1", "name": "x"}, "F": "便利店", "M": "2.5"})
    assert (values, wrong) == ({"name": "x", "business_format": "convenience", "custom.metres": 2.5}, [])
    values, wrong = translator.to_ours({"N": "a\x00b", "F": "夜店", "M": "many"})
    assert [each.field for each in wrong] == ["name", "business_format", "custom.metres"]
    raw, wrong = translator.to_theirs({"business_format": "mall", "custom.metres": 2.5, "name": None})
    assert (raw, [each.field for each in wrong]) == ({"M": "2.5", "N": None}, ["business_format"])


def test_changes_apply_to_the_first_contact_and_to_single_custom_fields() -> None:
    before = {
        "name": "x",
        "licence_number": None,
        "tags": ["t"],
        "custom": {"a": 1, "b": 2},
        "contacts": [{"name": "W", "role": None, "phone": "1", "email": None}, {"name": "second"}],
    }
    assert flat(before)["contact.phone"] == "1"
    after = applied(before, {"contact.phone": "2", "custom.a": None, "custom.c": 3, "tags": None})
    assert (after["contacts"][0]["phone"], after["contacts"][1]["name"]) == ("2", "second")
    assert (after["custom"], after["tags"]) == ({"b": 2, "c": 3}, [])
    emptied = applied(before, {"contact.phone": None, "contact.name": None})
    assert [each["name"] for each in emptied["contacts"]] == ["second"]
    made = applied(None, {"name": "new", "contact.phone": "3", "address": None})
    assert made == {
        "name": "new",
        "custom": {},
        "contacts": [{"phone": "3", "name": "new"}],
        "state": "prospect",
    }
