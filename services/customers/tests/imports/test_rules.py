"""Lists in one cell."""

import json

from hypothesis import given
from hypothesis import strategies as st

from humidor_customers.imports.rules import join_list, split_list

parts = st.lists(st.text(alphabet='ab城-_. ["', min_size=1).map(str.strip).filter(bool), unique=True)


def test_people_write_lists_in_many_ways() -> None:
    for text in ("b; a", "a、b", "a,b，a", '["b","a"]', " a\nb ", "a|b"):
        assert split_list(text) == ["a", "b"], text
    assert split_list(None) == split_list(" ; ") == []
    assert split_list("[a") == ["[a"]
    assert split_list("[1]") == []


@given(parts)
def test_what_is_written_is_read_the_same(given: list[str]) -> None:
    assert split_list(json.dumps(given)) == sorted(given)
    plain = [each for each in given if not each.startswith("[")]
    assert split_list(join_list(plain)) == sorted(plain)
