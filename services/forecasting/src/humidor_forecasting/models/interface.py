"""What every model is: something that is given a history and says what comes next.

Arrays are float64, one value a period (a day, a week, a month), amounts in any unit, never missing: what
prepares a history (`choosing.cleaning`) has filled gaps.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Values: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class History:
    """A series up to some moment.

    Args:
        values: One amount a period.
        season: Periods of one season (7 for days, 52 for weeks, 12 for months, 1 for none).
        first_day: Proleptic ordinal of the first period's day, so that models know the calendar.
        days_per_period: 1, 7 or 30.4.
        known: What is known ahead (promotion, holiday …), one value a period, and `horizon` more.
        seen: What is known only so far (price …), one value a period.
    """

    values: Values
    season: int
    first_day: int = 0
    days_per_period: float = 1.0
    known: Mapping[str, Values] = field(default_factory=dict)
    seen: Mapping[str, Values] = field(default_factory=dict)

    def until(self, end: int) -> "History":
        """What was known after `end` periods; columns known ahead keep what lies ahead."""
        seen = {name: column[:end] for name, column in self.seen.items()}
        return replace(self, values=self.values[:end], seen=seen)

    def moved_by(self, count: int) -> dict[str, Values]:
        """Give what moves demand over `count` periods, those ahead included, as far as it is known so far.

        What is known only so far is taken to stay as it was last. A column that does not reach so far, or
        that has not moved yet, is left out.
        """
        stays = {
            name: np.pad(column, (0, count - len(self)), mode="edge") for name, column in self.seen.items()
        }
        return self.known_by(count) | self._moving(stays)

    def known_by(self, count: int) -> dict[str, Values]:
        """Give that part of what moves demand which is known ahead."""
        return self._moving(
            {name: column[:count] for name, column in self.known.items() if len(column) >= count}
        )

    def _moving(self, columns: Mapping[str, Values]) -> dict[str, Values]:
        return {
            name: column
            for name, column in columns.items()
            if len(self) and float(np.ptp(column[: len(self)])) > 0
        }

    def __len__(self) -> int:
        return len(self.values)


class Model(Protocol):
    """One model; stateless, so that the same history gives the same forecast anywhere.

    A package adds models by the entry point group `humidor.forecasting.models`: each names a class that is
    made without arguments.
    """

    name: str
    told: bool
    """Whether it uses what is known ahead; if not, events are taken out of its history and put back."""

    @property
    def version(self) -> str:
        """What it was, where it changes without the code: kept with each forecast that it was tried for."""
        ...

    def suits(self, history: History) -> bool:
        """Whether it can be asked at all: long enough, the right kind of demand."""
        ...

    def forecast(self, history: History, horizon: int) -> Values:
        """Give the expected value of the next `horizon` periods."""
        ...

    def roll(self, history: History, ends: Sequence[int], horizon: int) -> Values:
        """Forecast after each of the rising `ends`, seeing nothing later: shape (ends, horizon)."""
        ...


class Refitting(ABC):
    """A model that is fitted anew at every origin of a backtest."""

    name = ""
    told = True

    @property
    def version(self) -> str:
        return "1"

    def suits(self, history: History) -> bool:
        return len(history) >= 2

    @abstractmethod
    def forecast(self, history: History, horizon: int) -> Values:
        """Give the expected value of the next `horizon` periods."""

    def roll(self, history: History, ends: Sequence[int], horizon: int) -> Values:
        return np.array([self.forecast(history.until(end), horizon) for end in ends])


def as_values(made: Any, horizon: int) -> Values:
    """Take what a library gave as amounts; what is not finite is refused.

    Raises:
        ArithmeticError: The model diverged.
    """
    values = np.asarray(made, dtype=np.float64)
    if values.shape != (horizon,) or not np.isfinite(values).all():
        raise ArithmeticError("the model gave no finite forecast")
    return values
