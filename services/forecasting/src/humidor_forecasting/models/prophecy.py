"""Prophet, an extra (`humidor-forecasting[prophet]`): trend, season, holidays, known regressors."""

import logging
from datetime import date
from importlib.util import find_spec
from typing import Any

import numpy as np

from humidor_forecasting.models.interface import History, Refitting, Values, as_values


class ProphetModel(Refitting):
    """Prophet (Taylor & Letham 2018) with its defaults, Chinese holidays, promotions and price.

    Slow, and on daily sales hardly ever the best; for the few series whose decomposition people want to see.
    """

    name = "prophet"
    COUNTRY: str | None = "CN"

    def suits(self, history: History) -> bool:
        return find_spec("prophet") is not None and len(history) >= 2 * max(history.season, 7)

    def forecast(self, history: History, horizon: int) -> Values:
        import pandas as pd
        from prophet import Prophet

        logging.getLogger("cmdstanpy").setLevel(logging.ERROR)
        model = Prophet(uncertainty_samples=0)
        if self.COUNTRY and history.days_per_period == 1:
            model.add_country_holidays(self.COUNTRY)
        days = _days(history, len(history) + horizon)
        moved_by = history.moved_by(len(days))
        for name in moved_by:
            model.add_regressor(name)
        frame = pd.DataFrame({"ds": days, **moved_by})
        model.fit(frame.iloc[: len(history)].assign(y=history.values))
        return as_values(model.predict(frame.iloc[len(history) :])["yhat"], horizon)


def _days(history: History, count: int) -> Any:
    start = np.datetime64(date.fromordinal(history.first_day or 719163))
    step = history.days_per_period
    if step > 28:
        months = start.astype("datetime64[M]") + np.arange(count)
        return months.astype("datetime64[ns]")
    return (start + np.arange(count) * int(step)).astype("datetime64[ns]")
