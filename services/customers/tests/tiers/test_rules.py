"""Scores and tiers: the examples of the page, and what holds for all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humidor_customers.tiers.rules import (
    FULL_E4,
    Bounds,
    Cut,
    bound_level,
    levels_of,
    may_become,
    percentile_ranks,
    tier_of,
    weigh,
)

VALUES = st.lists(st.integers(0, 10**12), min_size=1, max_size=40)


def test_ranks_of_the_example_count_half_of_the_equal_ones() -> None:
    assert percentile_ranks([10, 20, 20, 40]) == [125_000, 500_000, 500_000, 875_000]


@given(VALUES)
def test_ranks_keep_the_order_equal_values_equal_and_their_mean_in_the_middle(values: list[int]) -> None:
    ranks = percentile_ranks(values)
    for one, rank_of_one in zip(values, ranks, strict=True):
        for other, rank_of_other in zip(values, ranks, strict=True):
            assert (one < other) == (rank_of_one < rank_of_other)
    assert abs(sum(ranks) / len(ranks) - FULL_E4 / 2) <= 1
    assert percentile_ranks([value * 1000 for value in values]) == ranks, "units do not matter"


def test_weights_are_shares_of_their_sum() -> None:
    ranks = {"value": [800_000], "volume": [400_000]}
    assert weigh(ranks, {"value": 70, "volume": 30}) == [680_000]
    assert weigh(ranks, {"value": 7, "volume": 3}) == [680_000]


@pytest.mark.parametrize(
    ("scores", "cut", "levels"),
    [
        ([1, 2, 3, 4], Cut(2), [1, 1, 2, 2]),
        ([5, 5, 5, 5], Cut(2), [2, 2, 2, 2]),
        ([1, 2, 3, 4], Cut(3, shares_bp=[5000, 2500, 2500]), [1, 1, 2, 3]),
        ([599_999, 600_000, 900_000], Cut(3, minimums_e4=[600_000, 900_000]), [1, 2, 3]),
        ([0, FULL_E4], Cut(3, shares_bp=[0, 0, 10_000]), [3, 3]),
    ],
)
def test_scores_are_cut_into_levels(scores: list[int], cut: Cut, levels: list[int]) -> None:
    assert levels_of(scores, cut) == levels


@given(VALUES, st.integers(2, 30))
def test_a_better_score_is_never_in_a_lower_level(scores: list[int], count: int) -> None:
    levels = levels_of(scores, Cut(count))
    assert all(1 <= level <= count for level in levels)
    ranked = sorted(zip(scores, levels, strict=True))
    assert [level for _, level in ranked] == sorted(levels)


def test_ten_thousand_different_scores_fill_thirty_tiers_equally() -> None:
    levels = levels_of(range(9000), Cut(30))
    assert {level: levels.count(level) for level in range(1, 31)} == dict.fromkeys(range(1, 31), 300)


def test_newcomers_and_grades_are_held_down_and_nobody_is_lifted() -> None:
    bounds = Bounds(24, {"C": 10})
    assert bound_level(30, bounds, newcomer=True, grade="A") == 24
    assert bound_level(30, bounds, newcomer=True, grade="C") == 10
    assert bound_level(3, bounds, newcomer=True, grade="C") == 3
    assert bound_level(30, bounds, newcomer=False, grade=None) == 30


def test_the_best_tier_is_the_highest_or_the_lowest_number() -> None:
    assert (tier_of(30, 30, "highest_is_best"), tier_of(30, 30, "lowest_is_best")) == (30, 1)


def test_a_scheme_only_goes_forward() -> None:
    assert may_become("draft", "locked")
    assert may_become("locked", "published")
    assert not may_become("draft", "published")
    assert not may_become("retired", "published")
