import pytest
from hypothesis import given
from hypothesis import strategies as st

from humidor_inventory.replenishment.rules import Alarm, Level, Position, decide, quantity_to_order

LEVEL = Level(reorder_point=100, order_up_to=400, order_multiple=50)

levels = st.builds(
    lambda point, gap, multiple, minimum: Level(
        reorder_point=point, order_up_to=point + gap, order_multiple=multiple, minimum_order=minimum
    ),
    st.integers(0, 1000),
    st.integers(0, 1000),
    st.integers(1, 300),
    st.integers(0, 500),
)
positions = st.builds(
    Position,
    on_hand=st.integers(-500, 2000),
    reserved=st.integers(0, 100),
    on_order=st.integers(0, 500),
    alert_open=st.booleans(),
    alert_ordered=st.booleans(),
    suggestion_refused=st.booleans(),
)


@given(levels, st.integers(-1000, 2000))
def test_an_order_fills_up_in_whole_multiples_and_no_further_than_one(level: Level, available: int) -> None:
    quantity = quantity_to_order(level, available)
    need = max(level.order_up_to - available, level.minimum_order)
    assert quantity % level.order_multiple == 0
    assert need <= quantity < need + level.order_multiple


def test_the_worked_example_holds() -> None:
    assert quantity_to_order(Level(reorder_point=500, order_up_to=2000, order_multiple=200), 150) == 2000


@given(positions, levels)
def test_an_alert_is_raised_once_and_never_closed_at_or_below_the_point(
    position: Position, level: Level
) -> None:
    decision = decide(position, level)
    below = position.available <= level.reorder_point
    assert (decision.alarm is Alarm.RAISE) == (below and not position.alert_open)
    assert not (below and decision.alarm is Alarm.CLOSE)
    assert decision.suggest is None or (below and decision.suggest > 0)


@pytest.mark.parametrize(("on_hand", "alarm"), [(101, Alarm.KEEP), (100, Alarm.RAISE), (99, Alarm.RAISE)])
def test_stock_at_the_reorder_point_is_low(on_hand: int, alarm: Alarm) -> None:
    assert decide(Position(on_hand=on_hand), LEVEL).alarm is alarm


def test_an_order_alone_does_not_close_the_alert_but_goods_do() -> None:
    ordered = Position(on_hand=50, on_order=350, alert_open=True, alert_ordered=True)
    assert decide(ordered, LEVEL).alarm is Alarm.KEEP
    arrived = Position(on_hand=400, alert_open=True, alert_ordered=True)
    assert decide(arrived, LEVEL).alarm is Alarm.CLOSE


def test_a_refused_suggestion_is_not_made_again_while_the_alert_lasts() -> None:
    refused = Position(on_hand=10, alert_open=True, suggestion_refused=True)
    assert decide(refused, LEVEL).suggest is None


def test_without_a_level_nothing_is_suggested_and_an_alert_closes() -> None:
    assert decide(Position(on_hand=0, alert_open=True), None).alarm is Alarm.CLOSE
    assert decide(Position(on_hand=0), None).alarm is Alarm.KEEP
