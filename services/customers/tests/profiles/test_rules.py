"""What the silence of a customer means."""

from datetime import date, timedelta

import pytest

from humidor_customers.profiles.rules import Lifecycle, Rhythm, lifecycle_of

TODAY = date(2026, 11, 26)


@pytest.mark.parametrize(
    ("silent", "meant"),
    [
        (0, "active"),
        (20, "active"),
        (21, "cooling"),
        (40, "cooling"),
        (41, "dormant"),
        (80, "dormant"),
        (81, "lost"),
    ],
)
def test_silence_is_measured_in_the_customers_own_gaps(silent: int, meant: Lifecycle) -> None:
    last = TODAY - timedelta(days=silent)
    rhythm = Rhythm("consumer", 11, last - timedelta(days=100), last)
    assert rhythm.gap_days == 10
    assert lifecycle_of(rhythm, TODAY, ended=False) == meant
    assert lifecycle_of(rhythm, TODAY, ended=True) == "ended"


def test_without_a_rhythm_of_its_own_the_usual_one_of_its_kind_holds() -> None:
    last = TODAY - timedelta(days=29)
    once = Rhythm("retailer", 1, last, last)
    assert once.gap_days is None
    assert lifecycle_of(once, TODAY, ended=False) == "dormant"
    assert lifecycle_of(once._replace(party_kind="consumer"), TODAY, ended=False) == "new"
    twice_a_day = Rhythm("consumer", 60, TODAY - timedelta(days=60), TODAY - timedelta(days=13))
    assert lifecycle_of(twice_a_day, TODAY, ended=False) == "active"
