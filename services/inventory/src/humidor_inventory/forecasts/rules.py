"""Whether a published forecast is one that levels can be set by."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from math import isfinite

from humidor_common.events.forecasting import ForecastPublished

MOST_DAYS = 366
MOST_STICKS = 1e12
LEAST_PROBABILITY, MOST_PROBABILITY = 0.0001, 0.9999


def complaint(forecast: ForecastPublished) -> str | None:
    """Say what is wrong with a forecast, or None.

    Days and spans follow each other without a gap, probabilities rise, quantiles rise with them and are
    amounts that a store can sell.
    """
    texts = (forecast.store_id, forecast.gtin, forecast.model, forecast.model_version)
    if any("\x00" in text or len(text) > 200 for text in texts):
        return "a name holds a NUL character or more than 200 letters"
    if forecast.data_until.tzinfo is None or forecast.issued_at.tzinfo is None:
        return "data_until and issued_at need a zone"
    return _complaint_of_days(forecast) or _complaint_of_figures(forecast)


def _complaint_of_days(forecast: ForecastPublished) -> str | None:
    horizon = forecast.horizon_days
    if not 1 <= horizon <= MOST_DAYS:
        return f"horizon_days is {horizon}, from 1 to {MOST_DAYS} are possible"
    if len(forecast.days) != horizon or len(forecast.cumulative) != horizon:
        return f"days and cumulative hold {horizon} entries each"
    try:
        first = date.fromisoformat(forecast.starts_on)
        wanted = [(first + timedelta(days=i)).isoformat() for i in range(horizon)]
    except (ValueError, OverflowError):
        return "starts_on is no date that has a horizon"
    if [day.day for day in forecast.days] != wanted:
        return "days do not follow each other from starts_on"
    if [span.days for span in forecast.cumulative] != list(range(1, horizon + 1)):
        return "cumulative does not hold the spans of 1, 2 ... days"
    return None


def _complaint_of_figures(forecast: ForecastPublished) -> str | None:
    chances = forecast.probabilities
    if not 2 <= len(chances) <= 99:
        return "from 2 to 99 probabilities are possible"
    if any(before >= after for before, after in pairwise(chances)):
        return "probabilities do not rise"
    if not LEAST_PROBABILITY <= chances[0] <= chances[-1] <= MOST_PROBABILITY:
        return f"probabilities lie between {LEAST_PROBABILITY} and {MOST_PROBABILITY}"
    figures = [(day.mean_sticks, day.quantiles_sticks) for day in forecast.days]
    figures += [(span.mean_sticks, span.quantiles_sticks) for span in forecast.cumulative]
    found = (_complaint_of_demand(*each, len(chances)) for each in figures)
    return next((complaint for complaint in found if complaint), None)


def _complaint_of_demand(mean: float, quantiles: Sequence[float], count: int) -> str | None:
    if len(quantiles) != count:
        return "a list of quantiles is not as long as that of probabilities"
    if not all(isfinite(figure) and 0 <= figure <= MOST_STICKS for figure in (mean, *quantiles)):
        return "a figure is not an amount that can be sold"
    if any(before > after for before, after in pairwise(quantiles)):
        return "quantiles cross"
    return None
