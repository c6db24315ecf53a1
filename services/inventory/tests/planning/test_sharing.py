"""Rules of sharing: what holds for all of them, and what each of them is."""

from itertools import product

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_inventory.planning.balancing import shares_of
from humidor_inventory.planning.reference import Limited
from humidor_inventory.planning.rules import optimal
from humidor_inventory.planning.rules.sharing import Claim, fair, share, water_level

RULES = ("proportional", "priority", "max_min")


def claims_of(*asked: int, multiple: int = 1) -> list[Claim]:
    return [
        Claim(store_id=f"S{i:02}", asked=amount, multiple=multiple, priority=i)
        for i, amount in enumerate(asked)
    ]


@st.composite
def claims(draw: st.DrawFn, *, multiples: tuple[int, ...] = (1, 10, 20, 200)) -> list[Claim]:
    count = draw(st.integers(1, 8))
    return [
        Claim(
            store_id=f"S{i}",
            multiple=(multiple := draw(st.sampled_from(multiples))),
            asked=multiple * draw(st.integers(0, 40)),
            priority=draw(st.integers(1, 3)),
        )
        for i in range(count)
    ]


@given(claims(), st.integers(0, 20_000), st.sampled_from(RULES), st.randoms())
@settings(max_examples=150, deadline=None)
def test_never_more_than_supply_or_asked_and_whole_multiples_in_any_order(
    asking: list[Claim], supply: int, rule: str, chance: object
) -> None:
    shares = share(supply, asking, rule)
    assert sum(shares.values()) <= supply
    for claim in asking:
        assert 0 <= shares[claim.store_id] <= claim.asked
        assert shares[claim.store_id] % claim.multiple == 0
    mixed = list(asking)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert share(supply, mixed, rule) == shares
    left = supply - sum(shares.values())
    unmet = [claim for claim in asking if shares[claim.store_id] + claim.multiple <= claim.asked]
    assert all(claim.multiple > left for claim in unmet), "what fits nobody stays, all else is given"


@given(claims(multiples=(10,)), st.integers(0, 3000))
@settings(max_examples=150, deadline=None)
def test_max_min_gives_nobody_more_while_somebody_with_less_asks(asking: list[Claim], supply: int) -> None:
    shares = share(supply, asking, "max_min")
    for poor, rich in product(asking, asking):
        if shares[poor.store_id] < poor.asked:
            assert shares[rich.store_id] <= shares[poor.store_id] + poor.multiple


@given(claims(multiples=(10,)), st.integers(0, 3000))
@settings(max_examples=100, deadline=None)
def test_proportional_keeps_within_a_multiple_of_the_exact_share(asking: list[Claim], supply: int) -> None:
    shares, exact = share(supply, asking, "proportional"), fair(supply, asking, "proportional")
    assert all(abs(shares[c.store_id] - exact[c.store_id]) < c.multiple + 1e-6 for c in asking)


@given(claims(multiples=(10,)), st.integers(0, 3000))
@settings(max_examples=100, deadline=None)
def test_priority_serves_a_rank_only_when_those_before_have_all(asking: list[Claim], supply: int) -> None:
    shares = share(supply, asking, "priority")
    for before, after in product(asking, asking):
        if before.priority < after.priority and shares[after.store_id] > 0:
            assert shares[before.store_id] == before.asked


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("proportional", [10, 20, 30]), ("max_min", [20, 20, 20]), ("priority", [20, 40, 0])],
)
def test_the_examples_of_the_page(rule: str, expected: list[int]) -> None:
    assert list(share(60, claims_of(20, 40, 60), rule).values()) == expected


def test_the_textbook_case_of_max_min() -> None:
    """Demands 2, 2.6, 4, 5 of a capacity of 10 come to 2, 2.6, 2.7, 2.7 (S. Keshav, 1997, ch. 9.2.1)."""
    assert water_level(10.0, [2.0, 2.6, 4.0, 5.0]) == pytest.approx(2.7)
    tenths = share(100, claims_of(20, 26, 40, 50), "max_min")
    assert list(tenths.values()) == [20, 26, 27, 27]


