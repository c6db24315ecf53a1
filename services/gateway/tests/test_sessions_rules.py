from datetime import UTC, datetime, timedelta

from humidor_gateway.sessions.rules import FORGET_AFTER, USER, Attempts, reserve

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def after(failures: int) -> Attempts:
    attempts, now = Attempts(), NOW
    for _ in range(failures):
        now = max(now, attempts.blocked_until or now)
        outcome = reserve(attempts, now, USER)
        assert isinstance(outcome, Attempts)
        attempts = outcome
    return attempts


def test_the_first_failures_are_free() -> None:
    assert after(USER.free).blocked_until is None


def test_each_further_failure_doubles_the_wait_up_to_a_limit() -> None:
    waits = []
    for failures in range(USER.free + 1, USER.free + 14):
        attempts = after(failures)
        assert attempts.blocked_until is not None
        assert attempts.last_at is not None
        waits.append((attempts.blocked_until - attempts.last_at).total_seconds())
    assert waits[:5] == [1, 2, 4, 8, 16]
    assert waits[-1] == USER.longest_seconds


def test_while_blocked_nothing_is_counted() -> None:
    blocked = Attempts(9, NOW, NOW + timedelta(seconds=8))
    assert reserve(blocked, NOW + timedelta(seconds=3), USER) == 5.0


def test_old_failures_are_forgotten() -> None:
    old = Attempts(50, NOW, NOW + timedelta(seconds=300))
    outcome = reserve(old, NOW + FORGET_AFTER + timedelta(seconds=1), USER)
    assert outcome == Attempts(1, NOW + FORGET_AFTER + timedelta(seconds=1), None)
