from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from humidor_inventory.movements.rules import Parcel, earliest, sellable, transfer_state
from humidor_inventory.stock.rules import Lot

DAY = date(2026, 11, 23)


def test_only_sound_lots_may_leave_and_what_was_sold_without_stock_is_taken_off() -> None:
    lots = [Lot("A", 40), Lot("B", 60, expiry_date=date(2026, 11, 22)), Lot("C", 5, held=True), Lot("", -10)]
    assert sellable(lots, DAY) == 30


def test_the_earliest_known_date_holds() -> None:
    assert earliest([None, date(2028, 2, 1), date(2028, 1, 1)]) == date(2028, 1, 1)
    assert earliest([None, None]) is None


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=4)
)
def test_a_transfer_is_received_only_when_nothing_is_on_the_way(amounts: list[tuple[int, int, int]]) -> None:
    parcels = [Parcel("g", str(n), max(d, r + x), r, x) for n, (d, r, x) in enumerate(amounts)]
    state = transfer_state(parcels)
    assert (state == "received") == (sum(p.on_the_way for p in parcels) == 0)
    assert (state == "dispatched") <= (sum(p.received + p.lost for p in parcels) == 0)
