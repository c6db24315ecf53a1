"""Takes demand apart: trend, week, year, holidays, promotions and what remains.

Loess (STL: Cleveland et al. 1990) finds trend and week; what known days add, and the year's wave, is found by
regression on what these leave (FPP3 §10.5). The two take turns, because a holiday that is not taken out bends
the trend, and a trend that is not taken out hides the holiday.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from humidor_forecasting.choosing.cleaning import clean
from humidor_forecasting.decompositions.work import DecompositionInput, DecompositionOutput
from humidor_forecasting.models.interface import Values

WEEK, YEAR_DAYS = 7, 365.25
LEAST_DAYS, LEAST_YEAR_DAYS = 3 * WEEK, 730
QUARTER, YEAR_AND_A_HALF = 91, 547
WEEKS_SMOOTHED = 11
HARMONICS = 3
TURNS = 4
DIGITS = 4
RIDGE_SHARE = 0.01
PROMOTION, YEARLY = "promotion", "_year"


@dataclass(frozen=True)
class _Parts:
    """Trend and week by loess; the others by name with how much a unit of each column adds."""

    trend: Values
    weekly: Values
    columns: dict[str, Values] = field(default_factory=dict)
    effects: dict[str, float] = field(default_factory=dict)

    def sum_of(self, kind: str) -> Values:
        """Add up what is of the year, of promotions, or of holidays."""
        found = np.zeros(len(self.trend))
        for name, column in self.columns.items():
            if _kind(name) == kind:
                found = found + self.effects[name] * column
        return found


def _kind(name: str) -> str:
    if name.startswith(YEARLY):
        return "yearly"
    return "promotion" if name.startswith(PROMOTION) else "holiday"


def decompose(given: DecompositionInput) -> DecompositionOutput:
    """Take a series apart; every series gets an answer, the poorest a level and a note."""
    recorded = np.array([np.nan if each is None else each for each in given.values], dtype=np.float64)
    excused = [i for i in range(len(recorded)) if any(column[i] for column in given.known.values())]
    cleaned = clean(recorded, censored=given.censored, closed=given.closed, excused=excused, season=WEEK)
    values, notes = cleaned.values, list(cleaned.notes)
    if not len(values) or not values.any():
        return DecompositionOutput(notes=["nothing was demanded in these days"])
    if len(values) < LEAST_DAYS or np.ptp(values) == 0:
        steady = "demand was the same every day" if np.ptp(values) == 0 else "fewer than three weeks"
        notes.append(f"{steady}: a level, nothing else can be told")
        level = _Parts(np.full(len(values), values.mean()), np.zeros(len(values)))
        return _output(values, level, (cleaned.first, "mean", notes))
    if len(values) < LEAST_YEAR_DAYS:
        notes.append("less than two years: a yearly season cannot be told from the trend, and is part of it")
    columns = _columns(given, cleaned.first, len(values))
    method = "STL; known days and the year by regression"
    return _output(values, _take_turns(values, columns), (cleaned.first, method, notes))


def _columns(given: DecompositionInput, first: int, count: int) -> dict[str, Values]:
    known = {
        name: np.asarray(column[first : first + count], dtype=np.float64)
        for name, column in given.known.items()
    }
    found = {name: column for name, column in known.items() if np.ptp(column) > 0}
    if count >= LEAST_YEAR_DAYS:
        days = given.first_ordinal + first + np.arange(count)
        for k in range(1, HARMONICS + 1):
            angle = 2 * np.pi * k * days / YEAR_DAYS
            found |= {f"{YEARLY}_sin_{k}": np.sin(angle), f"{YEARLY}_cos_{k}": np.cos(angle)}
    return found


def _take_turns(values: Values, columns: dict[str, Values]) -> _Parts:
    parts = _smooth(values)
    if not columns:
        return parts
    matrix = np.column_stack(list(columns.values()))
    ridge = RIDGE_SHARE * np.diag((matrix**2).sum(axis=0))
    found = np.zeros(len(columns))
    for _ in range(TURNS):
        left = values - parts.trend - parts.weekly
        found = np.asarray(np.linalg.solve(matrix.T @ matrix + ridge, matrix.T @ left), dtype=np.float64)
        parts = _smooth(values - matrix @ found)
    effects = dict(zip(columns, (float(each) for each in found), strict=True))
    return replace(parts, columns=columns, effects=effects)


def _smooth(values: Values) -> _Parts:
    """Find trend and week; where a year is told apart from it the trend has to be slower than a year.

    Loess is worked out at every tenth of its window and taken as straight between, as R does.
    """
    from statsmodels.tsa.seasonal import STL

    often = bool(np.median(values) > 0)  # where most days are without demand, robust would mean: none at all
    window = YEAR_AND_A_HALF if len(values) >= LEAST_YEAR_DAYS else min(QUARTER, len(values) // 3 | 1)
    found = STL(
        values, period=WEEK, seasonal=WEEKS_SMOOTHED, trend=max(window, 2 * WEEK + 1), robust=often,
        trend_jump=max(1, window // 10),
    ).fit()  # fmt: skip
    return _Parts(np.asarray(found.trend, dtype=np.float64), np.asarray(found.seasonal, dtype=np.float64))


def strength(part: Values, remainder: Values) -> float | None:
    """How much of what varies is this part: max(0, 1 - Var(R) / Var(part + R)); FPP3 §4.3."""
    whole = float(np.var(part + remainder))
    if whole <= 1e-12:
        return None
    return round(max(0.0, 1.0 - float(np.var(remainder)) / whole), DIGITS)


def _output(values: Values, parts: _Parts, about: tuple[int, str, list[str]]) -> DecompositionOutput:
    """Round the parts, and let the remainder be what is left of the rounded ones: so they add up."""
    first, method, notes = about
    whole = np.round(values, DIGITS)
    yearly, holiday, promotion = (parts.sum_of(kind) for kind in ("yearly", "holiday", "promotion"))
    rounded = [np.round(part, DIGITS) for part in (parts.trend, parts.weekly, yearly, holiday, promotion)]
    remainder = np.round(whole - np.sum(rounded, axis=0), DIGITS)
    columns = [part.tolist() for part in rounded]
    return DecompositionOutput(
        first=first,
        demand=whole.tolist(),
        trend=columns[0],
        weekly=columns[1],
        yearly=columns[2],
        holiday=columns[3],
        promotion=columns[4],
        remainder=remainder.tolist(),
        trend_strength=strength(rounded[0], remainder),
        weekly_strength=strength(rounded[1], remainder),
        yearly_strength=strength(rounded[2], remainder) if rounded[2].any() else None,
        effects={
            name: round(value, DIGITS) for name, value in parts.effects.items() if _kind(name) != "yearly"
        },
        method=method,
        notes=notes,
    )
