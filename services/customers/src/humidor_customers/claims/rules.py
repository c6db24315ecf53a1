"""How much of a delivered order may be claimed: plain values, in sticks."""

from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["damaged", "missing", "wrong_product", "expired", "counterfeit"]


def claimable(delivered: int, expected: int, claimed: int, kind: Kind) -> int:
    """Bound a claim about a product.

    What came can be wrong; `missing` may be what should have come, which is what was kept back for the order.
    `claimed` is what claims that are not rejected have already. Of 600 that came of 1,000 and 400 that are
    claimed as damaged, 200 more may be damaged, and 600 missing.
    """
    return max((max(expected, delivered) if kind == "missing" else delivered) - claimed, 0)
