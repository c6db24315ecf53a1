"""Frequent sets and rules against what trying every set finds."""

import pickle
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_customers.mining.rules.associations import Least, derive_rules
from humidor_customers.mining.rules.baskets import Baskets, make_baskets
from humidor_customers.mining.rules.itemsets import Level, Limits, TooMuch, count_for, frequent_itemsets

ITEMS = 7
SETS = st.lists(st.frozensets(st.integers(0, ITEMS - 1), min_size=1), min_size=1, max_size=90)


def baskets_of(sets: list[frozenset[int]]) -> Baskets:
    pairs = [(n, item) for n, each in enumerate(sets) for item in each]
    table = np.array(pairs, np.int64).reshape(-1, 2)
    return make_baskets(table[:, 0], table[:, 1], [str(n) for n in range(ITEMS)])


def counted(levels: list[Level]) -> dict[tuple[int, ...], int]:
    return {
        tuple(row): count
        for level in levels
        for row, count in zip(level.items.tolist(), level.counts.tolist(), strict=True)
    }


@settings(max_examples=150, deadline=None)
@given(SETS, st.integers(1, 6))
def test_every_frequent_set_is_found_with_its_count(sets: list[frozenset[int]], least: int) -> None:
    expected = {}
    for size in range(1, ITEMS + 1):
        for items in combinations(range(ITEMS), size):
            count = sum(set(items) <= each for each in sets)
            if count >= least:
                expected[items] = count
    assert counted(frequent_itemsets(baskets_of(sets), Limits(least))) == expected


@settings(max_examples=80, deadline=None)
@given(SETS, st.sampled_from([0.0, 0.3, 0.5, 0.8, 1.0]), st.integers(1, 3))
def test_every_rule_that_is_sure_enough_is_found(
    sets: list[frozenset[int]], confidence: float, widest: int
) -> None:
    baskets = baskets_of(sets)
    levels = frequent_itemsets(baskets, Limits(2))
    counts = counted(levels)
    expected = {
        (before, tuple(sorted(set(items) - set(before))))
        for items in counts
        for size in range(max(len(items) - widest, 1), len(items))
        for before in combinations(items, size)
        if counts[items] / counts[before] >= confidence
    }
    rules = derive_rules(levels, ITEMS, baskets.number, Least(confidence, widest))
    found = {
        (tuple(x for x in before if x >= 0), tuple(x for x in after if x >= 0))
        for before, after in zip(rules.antecedents.tolist(), rules.consequents.tolist(), strict=True)
    }
    assert found == expected
    assert np.all(np.diff(rules.lift) <= 1e-12)


def test_measures_are_those_of_the_example() -> None:
    beer, nappies = 0, 1
    sets = [frozenset({beer, nappies})] * 4 + [frozenset({beer})] * 2 + [frozenset({nappies})]
    sets += [frozenset({2})] * 3
    baskets = baskets_of(sets)
    rules = derive_rules(frequent_itemsets(baskets, Limits(2)), ITEMS, baskets.number, Least(0.7))
    assert rules.antecedents[:, 0].tolist() == [nappies]
    assert (rules.confidence[0], rules.lift[0]) == (0.8, pytest.approx(0.8 / 0.6))
    assert rules.leverage[0] == pytest.approx(0.4 - 0.6 * 0.5)


def test_a_share_of_baskets_becomes_the_least_count_that_reaches_it() -> None:
    assert [count_for(*each) for each in ((0.001, 9835), (0.5, 4), (1.0, 3), (0.001, 5))] == [10, 2, 3, 1]


def test_nothing_comes_of_no_baskets_and_of_baskets_that_are_too_rare() -> None:
    nothing = make_baskets(np.zeros(0, np.int64), np.zeros(0, np.int64), ["a"])
    assert frequent_itemsets(nothing, Limits(1)) == []
    assert len(derive_rules([], 1, 0, Least(0.5)).counts) == 0
    assert frequent_itemsets(baskets_of([frozenset({1, 2})]), Limits(2)) == []


def test_one_huge_basket_changes_nothing_and_too_many_sets_are_refused() -> None:
    sets = [frozenset({0, 1})] * 5
    few = counted(frequent_itemsets(baskets_of(sets), Limits(2)))
    huge = make_baskets(
        np.concatenate((np.repeat(np.arange(5), 2), np.full(1000, 5))),
        np.concatenate((np.tile([0, 1], 5), np.arange(1000))),
        [str(n) for n in range(1000)],
    )
    assert counted(frequent_itemsets(huge, Limits(2))) == {key: count + 1 for key, count in few.items()}
    with pytest.raises(TooMuch) as refused:
        frequent_itemsets(huge, Limits(1, most=10_000))
    back = pickle.loads(pickle.dumps(refused.value))  # noqa: S301 - our own, as it comes from a cluster
    assert (back.code, back.message) == ("too-many-itemsets", refused.value.message)


def test_it_can_be_stopped_in_the_middle() -> None:
    class Stop(Exception):  # noqa: N818
        pass

    def stop(_: float) -> None:
        raise Stop

    with pytest.raises(Stop):
        frequent_itemsets(baskets_of([frozenset({0, 1})] * 3), Limits(1), stop)
