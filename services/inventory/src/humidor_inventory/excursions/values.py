"""What a judge of zones takes and gives, in whole numbers.

Moments are milliseconds since 1970. Values are hundredths of a degree Celsius, hundredths of a per cent
relative humidity, tenths of a lux.
"""

from typing import Literal, NamedTuple

import msgspec

MEASURES = ("temperature", "humidity", "light")


class Terms(msgspec.Struct, frozen=True, array_like=True):
    """What a zone is judged by; `limits` are (least, greatest) of each measure, None is no limit."""

    limits: tuple[tuple[int | None, int | None], ...]
    grace_ms: int
    hold_ms: int
    policy: Literal["any", "mean"]


class Reading(NamedTuple):
    """What one device measured."""

    device: int
    values: tuple[int | None, int | None, int | None]


class Bound(NamedTuple):
    """A device began to measure for the zone, or ceased to."""

    device: int
    begins: bool


class Happening(NamedTuple):
    """Something at a moment; those of one moment happen in the order of `rank`, then of the device."""

    at: int
    rank: int
    device: int
    what: Terms | Bound | Reading

    @classmethod
    def of(cls, at: int, what: Terms | Bound | Reading) -> "Happening":
        if isinstance(what, Terms):
            return cls(at, 0, 0, what)
        if isinstance(what, Bound):
            return cls(at, 2 if what.begins else 1, what.device, what)
        return cls(at, 3, what.device, what)


class Run(msgspec.Struct, array_like=True):
    """Time outside on one measure, since `started`; `weighted` is the deviation times the milliseconds."""

    started: int
    opened: int | None = None
    outside: int = 0
    unknown: int = 0
    weighted: int = 0
    peak: int = 0
    peak_deviation: int = 0


class Excursion(NamedTuple):
    """A run that outlasted the grace period; `ended` is None while it goes on."""

    measure: int
    run: Run
    ended: int | None


class Gap(NamedTuple):
    """A device was not heard of after `started` for longer than it may be silent."""

    device: int
    started: int
    ended: int | None


class State(msgspec.Struct):
    """Where a judge stands, just before the happenings of `at`."""

    at: int = 0
    terms: Terms | None = None
    heard: dict[int, int] = msgspec.field(default_factory=dict)
    held: list[dict[int, tuple[int, int]]] = msgspec.field(default_factory=lambda: [{}, {}, {}])
    runs: list[Run | None] = msgspec.field(default_factory=lambda: [None, None, None])


class Judgement(NamedTuple):
    """What happened since the state that was taken up, and when to look again though nothing comes."""

    excursions: list[Excursion]
    gaps: list[Gap]
    checkpoints: list[tuple[int, bytes]]
    due: int | None
