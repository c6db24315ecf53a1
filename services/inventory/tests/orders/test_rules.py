from hypothesis import given
from hypothesis import strategies as st

from humidor_inventory.orders.rules import OrderLine, order_state, receive


@given(st.integers(1, 100), st.lists(st.integers(1, 60), max_size=6))
def test_what_is_on_order_falls_by_no_more_than_was_ordered(ordered: int, receipts: list[int]) -> None:
    line = OrderLine("x", ordered, 0)
    answered = sum(receive(line, sticks) for sticks in receipts)
    assert answered == min(ordered, sum(receipts))
    assert line.outstanding == ordered - answered


def test_an_order_is_received_when_nothing_is_outstanding_or_it_is_closed_short() -> None:
    lines = [OrderLine("a", 10, 10), OrderLine("b", 10, 4)]
    assert order_state(lines, close=False) == "partially_received"
    assert order_state(lines, close=True) == "received"
    lines[1].received = 12
    assert order_state(lines, close=False) == "received"
