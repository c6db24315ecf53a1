"""Whether a forecast that was made again is the one that was issued."""

from collections.abc import Mapping, Sequence
from typing import Any

COMPARED = ("model", "model_version", "challenger", "kind", "days", "cumulative", "scores", "reasons")


def differences(issued: Mapping[str, Any], again: Mapping[str, Any]) -> list[str]:
    """Name what differs, figures to the last digit."""
    return [name for name in COMPARED if issued[name] != again[name]]


def largest_difference(issued: Sequence[Sequence[float]], again: Sequence[Sequence[float]]) -> float | None:
    """Give the most that any figure differs by, in sticks; None where there are not as many of them."""
    if [len(row) for row in issued] != [len(row) for row in again]:
        return None
    pairs = zip(issued, again, strict=True)
    return max((abs(a - b) for one, other in pairs for a, b in zip(one, other, strict=True)), default=0.0)


def changed_versions(then: Mapping[str, str], now: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Give the versions that are not what they were, old and new."""
    return {
        name: (then.get(name, "absent"), now.get(name, "absent"))
        for name in sorted(then.keys() | now.keys())
        if then.get(name) != now.get(name)
    }
