"""Prophet as the counterfactual, where it is installed (`humidor-forecasting[prophet]`)."""

import logging
from collections.abc import Sequence
from datetime import date
from importlib.util import find_spec
from typing import Any

import numpy as np

from humidor_forecasting.uplift.panel import Values

SAMPLES = 400
LEAST_DAYS = 28
YEARLY_FROM_DAYS = 730


def installed() -> bool:
    return find_spec("prophet") is not None


def expect_by_prophet(
    outcome: Values, known: int, columns: Values, windows: Sequence[slice], start: tuple[int, int]
) -> tuple[Values, list[Values]]:
    """Expect all days; gives the mean a day, and of each window's mean a sample.

    `start` is the first day (ordinal) and the seed: Prophet draws from numpy's own state.
    """
    import pandas as pd
    from prophet import Prophet

    for name in ("cmdstanpy", "prophet"):
        logging.getLogger(name).setLevel(logging.ERROR)
    first_ordinal, seed = start
    np.random.seed(seed)  # noqa: NPY002 - what Prophet draws from
    first = np.datetime64(date.fromordinal(first_ordinal))
    frame: Any = pd.DataFrame({"ds": (first + np.arange(len(outcome))).astype("datetime64[ns]")})
    model = Prophet(
        uncertainty_samples=SAMPLES, weekly_seasonality=True, daily_seasonality=False,
        yearly_seasonality=known >= YEARLY_FROM_DAYS,
    )  # fmt: skip
    for at in range(columns.shape[1]):
        if np.ptp(columns[:known, at]) > 0:
            frame[f"column_{at}"] = columns[:, at]
            model.add_regressor(f"column_{at}")
    model.fit(frame.iloc[:known].assign(y=outcome[:known]))
    future = frame.iloc[known:]
    mean = np.asarray(model.predict(future)["yhat"], dtype=np.float64)
    drawn = np.asarray(model.predictive_samples(future)["yhat"], dtype=np.float64)
    samples = [drawn[window.start - known : window.stop - known].mean(axis=0) for window in windows]
    return np.concatenate([outcome[:known], mean]), samples
