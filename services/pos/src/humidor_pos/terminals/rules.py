"""A terminal's key and its allowance of requests."""

import msgspec

PREFIX = "hmt"


class Bucket(msgspec.Struct):
    """A token bucket: `level` requests may come at once, and it refills steadily."""

    level: float
    filled_at: float

    def take(self, now: float, *, per_second: float, burst: float) -> float:
        """Take one request from the bucket; returns 0, or the seconds after which to ask again."""
        level = min(burst, self.level + (now - self.filled_at) * per_second)
        self.filled_at = now
        if level < 1:
            self.level = level
            return (1 - level) / per_second
        self.level = level - 1
        return 0.0