def test_remainders_go_to_the_largest_ones_as_hamilton_did() -> None:
    """The Congress of 1792 after Hamilton: Virginia 21 (630,560) and Delaware 2 (55,540) of 120 seats."""
    people = (
        236_841, 55_540, 70_835, 278_514, 475_327, 141_822, 179_570, 331_589, 353_523, 432_879, 68_446,
        206_236, 85_533, 630_560, 68_705,
    )  # fmt: skip
    seats = share(120, claims_of(*people), "proportional")
    assert list(seats.values()) == [8, 2, 2, 9, 16, 5, 6, 11, 12, 14, 2, 7, 3, 21, 2]


@given(claims(multiples=(7, 10, 25)), st.integers(0, 1500), st.sampled_from(RULES))
@settings(max_examples=25, deadline=None)
def test_the_programme_strands_no_more_of_a_supply_than_greedy_rounding(
    asking: list[Claim], supply: int, rule: str
) -> None:
    exact = optimal.round_shares(supply, asking, rule)
    assert exact is not None
    assert sum(exact.values()) <= supply
    assert all(exact[c.store_id] % c.multiple == 0 and 0 <= exact[c.store_id] <= c.asked for c in asking)
    wanted = fair(supply, asking, rule)

    def lacking(shares: dict[str, int]) -> float:
        short = sum(max(0.0, wanted[c.store_id] - shares[c.store_id]) for c in asking)
        return short - 0.01 * sum(shares.values())

    assert lacking(exact) <= lacking(share(supply, asking, rule)) + 1e-4


def test_rounding_takes_nothing_from_a_rank_for_the_next() -> None:
    """A multiple of 10 fewer for the first would let the second have its 20; the first comes first."""
    asking = [
        Claim(store_id="A", asked=20, multiple=10, priority=1),
        Claim(store_id="B", asked=20, multiple=20, priority=2),
    ]
    assert shares_of(Limited(35, "priority"), asking) == {"A": 20, "B": 0}


@given(claims(multiples=(10, 25)), st.integers(0, 1500), st.sampled_from(RULES), st.integers(1, 150))
@settings(max_examples=60, deadline=None)
def test_nobody_is_given_less_than_their_minimum_order(
    asking: list[Claim], supply: int, rule: str, minimum: int
) -> None:
    bound = [msgspec.structs.replace(claim, minimum=min(minimum, claim.asked)) for claim in asking]
    shares = shares_of(Limited(supply, rule), bound)
    assert sum(shares.values()) <= supply
    assert all(shares[c.store_id] == 0 or c.minimum <= shares[c.store_id] <= c.asked for c in bound)
    assert (sum(shares.values()) > 0) is any(c.least <= min(supply, c.asked) for c in bound)


def test_a_rank_that_takes_no_less_than_there_is_leaves_it_to_the_next() -> None:
    asking = [
        Claim(store_id="A", asked=100, minimum=100, priority=1),
        Claim(store_id="B", asked=50, minimum=50, priority=2),
    ]
    assert shares_of(Limited(60, "priority"), asking) == {"A": 0, "B": 50}


def test_a_minimum_order_leaves_some_without_rather_than_all() -> None:
    """100 for four that ask for 80 each but take no less than 40: two get 50 and not each 25."""
    asking = [Claim(store_id=name, asked=80, multiple=10, minimum=40) for name in "ABCD"]
    assert shares_of(Limited(100, "max_min"), asking) == {"A": 50, "B": 50, "C": 0, "D": 0}


def test_where_multiples_differ_the_programme_finds_what_greedy_rounding_misses() -> None:
    """50 sticks for multiples of 30 and 25: greedy gives 30 and strands 20, two of 25 fit as well."""
    asking = [
        Claim(store_id="A", asked=60, multiple=30),
        Claim(store_id="B", asked=50, multiple=25),
        Claim(store_id="C", asked=50, multiple=25),
    ]
    greedy = share(50, asking, "proportional")
    exact = optimal.round_shares(50, asking, "proportional")
    assert exact is not None
    assert sum(exact.values()) == 50 >= sum(greedy.values())
