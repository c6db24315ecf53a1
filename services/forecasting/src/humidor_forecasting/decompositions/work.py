"""What goes into a decomposition and what comes out."""

import msgspec


class DecompositionInput(msgspec.Struct, frozen=True, kw_only=True):
    """Demand a day from `first_ordinal` on; `censored` and `closed` are places in it.

    `known` has columns as long as `values` that move demand by themselves; those whose name begins with
    `promotion` count as promotions, the others as holidays.
    """

    first_ordinal: int
    values: list[float | None]
    censored: list[int] = []
    closed: list[int] = []
    known: dict[str, list[float]] = {}


class DecompositionOutput(msgspec.Struct, frozen=True, kw_only=True):
    """Parts a day, in sticks, from place `first` of the input on; they add up to `demand`.

    Strengths go from 0 to 1 and are None where nothing varies.
    """

    first: int = 0
    demand: list[float] = []
    trend: list[float] = []
    weekly: list[float] = []
    yearly: list[float] = []
    holiday: list[float] = []
    promotion: list[float] = []
    remainder: list[float] = []
    trend_strength: float | None = None
    weekly_strength: float | None = None
    yearly_strength: float | None = None
    effects: dict[str, float] = {}
    method: str = "none"
    notes: list[str] = []
