"""Joint orders: order days, minimum values, and what is topped up."""

from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_inventory.planning.rules.calendar import is_order_day, next_order_day, review_due
from humidor_inventory.planning.rules.joining import Cycle, Item, join
from humidor_inventory.planning.rules.needs import NO_CAP, Series, columns, find_needs
from humidor_inventory.replenishment.rules import Level, quantity_to_order, under_cap

THURSDAY = date(2026, 11, 26)


def item(gtin: str, order: int, above: int = 0, **changes: Any) -> Item:
    values: dict[str, Any] = {"multiple": 20, "daily": 20.0, "room": 400, "minor_per_stick": 100.0}
    return Item(gtin=gtin, order=order, above=above, **(values | changes))


def test_an_order_that_reaches_the_minimum_stays_as_it_is() -> None:
    found = join([item("a", 100), item("b", 60, -20)], Cycle(minimum_minor=16_000), THURSDAY)
    assert (found.quantities, found.added, found.value_minor) == ({"a": 100, "b": 60}, {}, 16_000)


def test_below_the_minimum_what_is_needed_soonest_is_added() -> None:
    items = [item("a", 100, -20), item("b", 60, -40), item("c", 0, 30), item("d", 0, 500)]
    found = join(items, Cycle(minimum_sticks=240), THURSDAY)
    # Days to the reorder point: a 4, b 1, c 1.5: b, c (both 2 and 2.5 then), b, c.
    assert found.added == {"b": 40, "c": 40}
    assert found.quantities == {"a": 100, "b": 100, "c": 40}


def test_what_is_not_needed_in_time_is_not_bought_and_the_order_waits() -> None:
    items = [item("a", 100), item("b", 0, 2000)]
    found = join(items, Cycle(minimum_sticks=500, top_up_days=6, weekdays=(1, 4)), THURSDAY)
    assert (found.postponed, found.until) == ("below_minimum_even_topped_up", date(2026, 11, 30))
    assert found.quantities == {}
    never = join(items, Cycle(minimum_sticks=500, top_up=False), THURSDAY)
    assert (never.postponed, never.until) == ("below_minimum", date(2026, 11, 27))


def test_orders_wait_for_the_order_day() -> None:
    found = join([item("a", 100)], Cycle(weekdays=(2,)), THURSDAY)
    assert (found.postponed, found.until) == ("not_an_order_day", date(2026, 12, 1))
    assert join([item("a", 0)], Cycle(weekdays=(2,)), THURSDAY).postponed is None


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(-50, 300), st.integers(0, 20)), min_size=1, max_size=6),
    st.integers(0, 1000),
)
@settings(max_examples=100, deadline=None)
def test_a_topped_up_order_reaches_its_minimum_and_no_more_than_one_multiple_beyond(
    drawn: list[tuple[int, int, int]], minimum: int
) -> None:
    items = [item(f"g{i}", 20 * order, above, room=20 * room) for i, (order, above, room) in enumerate(drawn)]
    found = join(items, Cycle(minimum_sticks=minimum), THURSDAY)
    rooms = {each.gtin: each.room for each in items}
    total = sum(found.quantities.values())
    assert all(found.added[gtin] <= rooms[gtin] for gtin in found.added)
    if found.quantities:
        assert total >= minimum
    if found.added:
        assert total < minimum + 20
    assert bool(found.quantities) != bool(found.postponed) or not any(order for order, _, _ in drawn)


def test_days_of_review_and_order() -> None:
    assert [review_due(date(2026, 11, 22 + i), 7) for i in range(4)] == [False, True, False, False]
    assert review_due(THURSDAY, 0)
    assert not review_due(date(2026, 11, 24), 7)
    assert is_order_day(THURSDAY, ())
    assert next_order_day(THURSDAY, (4,)) == date(2026, 12, 3)


@given(
    st.lists(
        st.tuples(
            *[st.integers(-100, 500)] * 2, *[st.integers(0, 400)] * 3, st.integers(1, 60), st.booleans()
        ),
        min_size=1,
        max_size=20,
    )
)
@settings(max_examples=100, deadline=None)
def test_the_figures_by_columns_are_those_of_the_suggestions_one_by_one(
    drawn: list[tuple[int, int, int, int, int, int, bool]],
) -> None:
    names = ("in_hand", "on_order", "point", "more", "minimum", "multiple", "capped")
    rows = [dict(zip(names, each, strict=True)) for each in drawn]
    levels = [
        Level(
            reorder_point=row["point"],
            order_up_to=row["point"] + row["more"],
            order_multiple=row["multiple"],
            minimum_order=row["minimum"],
            supply_cap=150 if row["capped"] else None,
        )
        for row in rows
    ]
    in_hand, on_order, point, more, minimum, multiple = columns(rows, *names[:6])
    caps = columns([{"cap": 150 if row["capped"] else NO_CAP} for row in rows], "cap")[0]
    series = Series(in_hand, in_hand + on_order, point, point + more, multiple, minimum, caps, caps > 0)
    needs = find_needs(series)
    for i, (row, level) in enumerate(zip(rows, levels, strict=True)):
        available = row["in_hand"] + row["on_order"]
        low = available <= level.reorder_point
        needed = quantity_to_order(level, available) if low else 0
        assert needs.needed[i] == needed
        assert needs.allowed[i] == (under_cap(level, needed) if needed else 0)
        assert needs.spare[i] <= max(0, row["in_hand"] - level.order_up_to)
