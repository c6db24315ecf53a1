from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humidor_inventory.freshness.rules import DEFAULT_BANDS_DAYS, band_name, follows, suggest
from humidor_inventory.stock.rules import Lot

DAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("band", "name"), [(0, "0-90"), (1, "91-180"), (2, "181-365"), (3, "over 365"), (None, "unknown")]
)
def test_bands_are_named_by_their_days(band: int | None, name: str) -> None:
    assert band_name(band, DEFAULT_BANDS_DAYS) == name


@given(st.lists(st.integers(-3, 40), max_size=5), st.integers(1, 100))
def test_a_suggestion_never_exceeds_what_was_asked_or_what_lots_hold(held: list[int], sticks: int) -> None:
    lots = [Lot(str(n), on_hand) for n, on_hand in enumerate(held)]
    picks = suggest(lots, sticks, DAY)
    assert sum(picks.values()) == min(sticks, sum(each for each in held if each > 0))
    assert all(0 < part <= lots[int(lot)].on_hand for lot, part in picks.items())


def test_the_order_in_which_lots_are_named_does_not_matter() -> None:
    assert follows({"A": 20, "B": 40}, {"B": 40, "A": 20})
    assert not follows({"A": 20}, {"A": 40})
