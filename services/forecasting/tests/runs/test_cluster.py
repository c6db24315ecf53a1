"""The same run on a real Dask cluster: a worker killed in the middle loses nothing and doubles nothing."""

import asyncio

import pytest

from humidor_common.engine import cluster as cluster_engine
from humidor_common.engine.work import EngineLost
from humidor_common.events.forecasting import ForecastPublished
from humidor_common.testing.cluster import dask_cluster
from humidor_forecasting.runs import asking, working
from humidor_forecasting.runs.working import Worker
from humidor_forecasting.settings import ForecastingSettings
from humidor_forecasting.testing.market import Market, days_of_sales, product, store, store_day

SERIES = 24


async def test_a_run_on_a_cluster_of_which_a_worker_is_killed_forecasts_every_series_once(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = store_day()
    names = [f"S{n:04d}" for n in range(1, SERIES + 1)]
    await market.know(product(), *(store(each) for each in names))
    week = [10, 12, 11, 13, 20, 25, 8]
    for each in names:
        await market.sold(*days_of_sales(week * 3, until=today, store_id=each))
    settings = market.runtime.settings
    assert isinstance(settings, ForecastingSettings)
    terms = {"models": ["seasonal_naive", "moving_average"], "horizon_days": 7}
    run = await market.ask("POST", "/v1/runs", json=terms, expect=202)
    path = f"/v1/runs/{run['run_id']}"
    with dask_cluster(2) as cluster:
        there = settings.model_copy(update={"dask_address": await asyncio.to_thread(lambda: cluster.address)})
        worker = Worker(market.runtime.pool, there, lambda: None)
        monkeypatch.setattr(working, "PIECE", 8)
        answered, ask = 0, asking.ask_series

        async def kill_one_in_the_middle(*args: object, **named: object) -> object:
            nonlocal answered
            answer = await ask(*args, **named)  # type: ignore[arg-type]
            answered += 1
            if answered == 3:
                cluster.workers[0].kill()
            return answer

        monkeypatch.setattr(working.__name__ + ".ask_series", kill_one_in_the_middle)
        await cluster.ready(2)
        assert await worker.work_once()
    done = await market.ask("GET", path)
    assert (done["state"], done["series_done"], done["series_failed"]) == ("done", SERIES, 0)
    assert answered == SERIES
    assert cluster.workers[0].returncode == -9
    told = [each.store_id for each in await market.told(ForecastPublished)]
    assert sorted(told) == names
    fallen = await market.ask("GET", f"{path}/series")
    assert {each["model"] for each in fallen["items"]} <= {"seasonal_naive", "moving_average", "combination"}
    monkeypatch.setattr(cluster_engine, "CONNECT_SECONDS", 1)
    await lose_the_cluster(market, worker)


async def lose_the_cluster(market: Market, worker: Worker) -> None:
    """The scheduler is gone by now: a run waits for it, and is neither failed nor lost."""
    run = await market.ask("POST", "/v1/runs", json={"horizon_days": 7}, expect=202)
    with pytest.raises(EngineLost, match="cannot be reached"):
        await worker.work_once()
    assert (await market.ask("GET", f"/v1/runs/{run['run_id']}"))["state"] == "running"
