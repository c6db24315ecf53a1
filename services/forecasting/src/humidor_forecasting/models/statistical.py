"""Exponential smoothing, Theta, ARIMA and the models of intermittent demand, by statsforecast.

statsforecast is imported when a model is first asked, inside a job's process.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from humidor_forecasting.models.interface import History, Refitting, Values, as_values

LONGEST_SEASON = 24


class _Forwarding(Refitting):
    """Fitted at the first origin; later origins get its parameters and what has come since.

    So a backtest with its final forecast costs one fit, no parameter has seen what it is judged by, and the
    final forecast is made just as those that were judged. Of daily series the newest seasons are enough.
    """

    told = False
    NEWEST_SEASONS = 40

    @abstractmethod
    def _make(self, season: int, *, daily: bool = False) -> Any:
        """Make the library's model."""

    def _begin(self, history: History, end: int) -> int:
        return max(0, end - self.NEWEST_SEASONS * history.season) if history.days_per_period == 1 else 0

    def _season(self, history: History) -> int:
        enough = len(history) >= 2 * history.season + 3
        return history.season if enough and history.season <= LONGEST_SEASON else 1

    def suits(self, history: History) -> bool:
        self._make(1)  # imports the library, which no limit of time is meant for
        return len(history) >= 8 and float(np.ptp(history.values)) > 0

    def forecast(self, history: History, horizon: int) -> Values:
        made: Values = self.roll(history, [len(history)], horizon)[0]
        return made

    def roll(self, history: History, ends: Sequence[int], horizon: int) -> Values:
        first = history.until(ends[0])
        begin = self._begin(history, ends[0])
        model = self._make(self._season(first), daily=history.days_per_period == 1)
        model = model.fit(y=first.values[begin:])
        made = [as_values(model.predict(h=horizon)["mean"], horizon)]
        for end in ends[1:]:
            answer = model.forward(y=history.until(end).values[begin:], h=horizon)
            made.append(as_values(answer["mean"], horizon))
        return np.array(made)


class AutoETS(_Forwarding):
    """Exponential smoothing, its form chosen by AICc (Hyndman et al. 2008); without a trend for days."""

    name = "auto_ets"

    def _make(self, season: int, *, daily: bool = False) -> Any:
        from statsforecast.models import AutoETS as Library

        return Library(season_length=season, model="ZNZ" if daily else "ZZZ")


class AutoTheta(_Forwarding):
    """Theta in four forms, the best in sample (Fiorucci et al. 2016); for days the dynamic optimised one."""

    name = "auto_theta"

    def _make(self, season: int, *, daily: bool = False) -> Any:
        from statsforecast.models import AutoTheta as Library

        return Library(season_length=season, model="DOTM" if daily else None)


class AutoARIMA(_Forwarding):
    """ARIMA by Hyndman & Khandakar's search (2008); slow, so only where series are short or few."""

    name = "auto_arima"

    def _make(self, season: int, *, daily: bool = False) -> Any:  # noqa: ARG002 - the same for all
        from statsforecast.models import AutoARIMA as Library

        return Library(season_length=season, max_p=3, max_q=3, max_P=1, max_Q=1)


class AutoCES(_Forwarding):
    """Complex exponential smoothing (Svetunkov & Kourentzes 2022): level and trend without a border."""

    name = "auto_ces"

    def _make(self, season: int, *, daily: bool = False) -> Any:  # noqa: ARG002 - the same for all
        from statsforecast.models import AutoCES as Library

        return Library(season_length=season)


class _Intermittent(Refitting):
    """Demand that is often zero: sizes and intervals are smoothed apart. It forecasts one rate."""

    told = False

    @abstractmethod
    def _make(self) -> Any:
        """Make the library's model."""

    def suits(self, history: History) -> bool:
        self._make()  # imports the library, which no limit of time is meant for
        return int((history.values > 0).sum()) >= 2 and bool((history.values == 0).any())

    def forecast(self, history: History, horizon: int) -> Values:
        return as_values(self._make().forecast(y=history.values, h=horizon)["mean"], horizon)


class Croston(_Intermittent):
    """Croston's method (1972) with the parameters that fit best; biased upwards."""

    name = "croston"

    def _make(self) -> Any:
        from statsforecast.models import CrostonOptimized

        return CrostonOptimized()


class SBA(_Intermittent):
    """Croston's method with the correction of Syntetos & Boylan (2005)."""

    name = "sba"

    def _make(self) -> Any:
        from statsforecast.models import CrostonSBA

        return CrostonSBA()


class TSB(_Intermittent):
    """Teunter, Syntetos & Babai (2011): the chance of demand is smoothed, so a dying product goes to zero."""

    name = "tsb"

    def _make(self) -> Any:
        from statsforecast import models as library

        return library.TSB(alpha_d=0.1, alpha_p=0.1)
