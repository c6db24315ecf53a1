"""What changes in the excursions that are known, once a zone has been judged again: pure values.

An excursion keeps its id while it overlaps what it was: a late reading moves its ends, mends its figures,
splits it, joins it to its neighbour, or shows that it never was.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple
from uuid import UUID

from humidor_inventory.excursions.values import Excursion


class Known(NamedTuple):
    """An excursion as it is stored; figures as they were stored, to see what changes."""

    excursion_id: UUID
    measure: int
    started: int
    opened: int
    ended: int | None
    figures: tuple[float, ...]


class Change(NamedTuple):
    """What became of one: `excursion` is None where it is withdrawn, `excursion_id` where it is new."""

    excursion_id: UUID | None
    excursion: Excursion | None
    phase: Literal["started", "ended", "corrected", "withdrawn", "going_on"]


def rematch(known: Sequence[Known], found: Sequence[Excursion]) -> list[Change]:
    """Match what was judged with what is known, and say what is to be told of each.

    `known` are those that had not ended before the judge began; others cannot have changed. What started and
    ended at once is told as both: the second telling follows from `ended` with no id.
    """
    left = sorted(known, key=lambda each: each.started)
    changes: list[Change] = []
    for excursion in sorted(found, key=lambda each: each.run.started):
        match = next((each for each in left if _overlap(each, excursion)), None)
        if match is None:
            phase: Literal["started", "ended"] = "started" if excursion.ended is None else "ended"
            changes.append(Change(None, excursion, phase))
            continue
        left.remove(match)
        changes.append(Change(match.excursion_id, excursion, _phase(match, excursion)))
    return changes + [Change(each.excursion_id, None, "withdrawn") for each in left]


def _phase(known: Known, found: Excursion) -> Literal["ended", "corrected", "going_on"]:
    if known.ended is None and found.ended is not None:
        return "ended"
    moved = known.started != found.run.started or known.ended != found.ended
    if moved or (found.ended is not None and known.figures != figures_of(found)):
        return "corrected"
    return "going_on"


def _overlap(known: Known, found: Excursion) -> bool:
    begins_before_end = found.ended is None or known.started < found.ended
    ends_after_begin = known.ended is None or known.ended > found.run.started
    return known.measure == found.measure and begins_before_end and ends_after_begin


MINUTE_MS = 60_000
SCALES = (100, 100, 10)


def figures_of(excursion: Excursion) -> tuple[float, ...]:
    """Give the peak, the limit that it broke, deviation x minutes, minutes outside and minutes unknown.

    In degrees Celsius, per cent or lux; degree-minutes = the sum of deviation x time over what is known.
    """
    run, scale = excursion.run, SCALES[excursion.measure]
    return (
        run.peak / scale,
        (run.peak - run.peak_deviation) / scale,
        round(run.weighted / scale / MINUTE_MS, 3),
        round(run.outside / MINUTE_MS, 3),
        round(run.unknown / MINUTE_MS, 3),
    )
