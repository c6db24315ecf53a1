"""Sequential patterns against the paper's example and against looking for every pattern."""

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_customers.mining.rules.sequences import Pattern, Sequences, Span, frequent_sequences

# Pei et al. 2001, table 1; a to g are 0 to 6.
PAPER = ["a abc ac d cf", "ad c bc ae", "ef ab df c b", "e g af c b c"]
Customers = list[list[list[int]]]


def sequences_of(customers: Customers, days: list[list[int]] | None = None) -> Sequences:
    occasions = [(n, sorted(set(step))) for n, steps in enumerate(customers) for step in steps]
    offsets = np.concatenate(([0], np.cumsum([len(step) for _, step in occasions]))).astype(np.int64)
    items = np.array([item for _, step in occasions for item in step], np.int64)
    times = [day for each in days for day in each] if days else list(range(len(occasions)))
    owners = np.array([owner for owner, _ in occasions], np.int64)
    return Sequences(offsets, items, owners, np.array(times, np.int64), 7)


def paper() -> Customers:
    return [[[ord(c) - 97 for c in step] for step in line.split()] for line in PAPER]


def word(pattern: Pattern) -> str:
    return " ".join("".join(chr(97 + item) for item in step) for step in pattern)


def shows(steps: list[list[int]], pattern: Pattern) -> bool:
    place = 0
    for step in steps:
        if place < len(pattern) and set(pattern[place]) <= set(step):
            place += 1
    return place == len(pattern)


def test_the_patterns_of_the_paper_are_found() -> None:
    found = {
        word(each.pattern): each.customers for each in frequent_sequences(sequences_of(paper()), Span(2, 9))
    }
    begin_with_a = {each for each in found if each[0] == "a" and each != "a"}
    assert len(found) == 53
    assert found["a bc a"] == 2
    assert (found["a"], found["ab c"], found["e f c b"], found["c b"]) == (4, 2, 2, 3)
    assert len(begin_with_a) == 18
    assert "g" not in found


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=3), min_size=1, max_size=4),
        min_size=1,
        max_size=6,
    ),
    st.integers(1, 3),
)
def test_every_pattern_is_found_with_the_customers_that_show_it(customers: Customers, least: int) -> None:
    steps = [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]
    expected = {}
    for length in (1, 2, 3):
        for pattern in product(steps, repeat=length):
            if sum(map(len, pattern)) <= 3:
                count = sum(shows(each, pattern) for each in customers)
                if count >= least:
                    expected[pattern] = count
    found = frequent_sequences(sequences_of(customers), Span(least, 3))
    assert {each.pattern: each.customers for each in found} == expected
    assert len(found) == len(expected)


def test_a_longest_gap_counts_from_the_nearest_step_before() -> None:
    customers = [[[0], [0], [1]], [[0], [1]]]
    days = [[1, 40, 45], [1, 45]]
    found = frequent_sequences(sequences_of(customers, days), Span(1, 2, most_days=7))
    counts = {each.pattern: (each.customers, each.before) for each in found}
    assert counts[((0,), (1,))] == (1, 2)
    assert ((0,), (0,)) not in counts


def test_nobody_buys_nothing() -> None:
    assert frequent_sequences(sequences_of([]), Span(1)) == []
