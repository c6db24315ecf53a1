from hypothesis import given
from hypothesis import strategies as st

from humidor_common.events.customers import OrderedProduct
from humidor_inventory.orderstock.rules import Share, counts, share_out

CARTON = 200


def line(gtin: str, sticks: int) -> OrderedProduct:
    return OrderedProduct(gtin=gtin, requested_sticks=sticks, ordered_sticks=sticks, multiple_sticks=CARTON)


def test_all_lines_or_nothing_unless_the_customer_takes_less() -> None:
    lines, free = [line("A", 400), line("B", 200)], {"A": 340, "B": 500}
    assert share_out(lines, free, accept_less=False) == (
        [Share("A", 400, 0, 340), Share("B", 200, 0, 500)],
        False,
    )
    assert share_out(lines, free, accept_less=True) == (
        [Share("A", 400, 200, 140), Share("B", 200, 200, 300)],
        True,
    )
    assert share_out(lines, {"A": 199, "B": -5}, accept_less=True)[1] is False


def test_only_the_first_word_or_a_later_attempt_counts() -> None:
    assert counts(None, 0, 1)
    assert counts("refused", 1, 2)
    assert counts("released", 1, 2)
    for state in ("refused", "released", "reserved", "shipped"):
        assert not counts(state, 2, 2)
    assert not counts("reserved", 1, 2)
    assert not counts("shipped", 1, 2)


cartons = st.integers(0, 20).map(lambda n: n * CARTON)


@given(st.dictionaries(st.sampled_from("ABCDE"), cartons), st.data(), st.booleans())
def test_nobody_gets_more_than_is_free_or_was_asked_for(
    asked: dict[str, int], data: st.DataObject, accept_less: bool
) -> None:
    free = {gtin: data.draw(st.integers(-500, 5000)) for gtin in asked}
    shares, given_any = share_out(
        [line(gtin, sticks) for gtin, sticks in asked.items()], free, accept_less=accept_less
    )
    for share in shares:
        assert 0 <= share.reserved <= share.ordered
        assert share.reserved % CARTON == 0
        assert share.reserved + share.free == max(free[share.gtin], 0)
        assert given_any or share.reserved == 0
        assert accept_less or not given_any or share.reserved == share.ordered
