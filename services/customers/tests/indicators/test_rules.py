"""The indicators of the page's example."""

from humidor_customers.indicators.rules import Ratio, indicators_of


def test_ten_customers_of_whom_four_order_in_full() -> None:
    sums = {
        "offered_customers": 10,
        "ordering_customers": 6,
        "capped_ordering_customers": 6,
        "full_customers": 4,
        "cap_sticks": 20 * 200,
        "capped_ordered_sticks": 10 * 200,
        "requested_sticks": 14 * 200,
        "ordered_sticks": 10 * 200,
        "supplied_sticks": 10 * 200,
    }
    found = {name: each.value for name, each in indicators_of(sums).items()}
    assert found == {
        "full_order_share": 0.6667,
        "cap_use": 0.5,
        "order_fill": 0.7143,
        "ordering_share": 0.6,
    }


def test_nothing_is_divided_by_nothing() -> None:
    assert Ratio(0, 0).value is None
