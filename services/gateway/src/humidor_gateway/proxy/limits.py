"""How often one client may call: token buckets in bounded memory."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

from humidor_common.web.problems import Problem


class Buckets:
    """A token bucket for each key, `rate_per_second` filling up to `burst`.

    The bucket used longest ago goes when there are too many; it would be the fullest one, and its owner
    starts again with a full one.
    """

    def __init__(
        self,
        rate_per_second: float,
        burst: float,
        *,
        capacity: int = 65_536,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rate_per_second = rate_per_second
        self.burst = max(burst, 1.0)
        self.capacity = capacity
        self._monotonic = monotonic
        self._buckets: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: Hashable) -> float:
        """Take one token; gives 0 when there was one, otherwise the seconds until there will be."""
        if self.rate_per_second <= 0:
            return 0.0
        now = self._monotonic()
        known = self._buckets.get(key)
        if known is None:
            tokens = self.burst
            if len(self._buckets) >= self.capacity:
                self._buckets.popitem(last=False)
        else:
            tokens = min(self.burst, known[0] + (now - known[1]) * self.rate_per_second)
            self._buckets.move_to_end(key)
        if tokens >= 1.0:
            self._buckets[key] = (tokens - 1.0, now)
            return 0.0
        self._buckets[key] = (tokens, now)
        return (1.0 - tokens) / self.rate_per_second


def refuse(wait_seconds: float) -> Problem:
    """Build the 429 for a client that calls too often."""
    whole_seconds = str(max(1, int(wait_seconds + 0.999)))
    return Problem(429, "rate-limited", "Too many requests.", headers={"Retry-After": whole_seconds})
