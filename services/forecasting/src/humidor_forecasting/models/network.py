"""The trained network as a model among the others.

It is asked only from origins after the last day that it was trained with, so that no backtest judges it by
what it has seen: `train` leaves out the time that backtests look back on.
"""

import hashlib
import json
import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from humidor_forecasting.models.interface import History, Refitting, Values, as_values
from humidor_forecasting.neural.windows import ABOUT, LOOK_BACK, SEASON, WEIGHTS, features_of

FOLDER = "HUMIDOR_FORECASTING_NEURAL"
"""The environment variable that names the folder of the trained network."""


class NeuralModel(Refitting):
    """One network for all series (Salinas et al. 2020, the idea; dense layers, quantile loss)."""

    name = "neural"

    @property
    def version(self) -> str:
        """Give the digest of the trained network that forecasts come from."""
        return _digest(os.environ.get(FOLDER, ""))

    def suits(self, history: History) -> bool:
        trained = _load(os.environ.get(FOLDER, ""))
        if trained is None or history.days_per_period != 1 or history.season != SEASON:
            return False
        return len(history) >= LOOK_BACK // 2 and history.first_day + len(history) >= trained[1]["until"]

    def forecast(self, history: History, horizon: int) -> Values:
        """Give the mean of the quantiles, beyond its horizon the last week of it again.

        Raises:
            LookupError: There is no trained network.
        """
        trained = _load(os.environ.get(FOLDER, ""))
        if trained is None:
            raise LookupError(f"{FOLDER} names no trained network")
        row, scale = features_of(history.values, history.first_day + len(history))
        made = trained[0](row[None, :], training=False).numpy()[0].mean(axis=-1) * scale
        ahead = np.arange(horizon)
        reach = len(made)
        week = min(SEASON, reach)
        places = np.where(ahead < reach, ahead, reach - week + (ahead - reach) % week)
        return as_values(made[places].astype(np.float64), horizon)


@cache
def _digest(folder: str) -> str:
    here = Path(folder)
    if not folder or not (here / ABOUT).exists():
        return "absent"
    return hashlib.sha256((here / ABOUT).read_bytes() + (here / WEIGHTS).read_bytes()).hexdigest()[:16]


@cache
def _load(folder: str) -> tuple[Any, dict[str, Any]] | None:
    """Load a trained network once a process; None where there is none, or the extra is not installed."""
    about = Path(folder) / ABOUT
    if not folder or not about.exists() or find_spec("keras") is None:
        return None
    from humidor_forecasting.neural.training import make_network

    said = json.loads(about.read_text())
    network = make_network(said["horizon"])
    network.load_weights(Path(folder) / WEIGHTS)
    return network, said
