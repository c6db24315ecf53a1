from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from humidor_inventory.receipts.rules import OrderLine, expiry, order_state, receive


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


def test_the_printed_expiry_date_goes_before_the_computed_one() -> None:
    made, printed = date(2026, 1, 1), date(2026, 6, 1)
    assert expiry(made, None, 365) == date(2027, 1, 1)
    assert expiry(made, printed, 365) == printed
    assert expiry(None, None, 365) is None
    assert expiry(made, None, None) is None
