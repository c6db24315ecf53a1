"""How often a log-in may be tried: pure decisions."""

from datetime import datetime, timedelta
from typing import NamedTuple


class Policy(NamedTuple):
    """`free` failures cost nothing; each further one doubles the wait, up to `longest_seconds`."""

    free: int
    longest_seconds: int


# A user's wait stays short, since anyone who knows the name can cause it; an address pays for itself.
USER = Policy(free=5, longest_seconds=300)
ADDRESS = Policy(free=30, longest_seconds=900)
FORGET_AFTER = timedelta(hours=1)


class Attempts(NamedTuple):
    """What is remembered of one user name or address."""

    failures: int = 0
    last_at: datetime | None = None
    blocked_until: datetime | None = None


def reserve(attempts: Attempts, now: datetime, policy: Policy) -> Attempts | float:
    """Count an attempt before it is made, so that guesses in parallel cannot outrun the counter.

    Returns:
        What to remember, or the seconds to wait when no attempt is allowed yet.

    Example:
        With 5 free failures the 6th blocks for 1 s, the 7th for 2 s, the 8th for 4 s.
    """
    if attempts.blocked_until is not None and attempts.blocked_until > now:
        return (attempts.blocked_until - now).total_seconds()
    forgotten = attempts.last_at is None or attempts.last_at < now - FORGET_AFTER
    failures = 1 if forgotten else attempts.failures + 1
    excess = failures - policy.free
    wait_seconds = min(policy.longest_seconds, 2 ** min(excess - 1, 30)) if excess > 0 else 0
    return Attempts(failures, now, now + timedelta(seconds=wait_seconds) if wait_seconds else None)
