"""The chain of proof: the same facts are the same text, and no link can be changed, left out or put in."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_common.events.persons import ErasedPart
from humidor_customers.rights.rules import ROOT, Link, add_parts, due_at, first_broken, link, write_entry

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
REQUEST = UUID("0190a6f2-7c1e-7000-8000-000000000001")


def chain(length: int) -> list[Link]:
    links: list[Link] = []
    for number in range(1, length + 1):
        entry = write_entry(number, REQUEST, "erased", NOW, {"rows": number})
        links.append(link(links[-1] if links else None, entry))
    return links


def test_an_entry_is_the_same_text_whatever_the_order_of_its_facts() -> None:
    first = write_entry(7, REQUEST, "erased", NOW, {"service": "pos", "parts": []})
    assert first == write_entry(7, REQUEST, "erased", NOW, {"parts": [], "service": "pos"})
    assert first == (
        '{"at":"2026-11-26T04:00:00Z","parts":[],"request_id":"0190a6f2-7c1e-7000-8000-000000000001",'
        '"seq":7,"service":"pos","what":"erased"}'
    )


def test_the_first_link_of_a_known_entry_has_its_published_hash() -> None:
    """It is what `sha256sum` makes of 64 zeros, a line feed and `{}`, so anybody can check a proof."""
    made = link(None, "{}")
    assert made.previous == ROOT
    assert made.hash == "5649d09ed68c17156095d175eef152856c5b1a81c117c409c1e00f096aa6838e"


@settings(max_examples=40)
@given(st.integers(1, 12), st.data())
def test_a_link_that_is_changed_left_out_or_put_elsewhere_breaks_the_chain(length: int, data: Any) -> None:
    links = chain(length)
    assert first_broken(links) is None
    place = data.draw(st.integers(0, length - 1))
    changed = links[place]._replace(entry=links[place].entry.replace("erased", "kept"))
    assert first_broken([*links[:place], changed, *links[place + 1 :]]) == place + 1
    forged = link(links[place - 1] if place else None, changed.entry)
    assert (first_broken([*links[:place], forged, *links[place + 1 :]]) is None) == (place == length - 1)


def test_links_of_one_request_hold_without_those_between_them() -> None:
    links = chain(5)
    assert first_broken([links[0], links[2], links[4]]) is None


@pytest.mark.parametrize(
    ("known", "more", "rows"),
    [
        ([], [("sales", 3)], {"sales": 3}),
        ([("sales", 3), ("returns", 1)], [("sales", 2)], {"sales": 5, "returns": 1}),
    ],
)
def test_what_comes_in_late_is_added_up(known: Any, more: Any, rows: Any) -> None:
    def parts(given: Any) -> list[ErasedPart]:
        return [ErasedPart(holding=name, rows=count, stays="") for name, count in given]

    assert {part.holding: part.rows for part in add_parts(parts(known), parts(more))} == rows


def test_a_request_is_answered_within_30_days() -> None:
    assert due_at(NOW) == NOW + timedelta(days=30)
