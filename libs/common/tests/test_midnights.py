"""No test begins so shortly before midnight that the day may change under it."""

from datetime import UTC, datetime

import pytest

from humidor_common.testing.midnights import seconds_until_days_last


@pytest.mark.parametrize(
    ("clock", "seconds"),
    [
        ("00:00:00", 0),
        ("12:00:00", 0),
        ("15:58:59", 0),
        ("15:59:30", 30),
        ("16:00:00", 0),
        ("23:59:00", 0),
        ("23:59:01", 59),
        ("23:59:59.75", 0.25),
    ],
)
def test_a_test_waits_for_a_midnight_that_is_near_in_utc_or_in_shanghai(clock: str, seconds: float) -> None:
    now = datetime.fromisoformat(f"2026-12-31T{clock}").replace(tzinfo=UTC)
    assert seconds_until_days_last(now) == seconds
