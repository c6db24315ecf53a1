"""Licences on a day, states, circles, and the keys by which names and phones are compared."""

from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from humidor_customers.retailers import rules
from humidor_customers.retailers.rules import find_cycle, licence_state, name_key, phone_key, search_name

TODAY = date(2026, 11, 26)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("status", "valid_from", "valid_until", "state"),
    [
        (None, None, None, "none"),
        ("active", None, None, "active"),
        ("active", TODAY, TODAY, "active"),
        ("active", None, TODAY - DAY, "expired"),
        ("active", TODAY + DAY, None, "not_yet_valid"),
        ("suspended", None, TODAY, "suspended"),
        ("suspended", None, TODAY - DAY, "expired"),
        ("suspended", TODAY + DAY, None, "suspended"),
        ("revoked", None, TODAY - DAY, "revoked"),
    ],
)
def test_what_a_licence_is_worth_on_a_day(
    status: rules.LicenceStatus | None, valid_from: date | None, valid_until: date | None, state: str
) -> None:
    assert licence_state(status, valid_from, valid_until, TODAY) == state


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(-400, 400))
def test_a_licence_never_becomes_valid_again_after_its_last_day(last: date, days: int) -> None:
    today = last + timedelta(days=days)
    assert (licence_state("active", None, last, today) == "active") == (days <= 0)


def test_a_closed_customer_comes_back_as_an_active_one_alone() -> None:
    allowed = {
        (a, b)
        for a in ("prospect", "active", "closed", None)
        for b in ("prospect", "active", "closed")
        if rules.may_become(a, b)
    }
    refused = {("active", "prospect"), ("closed", "prospect")}
    assert allowed & refused == set()
    assert len(allowed) == 12 - len(refused)


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("abcdef"), max_size=6))
def test_a_circle_is_found_from_each_of_its_members_and_from_nobody_else(parents: dict[str, str]) -> None:
    edges: dict[str, str | None] = dict(parents)
    for start in "abcdef":
        step, reached = parents.get(start), set()
        while step is not None and step not in reached:
            reached.add(step)
            step = parents.get(step)
        found = find_cycle(edges, start)
        assert (found is not None) == (start in reached)
        assert found is None or (found[0] == found[-1] == start)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("城南（二）烟酒店", "城南二"),
        ("城南 二 商店", "城南二"),
        ("ＥＡＳＴ Gate Store", "eastgate"),
        ("便利店", "便利店"),
        ("※", "※"),
    ],
)
def test_names_are_compared_by_what_tells_shops_apart(name: str, key: str) -> None:
    assert name_key(name) == key


@given(st.text(min_size=1, max_size=40))
@example("u \u0308")
@example("\u0390")
def test_the_keys_of_a_name_are_steady_and_never_empty_but_for_spaces(name: str) -> None:
    assert search_name(search_name(name)) == search_name(name)
    assert name_key(name) or not name.strip()


@pytest.mark.parametrize(
    ("phone", "key"),
    [
        ("138 1234-5678", "13812345678"),
        ("+86 13812345678", "13812345678"),
        ("00861 3812345678", "13812345678"),
        ("0571-8812345", "05718812345"),
        ("８６１３８", None),
        ("8612345", "8612345"),
        ("ext. 12", None),
    ],
)
def test_phones_are_compared_by_their_digits(phone: str, key: str | None) -> None:
    assert phone_key(phone) == key


@given(st.text(min_size=1, max_size=30))
def test_a_masked_text_hides_at_least_half_of_short_ones_and_keeps_no_middle(text: str) -> None:
    hidden = rules.masked(text)
    assert hidden is not None
    assert len(text) < 3 or text[1:] not in hidden
    assert "*" in hidden


def test_the_usual_form_of_a_licence_is_told_from_others() -> None:
    assert rules.is_usual_licence("430701204804")
    assert not rules.is_usual_licence("430701304804")
