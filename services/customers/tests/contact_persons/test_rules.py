"""Whose contacts, words and documents are one person's, and what they are without it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_customers.contact_persons.rules import ERASED, is_address, is_of, redacted, without, words_of

WANG = {"name": "王芳", "role": "owner", "phone": "138 1234 5678", "email": "Wang@Example.com"}
LI = {"name": "Li Lei", "role": None, "phone": "0571-88001122", "email": None}
OTHER_WANG = {"name": "王芳", "role": None, "phone": "13900001111", "email": None}


def person(**changes: Any) -> dict[str, Any]:
    return {"name": "王芳", "phone": None, "email": None, "handles": []} | changes


@pytest.mark.parametrize(
    ("asked", "contact", "same"),
    [
        (person(), WANG, True),
        (person(phone="+86 13812345678"), WANG, True),
        (person(phone="13900001111"), WANG, False),
        (person(email="WANG@example.com"), WANG, True),
        (person(email="other@example.com"), WANG, False),
        (person(name="li  lei"), LI, True),
        (person(name="Li Lei", email="li@example.com"), LI, True),
        (person(name="王"), WANG, False),
    ],
)
def test_a_contact_is_a_person_by_name_and_no_other_phone_or_mail(
    asked: dict[str, Any], contact: dict[str, Any], same: bool
) -> None:
    assert is_of(asked, contact) is same


@pytest.mark.parametrize(
    ("text", "without_her"),
    [
        ("请找王芳，电话13812345678", f"请找{ERASED}，电话{ERASED}"),
        ("call +86 138-1234-5678 or wang@example.com", f"call {ERASED} or {ERASED}"),
        ("wechat wxid_wang, not wxid_wang2", f"wechat {ERASED}, not wxid_wang2"),
        ("138123456789 is no phone of hers", "138123456789 is no phone of hers"),
        ("Li Lei, 0571-88001122", "Li Lei, 0571-88001122"),
    ],
)
def test_words_of_a_person_go_from_texts_and_others_stay(text: str, without_her: str) -> None:
    words = words_of(person(phone="13812345678", handles=["wxid_wang"]), [WANG, OTHER_WANG, LI])
    assert redacted(text, words) == without_her


def test_a_phone_that_another_contact_shares_is_the_shops_and_stays() -> None:
    shared = LI | {"phone": WANG["phone"]}
    words = words_of(person(), [WANG, shared])
    assert redacted("王芳 138 1234 5678", words) == f"{ERASED} 138 1234 5678"
    assert not is_address("13812345678", words)
    assert is_address("wang@example.COM", words)


def test_names_of_letters_are_whole_words() -> None:
    words = words_of(person(name="Al"), [])
    assert redacted("Also ask Al, al or Sal", words) == f"Also ask {ERASED}, {ERASED} or Sal"


@pytest.mark.parametrize("name", ["A", ".", "12", "\u2003"])
def test_a_name_that_is_no_word_takes_nothing_out_of_texts(name: str) -> None:
    words = words_of(person(name=name), [WANG])
    assert redacted("grade A. 12", words) == "grade A. 12"
    assert without([{**WANG, "name": name}, LI], words_of(person(name=name), [{**WANG, "name": name}])) == [
        LI
    ]


def test_contacts_go_out_of_documents_and_fields_of_the_business_stay() -> None:
    words = words_of(person(), [WANG, LI])
    masked = {"name": "**", "role": "owner", "phone": "138****78", "email": "W****"}
    assert masked == words.masked[0]
    document = {"name": "王芳便利店", "contacts": [WANG, LI, masked], "custom": {"note": "王芳"}}
    assert redacted(document, words, keep=("name",)) == {
        "name": "王芳便利店",
        "contacts": [LI],
        "custom": {"note": ERASED},
    }
    assert without([WANG, LI, OTHER_WANG], words) == [LI, OTHER_WANG]


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
        max_leaves=12,
    )
)
def test_nothing_of_the_person_is_left_in_a_value_and_a_second_time_changes_nothing(value: Any) -> None:
    words = words_of(person(phone="13812345678"), [WANG])
    marked = {"a": [value, "x王芳y"], "b": value}
    after = redacted(marked, words)
    assert "王芳" not in json.dumps(list(after.values()), ensure_ascii=False) or "王芳" in str(_keys(value))
    assert redacted(after, words) == after


def _keys(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(key for each in value.values() for key in _keys(each))]
    return [key for each in value for key in _keys(each)] if isinstance(value, list) else []
