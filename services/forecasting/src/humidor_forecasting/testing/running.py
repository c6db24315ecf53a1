"""For tests: runs that are asked for over HTTP and worked off here, by one process of models."""

from typing import Any

from humidor_forecasting.runs.working import Worker
from humidor_forecasting.settings import ForecastingSettings
from humidor_forecasting.testing.market import Market


def worker(market: Market, **changes: Any) -> Worker:
    """Make a worker with other settings."""
    settings = market.runtime.settings
    if not isinstance(settings, ForecastingSettings):
        raise TypeError("these are not the settings of forecasting")
    one = {"forecasting_processes": 1} | changes
    return Worker(market.runtime.pool, settings.model_copy(update=one), lambda: None)


async def work_off(market: Market, terms: dict[str, Any]) -> Any:
    """Ask for a run by these terms, and work it off; gives what was answered when it was asked for."""
    started = await market.ask("POST", "/v1/runs", json=terms, expect=202)
    if not await worker(market).work_once():
        raise AssertionError("there was no run to work off")
    return started
