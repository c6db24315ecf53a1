"""Models that need nothing but arithmetic; the last resort of every series is among them."""

import numpy as np

from humidor_forecasting.models.interface import History, Refitting, Values


class SeasonalNaive(Refitting):
    """The last season again: what every other model has to beat (Hyndman & Athanasopoulos, FPP3 §5.2)."""

    name = "seasonal_naive"
    told = False

    def suits(self, history: History) -> bool:
        return len(history) >= 1

    def forecast(self, history: History, horizon: int) -> Values:
        season = min(history.season, len(history))
        return np.resize(history.values[-season:], horizon).astype(np.float64)


class SeasonalAverage(Refitting):
    """The mean of the last eight values of the same place in the season, the newest weighing most."""

    name = "seasonal_average"
    told = False
    SEASONS = 8
    DECAY = 0.8

    def suits(self, history: History) -> bool:
        return len(history) >= 2 * history.season

    def forecast(self, history: History, horizon: int) -> Values:
        seasons = min(self.SEASONS, len(history) // history.season)
        block = history.values[-seasons * history.season :].reshape(seasons, history.season)
        weights = self.DECAY ** np.arange(seasons - 1, -1, -1)
        return np.resize(weights @ block / weights.sum(), horizon).astype(np.float64)


class MovingAverage(Refitting):
    """The mean of the last four seasons, the same for every period ahead."""

    name = "moving_average"
    told = False

    def suits(self, history: History) -> bool:
        return len(history) >= 1

    def forecast(self, history: History, horizon: int) -> Values:
        return np.full(horizon, history.values[-4 * max(history.season, 7) :].mean())
