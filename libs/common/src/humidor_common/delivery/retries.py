"""When to try again: decided on values alone."""

from datetime import timedelta
from typing import Literal

import msgspec

FACTOR = 4
MOST = timedelta(hours=6)
MOST_ASKED = timedelta(hours=1)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one attempt: `failed` may come right by itself, `refused` does not."""

    result: Literal["sent", "failed", "refused"]
    status: int | None = None
    detail: str | None = None
    retry_after_seconds: float | None = None


def delay(tries: int, *, first_seconds: float, chance: float, asked_seconds: float | None) -> timedelta:
    """Wait longer after each try, half of it by chance so that not all come back at once.

    Args:
        tries: Attempts made, from 1.
        first_seconds: The longest wait after the first.
        chance: From 0 up to 1, drawn anew each time.
        asked_seconds: What the receiver asked for (`Retry-After`); at least that long is waited, up to 1 h.

    Returns:
        Between half and all of `first_seconds * 4 ** (tries - 1)`, at most 6 h.

    Example:
        With 5 s: up to 5 s, 20 s, 80 s, 320 s, 21 min, 85 min, 6 h: eight tries are made within 8 h.
    """
    longest = min(first_seconds * FACTOR ** (tries - 1), MOST.total_seconds())
    asked = min(asked_seconds or 0.0, MOST_ASKED.total_seconds())
    return timedelta(seconds=max(longest * (0.5 + chance / 2), asked))
