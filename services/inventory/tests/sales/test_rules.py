from itertools import permutations
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from humidor_inventory.sales.rules import Tally, net_effect

sticks = st.integers(0, 1000)
Step = tuple[Literal["sale", "return", "void"], int, bool]
steps = st.lists(st.tuples(st.sampled_from(["sale", "return", "void"]), sticks, st.booleans()), max_size=4)


@given(sticks, sticks, sticks)
def test_a_voided_sale_leaves_everything_there_unless_more_came_back(
    sold: int, restocked: int, quarantined: int
) -> None:
    effect = net_effect(sold, restocked, quarantined, voided=True)
    assert effect.on_hand + effect.quarantined == max(0, restocked + quarantined - sold)


@given(sticks, sticks, sticks)
def test_a_sale_that_stands_is_what_left_less_what_came_back(
    sold: int, restocked: int, quarantined: int
) -> None:
    effect = net_effect(sold, restocked, quarantined, voided=False)
    assert effect.on_hand + effect.quarantined == restocked + quarantined - sold


@given(steps)
def test_the_order_of_arrival_makes_no_difference(happened: list[Step]) -> None:
    outcomes = set()
    for order in permutations(happened):
        tally, voided = Tally(), False
        for kind, quantity, restock in order:
            if kind == "void":
                voided = True
            else:
                tally.state(kind, quantity, 10 * quantity, restock=restock)
        outcomes.add((tally.effect(voided=voided), tally.revenue(voided=voided)))
    assert len(outcomes) == 1
