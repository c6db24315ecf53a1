"""How errors of days go together, by all of the history beside the few forecasts of a backtest.

Sums vary more than days apart let expect where errors of one forecast are alike. Ten forecasts that overlap
say little of how much more, and something else every week. The plain mean of the last weeks' same days can be
made on every day of the history, and its errors go together much as those of any model do.
"""

from dataclasses import replace

import numpy as np

from humidor_forecasting.choosing.errors import APART, Errors
from humidor_forecasting.choosing.plain import LONGEST_SEASON
from humidor_forecasting.models.interface import History, Values

SEASONS = 8


def with_history(errors: Errors, history: History, horizon: int) -> Errors:
    """Average what backtest and history say of errors of one forecast, each weighted by how much it has seen.

    Daily histories of twice the mean's length count, longer by the horizon at least; others have no say.
    """
    season, length = history.season, SEASONS * history.season
    if history.days_per_period != 1 or not 2 <= season <= LONGEST_SEASON or horizon < 2:
        return errors
    if len(history) < length + max(length, horizon):
        return errors
    windows = np.lib.stride_tricks.sliding_window_view(history.values, length + horizon)
    means = windows[:, :length].reshape(-1, SEASONS, season).mean(axis=1)[:, np.arange(horizon) % season]
    seen = _alike((windows[:, length:] - means) / errors.scale(means))
    few, many = APART * errors.origins, (len(history) - length) / horizon
    together = (few * float(errors.together) + many * seen) / (few + many)
    return replace(errors, together=np.asarray(together), origins=errors.origins + many / APART)


def _alike(scaled: Values) -> float:
    """Correlation r of errors of a row: their sum varies 1 + (horizon - 1) r times as independent ones do."""
    horizon = scaled.shape[1]
    apart = float((scaled**2).sum(axis=1).mean())
    ratio = float((scaled.sum(axis=1) ** 2).mean()) / apart if apart > 0 else 1.0
    return float(min((ratio - 1.0) / (horizon - 1), 0.9))
