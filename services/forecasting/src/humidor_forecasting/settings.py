"""Settings of the forecasting service."""

from pydantic import Field

from humidor_common.settings import ServiceSettings


class ForecastingSettings(ServiceSettings):
    """When forecasts are made by themselves, and what a run may take, on top of what every service has.

    `forecasting_schedule_hour` is an hour of the day in UTC (19 is 3 in the morning in China), negative for
    never; that run forecasts what has changed, and everything once in `forecasting_whole_every_days` days.
    `forecasting_neural` is the folder of a trained network, read by the processes that forecast. A run has
    `forecasting_processes` processes of its own, which end with it, or the cluster that
    `dask_address` names.

    A promotion is evaluated by itself `forecasting_evaluate_after_days` days after its end (negative for
    never): these days show what was pulled forward. `forecasting_margin_percent` is the gross share of the
    regular price, for profit; without it, or one given with the request, profit is not told.
    """

    forecasting_schedule_hour: int = Field(default=19, ge=-1, le=23)
    forecasting_whole_every_days: int = Field(default=7, ge=1, le=28)
    forecasting_horizon_days: int = Field(default=28, ge=1, le=366)
    forecasting_processes: int = Field(default=2, ge=1, le=64)
    forecasting_seconds_per_model: float = Field(default=10.0, gt=0)
    forecasting_seconds_per_series: float = Field(default=60.0, gt=0)
    forecasting_neural: str = ""
    forecasting_keep_days: int = Field(default=90, ge=1)
    forecasting_evaluate_after_days: int = Field(default=14, ge=-1, le=90)
    forecasting_margin_percent: float | None = Field(default=None, gt=0, lt=100)
    forecasting_seconds_per_evaluation: float = Field(default=300.0, gt=0)
