"""The process that makes a forecast again from its data cut."""

from humidor_forecasting.choosing.pipeline import forecast_series
from humidor_forecasting.choosing.work import SeriesInput
from humidor_forecasting.responding import respond

if __name__ == "__main__":
    respond(SeriesInput, forecast_series)
