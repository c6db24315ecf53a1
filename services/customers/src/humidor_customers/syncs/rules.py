"""What comes after what in a run; pure."""

from typing import Literal, TypeAlias

Phase: TypeAlias = Literal["retries", "pull", "deletions", "owed", "push"]

MOST_TRIES = 12
_ORDER: tuple[Phase, ...] = ("retries", "pull", "deletions", "owed", "push")
_DRY: tuple[Phase, ...] = ("pull", "deletions", "push")


def following(phase: Phase, *, dry_run: bool) -> Phase | None:
    """Give the next phase of a run; None after the last."""
    order = _DRY if dry_run else _ORDER
    place = order.index(phase) + 1
    return order[place] if place < len(order) else None


def first_phase(*, dry_run: bool) -> Phase:
    return (_DRY if dry_run else _ORDER)[0]
