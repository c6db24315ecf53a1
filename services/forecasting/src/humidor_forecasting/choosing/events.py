"""What known days do to demand - promotions, holidays, the new year - for models that are not told of them.

Smoothing takes a promotion of last week for a new level, and knows of none to come. So the effects of days
known ahead are learnt from the history, divided out of it, and put back onto the days ahead. It is a
regression on dummies (Hyndman & Athanasopoulos, FPP3 §7.4; of holidays: Taylor & Letham 2018, §3.3), on the
logarithm of a rate, so that days without demand count as what they are (quasi-likelihood with a constant
coefficient of variation: McCullagh & Nelder 1989, chapters 8 and 9), and shrunk towards no effect by a
normal prior.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from humidor_forecasting.choosing.closing import Flags
from humidor_forecasting.models.interface import History, Values

REACH = 28
"""The usual level of a day is that of the days without events within so many days."""
LEAST_FREE, LEAST_NEAR = 28, 7
"""Fewer days without events, in all or within reach, tell no level."""
MOST_TIMES = 8.0
"""No day counts as more than so many times what was usual."""
PRIOR_VARIANCE = 0.1
"""Of the logarithm of an effect: most known days change demand by less than a third."""
OCCASION_VARIANCE = 0.4
"""Added to that of single days: the days of an occasion go together, and the next one may be different."""
MOST_EFFECT = 2.5
TURNS, NEAR_ENOUGH = 15, 1e-3
LEAST_TOLD = 0.02
"""Reasons do not tell of an effect that is smaller."""


class _Learnt(NamedTuple):
    """The logarithm of what a unit of each column does, and by how many times they change each day."""

    effects: Values
    times: Values


@dataclass(frozen=True)
class EventFree(History):
    """A history as it would have been without events, and told of none: by effects learnt until each end.

    `values` are those recorded; what a model is given is made by `until`.

    Args:
        names: Of the columns.
        columns: Events, shape (days, columns): those of the history and of the days ahead.
    """

    names: tuple[str, ...] = ()
    columns: Values = field(default_factory=lambda: np.empty((0, 0)))
    _known: dict[int, _Learnt] = field(default_factory=dict)

    @classmethod
    def of(cls, history: History, horizon: int) -> "EventFree":
        """Take the columns known ahead of a daily history for events; of others nothing is known here."""
        count = len(history) + horizon
        usable = {
            name: column
            for name, column in history.known_by(count).items()
            if history.days_per_period == 1 and np.isfinite(column).all()
        }
        columns = np.column_stack(list(usable.values())) if usable else np.empty((count, 0))
        plain = replace(history, known={})
        return cls(**vars(plain), names=tuple(usable), columns=columns)

    def until(self, end: int) -> History:
        """Give what is known after `end` days, events divided out by what they had done until then."""
        seen = {name: column[:end] for name, column in self.seen.items()}
        values = self.values[:end] / self._learnt(end).times[:end]
        return History(values, self.season, self.first_day, self.days_per_period, seen=seen)

    def ahead(self, ends: Sequence[int], horizon: int) -> Values:
        """Give by how many times events change each day after each end, shape (ends, horizon)."""
        return np.array([self._learnt(end).times[end : end + horizon] for end in ends])

    def explain(self) -> list[str]:
        """Say what events after the history are taken to do, each alone and in full."""
        end = len(self)
        named = zip(self.names, self._learnt(end).effects, self.columns[end:].T, strict=True)
        found = [
            f"{name} x {np.exp(effect):.2f}"
            for name, effect, ahead in named
            if ahead.any() and abs(effect) > LEAST_TOLD
        ]
        return [f"of days ahead models without events are told: {', '.join(found)}"] if found else []

    def _learnt(self, end: int) -> _Learnt:
        if end not in self._known:
            effects = learn_effects(self.values[:end], self.columns[:end], self.season)
            logs = np.clip(self.columns @ effects, -MOST_EFFECT, MOST_EFFECT)
            self._known[end] = _Learnt(effects, np.exp(logs))
        return self._known[end]


def learn_effects(values: Values, columns: Values, season: int) -> Values:
    """Learn the logarithm of what a unit of each column does to demand; 0 where nothing tells.

    With y what days sold by what was usual around them, X the columns and b the effects, it solves
    X'(y exp(-Xb) - 1) = k b, k = (variance of y on days without events + that of occasions) / prior variance:
    k = 4.5 for steady demand: of the logarithm of 1.6, a fifth is believed if it was seen on one day, three
    quarters if on a fortnight.

    Args:
        values: Amounts of the history.
        columns: Events on the same days, shape (days, columns).
        season: Days of a season.
    """
    free: Flags = np.asarray(~columns.any(axis=1))
    none = np.zeros(columns.shape[1])
    if free.all() or free.sum() < LEAST_FREE:
        return none
    usual = _usual(values, free, season)
    told = usual > 0.0
    by_usual = np.minimum(values / np.where(told, usual, 1.0), MOST_TIMES)
    ordinary = by_usual[free & told]
    seen = ~free & told
    if not seen.any() or ordinary.sum() == 0.0:
        return none
    mean = float(ordinary.mean())
    doubt = (float(ordinary.var()) / mean**2 + OCCASION_VARIANCE) / PRIOR_VARIANCE
    return _regress(columns[seen], by_usual[seen] / mean, doubt)


def _usual(values: Values, free: Flags, season: int) -> Values:
    """Give each day's usual amount: that of its place in the season, at the level of free days near."""
    place = np.arange(len(values)) % max(season, 1)
    days = np.maximum(np.bincount(place, free), 1e-9)
    by_place = np.bincount(place, np.where(free, values, 0.0)) / days
    week = by_place[place]
    begin, end = np.maximum(np.arange(len(values)) - REACH, 0), np.arange(1, len(values) + 1) + REACH
    sold, expected, near = (
        _between(np.where(free, each, 0.0), begin, np.minimum(end, len(values)))
        for each in (values, week, np.ones(len(values)))
    )
    level = np.where(near >= LEAST_NEAR, sold / np.maximum(expected, 1e-9), 0.0)
    return np.asarray(week * level)


def _between(values: Values, begin: Values, end: Values) -> Values:
    sums = np.concatenate([[0.0], values.cumsum()])
    return np.asarray(sums[end] - sums[begin])


def _regress(columns: Values, times: Values, doubt: float) -> Values:
    """Solve X'(y exp(-Xb) - 1) = k b by Fisher scoring, whose matrix X'X + k I stays the same."""
    inverse = np.linalg.inv(columns.T @ columns + doubt * np.eye(columns.shape[1]))
    effects = np.zeros(columns.shape[1])
    for _ in range(TURNS):
        logs = np.clip(columns @ effects, -MOST_EFFECT, MOST_EFFECT)
        step = inverse @ ((times * np.exp(-logs) - 1.0) @ columns - doubt * effects)
        effects = effects + step
        if np.abs(step).max() < NEAR_ENOUGH:
            break
    return np.asarray(effects)
