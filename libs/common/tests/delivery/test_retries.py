from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from humidor_common.delivery.retries import MOST, delay

chances = st.floats(0, 1, exclude_max=True)


@given(st.integers(1, 30), st.floats(0.1, 60), chances)
def test_waits_grow_are_spread_and_end_at_six_hours(tries: int, first: float, chance: float) -> None:
    wait = delay(tries, first_seconds=first, chance=chance, asked_seconds=None)
    longest = min(first * 4 ** (tries - 1), MOST.total_seconds())
    assert longest / 2 - 1e-5 <= wait.total_seconds() <= longest + 1e-5


def test_the_default_eight_tries_take_up_to_eight_hours() -> None:
    waits = [delay(n, first_seconds=5, chance=1, asked_seconds=None) for n in range(1, 8)]
    assert [round(wait.total_seconds()) for wait in waits] == [5, 20, 80, 320, 1280, 5120, 20480]
    assert sum(waits, timedelta()) < timedelta(hours=8)


@given(st.floats(-10, 1e9), chances)
def test_what_the_receiver_asks_for_is_kept_to_within_reason(asked: float, chance: float) -> None:
    wait = delay(1, first_seconds=5, chance=chance, asked_seconds=asked).total_seconds()
    assert min(asked, 3600) - 1e-5 <= wait <= 3600
