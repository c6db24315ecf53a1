"""Shares on arrays are those of `sharing.share`, whatever is asked."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_common.sharing import Claim, share
from humidor_common.sharing_arrays import Rule, share_all

RULES: tuple[Rule, ...] = ("proportional", "priority", "max_min")
ASKED = st.lists(st.tuples(st.integers(0, 9000), st.integers(1, 3)), min_size=1, max_size=12)


@given(ASKED, st.integers(0, 40_000), st.sampled_from(RULES), st.sampled_from((1, 20, 200)))
@settings(max_examples=300, deadline=None)
def test_arrays_and_claims_come_to_the_same(
    asked: list[tuple[int, int]], supply: int, rule: Rule, multiple: int
) -> None:
    claims = [
        Claim(claimant=f"{place:02}", asked=sticks, multiple=multiple, priority=rank)
        for place, (sticks, rank) in enumerate(asked)
    ]
    sticks, ranks = (np.array(column, dtype=np.int64) for column in zip(*asked, strict=True))
    found = share_all(supply, sticks, rule, multiple=multiple, priorities=ranks)
    shares = share(supply, claims, rule)
    assert found.tolist() == [shares[claim.claimant] for claim in claims]


def test_numbers_beyond_64_bits_are_shared_exactly() -> None:
    asked = np.array([10**15, 3 * 10**15], dtype=np.int64)
    assert share_all(4 * 10**14, asked, "proportional").tolist() == [10**14, 3 * 10**14]
