from hypothesis import given
from hypothesis import strategies as st

from humidor_pos.terminals.rules import Bucket


@given(st.lists(st.floats(0, 5), max_size=60))
def test_a_bucket_never_lets_through_more_than_its_burst_and_rate(pauses: list[float]) -> None:
    bucket, now, taken = Bucket(5.0, 0.0), 0.0, 0
    for pause in pauses:
        now += pause
        taken += not bucket.take(now, per_second=2.0, burst=5.0)
    assert taken <= 5 + 2 * now + 1


def test_waiting_as_long_as_told_is_enough() -> None:
    bucket = Bucket(1.0, 0.0)
    assert bucket.take(0.0, per_second=2.0, burst=1.0) == 0
    wait_seconds = bucket.take(0.0, per_second=2.0, burst=1.0)
    assert wait_seconds > 0
    assert bucket.take(wait_seconds, per_second=2.0, burst=1.0) == 0
