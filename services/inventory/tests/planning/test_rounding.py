"""Shares in whole multiples of at least the minimum order, exactly rounded where multiples differ."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_common.sharing import Claim, fair, share
from humidor_inventory.planning.balancing import shares_of
from humidor_inventory.planning.reference import Limited
from humidor_inventory.planning.rules import optimal

RULES = ("proportional", "priority", "max_min")


@st.composite
def claims(draw: st.DrawFn, *, multiples: tuple[int, ...]) -> list[Claim]:
    count = draw(st.integers(1, 8))
    return [
        Claim(
            claimant=f"S{i}",
            multiple=(multiple := draw(st.sampled_from(multiples))),
            asked=multiple * draw(st.integers(0, 40)),
            priority=draw(st.integers(1, 3)),
        )
        for i in range(count)
    ]


@given(claims(multiples=(7, 10, 25)), st.integers(0, 1500), st.sampled_from(RULES))
@settings(max_examples=25, deadline=None)
def test_the_programme_strands_no_more_of_a_supply_than_greedy_rounding(
    asking: list[Claim], supply: int, rule: str
) -> None:
    exact = optimal.round_shares(supply, asking, rule)
    assert exact is not None
    assert sum(exact.values()) <= supply
    assert all(exact[c.claimant] % c.multiple == 0 and 0 <= exact[c.claimant] <= c.asked for c in asking)
    wanted = fair(supply, asking, rule)

    def lacking(shares: dict[str, int]) -> float:
        short = sum(max(0.0, wanted[c.claimant] - shares[c.claimant]) for c in asking)
        return short - 0.01 * sum(shares.values())

    assert lacking(exact) <= lacking(share(supply, asking, rule)) + 1e-4


def test_rounding_takes_nothing_from_a_rank_for_the_next() -> None:
    """A multiple of 10 fewer for the first would let the second have its 20; the first comes first."""
    asking = [
        Claim(claimant="A", asked=20, multiple=10, priority=1),
        Claim(claimant="B", asked=20, multiple=20, priority=2),
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
    assert all(shares[c.claimant] == 0 or c.minimum <= shares[c.claimant] <= c.asked for c in bound)
    assert (sum(shares.values()) > 0) is any(c.least <= min(supply, c.asked) for c in bound)


def test_a_rank_that_takes_no_less_than_there_is_leaves_it_to_the_next() -> None:
    asking = [
        Claim(claimant="A", asked=100, minimum=100, priority=1),
        Claim(claimant="B", asked=50, minimum=50, priority=2),
    ]
    assert shares_of(Limited(60, "priority"), asking) == {"A": 0, "B": 50}


def test_a_minimum_order_leaves_some_without_rather_than_all() -> None:
    """100 for four that ask for 80 each but take no less than 40: two get 50 and not each 25."""
    asking = [Claim(claimant=name, asked=80, multiple=10, minimum=40) for name in "ABCD"]
    assert shares_of(Limited(100, "max_min"), asking) == {"A": 50, "B": 50, "C": 0, "D": 0}


def test_where_multiples_differ_the_programme_finds_what_greedy_rounding_misses() -> None:
    """50 sticks for multiples of 30 and 25: greedy gives 30 and strands 20, two of 25 fit as well."""
    asking = [
        Claim(claimant="A", asked=60, multiple=30),
        Claim(claimant="B", asked=50, multiple=25),
        Claim(claimant="C", asked=50, multiple=25),
    ]
    greedy = share(50, asking, "proportional")
    exact = optimal.round_shares(50, asking, "proportional")
    assert exact is not None
    assert sum(exact.values()) == 50 >= sum(greedy.values())
