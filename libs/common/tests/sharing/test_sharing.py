"""Rules of sharing: what holds for all of them, and what each of them is."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_common.sharing import Claim, fair, share, water_level

RULES = ("proportional", "priority", "max_min")


def claims_of(*asked: int, multiple: int = 1) -> list[Claim]:
    return [
        Claim(claimant=f"S{i:02}", asked=amount, multiple=multiple, priority=i)
        for i, amount in enumerate(asked)
    ]


@st.composite
def claims(draw: st.DrawFn, *, multiples: tuple[int, ...] = (1, 10, 20, 200)) -> list[Claim]:
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


@given(claims(), st.integers(0, 20_000), st.sampled_from(RULES), st.randoms())
@settings(max_examples=150, deadline=None)
def test_never_more_than_supply_or_asked_and_whole_multiples_in_any_order(
    asking: list[Claim], supply: int, rule: str, chance: object
) -> None:
    shares = share(supply, asking, rule)
    assert sum(shares.values()) <= supply
    for claim in asking:
        assert 0 <= shares[claim.claimant] <= claim.asked
        assert shares[claim.claimant] % claim.multiple == 0
    mixed = list(asking)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert share(supply, mixed, rule) == shares
    left = supply - sum(shares.values())
    unmet = [claim for claim in asking if shares[claim.claimant] + claim.multiple <= claim.asked]
    assert all(claim.multiple > left for claim in unmet), "what fits nobody stays, all else is given"


@given(claims(multiples=(10,)), st.integers(0, 3000))
@settings(max_examples=150, deadline=None)
def test_max_min_gives_nobody_more_while_somebody_with_less_asks(asking: list[Claim], supply: int) -> None:
    shares = share(supply, asking, "max_min")
    for poor, rich in product(asking, asking):
        if shares[poor.claimant] < poor.asked:
            assert shares[rich.claimant] <= shares[poor.claimant] + poor.multiple


@given(claims(multiples=(10,)), st.integers(0, 3000))
@settings(max_examples=100, deadline=None)
def test_proportional_keeps_within_a_multiple_of_the_exact_share(asking: list[Claim], supply: int) -> None:
    shares, exact = share(supply, asking, "proportional"), fair(supply, asking, "proportional")
    assert all(abs(shares[c.claimant] - exact[c.claimant]) < c.multiple + 1e-6 for c in asking)


@given(claims(multiples=(10,)), st.integers(0, 3000))
@settings(max_examples=100, deadline=None)
def test_priority_serves_a_rank_only_when_those_before_have_all(asking: list[Claim], supply: int) -> None:
    shares = share(supply, asking, "priority")
    for before, after in product(asking, asking):
        if before.priority < after.priority and shares[after.claimant] > 0:
            assert shares[before.claimant] == before.asked


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
