"""Runs: progress, what they publish, killed in the middle and gone on with, cancelled, hanging, on time."""

import os
import random
import signal
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from humidor_common.clock import utc_now
from humidor_common.db.transaction import transaction
from humidor_common.engine.pool import Helper
from humidor_common.engine.work import WorkFailed
from humidor_common.events.forecasting import ForecastPublished
from humidor_forecasting.choosing.pipeline import forecast_series
from humidor_forecasting.choosing.work import SeriesInput, unpack_cut
from humidor_forecasting.forecasts.queries import cut_of
from humidor_forecasting.forecasts.schemas import ForecastView
from humidor_forecasting.runs import asking, queries, service, working
from humidor_forecasting.runs.asking import Answer
from humidor_forecasting.testing.market import (
    GTIN,
    Market,
    days_of_sales,
    line,
    product,
    sale,
    store,
    store_day,
)
from humidor_forecasting.testing.running import worker
from humidor_forecasting.working import forget_old

OTHER = "06901028000017"
LONE = "06901028000024"
QUICK = {"models": ["seasonal_naive", "seasonal_average"], "horizon_days": 14}


async def sold_out_and_in(market: Market, *, stores: int = 1, days: int = 70) -> None:
    """Seventy days of sales of one product in some stores, until yesterday."""
    today = store_day()
    week = [10, 12, 11, 13, 20, 25, 8]
    await market.know(product(), product(OTHER, status="discontinued"))
    for number in range(1, stores + 1):
        random_ = random.Random(number)
        amounts = [max(week[i % 7] + random_.randint(-3, 3), 0) for i in range(days)]
        await market.know(store(f"S{number:04d}"))
        await market.sold(*days_of_sales(amounts, until=today, store_id=f"S{number:04d}"))


async def start(market: Market, **terms: Any) -> Any:
    return await market.ask("POST", "/v1/runs", json=QUICK | terms, expect=202)


async def test_a_run_publishes_a_forecast_of_each_series_that_can_be_made_again(market: Market) -> None:
    await sold_out_and_in(market, stores=2)
    await market.sold(sale("old", line(5, gtin=OTHER)))
    ladder = ["seasonal_naive", "auto_ets", "auto_theta"]
    run = await start(market, models=ladder)
    assert (run["state"], run["share_done"]) == ("queued", None)
    assert await worker(market).work_once()
    done = await market.ask("GET", f"/v1/runs/{run['run_id']}")
    assert (done["state"], done["series_total"], done["series_done"], done["share_done"]) == (
        "done",
        2,
        2,
        1.0,
    )
    assert done["versions"]["statsforecast"] != "absent"
    view = await market.ask("GET", f"/v1/forecasts/S0001/{GTIN}")
    assert ForecastView.model_validate(view).model_dump(mode="json") == view
    assert await market.ask("GET", f"/v1/issued-forecasts/{view['forecast_id']}") == view
    bound = market.auth("manager", stores=["S0002"])
    await market.ask("GET", f"/v1/issued-forecasts/{view['forecast_id']}", headers=bound, expect=403)
    today = store_day()
    assert view["starts_on"] == today.isoformat()
    assert 8 * 20 < view["days"][0]["mean_sticks"] + view["days"][6]["mean_sticks"] < 80 * 20
    assert 10 * 100 * 20 / 7 < view["cumulative"][13]["mean_sticks"] < 3 * 100 * 20
    assert view["model"] in {"combination", "auto_ets", "auto_theta", "seasonal_naive"}
    assert view["reasons"]
    events = await market.told(ForecastPublished)
    assert [each.series_id for each in events] == [f"S0001/{GTIN}", f"S0002/{GTIN}"]
    assert str(events[0].forecast_id) == view["forecast_id"]
    assert [span.days for span in events[0].cumulative] == list(range(1, 15))
    async with transaction(market.runtime.pool) as conn:
        packed = await cut_of(conn, events[0].forecast_id)
    assert packed is not None
    again = forecast_series(unpack_cut(packed))
    assert [row[0] for row in again.days] == [each["mean_sticks"] for each in view["days"]]
    assert again.cumulative == [[span.mean_sticks, *span.quantiles_sticks] for span in events[0].cumulative]
    assert again.reasons == view["reasons"]
    listed = await market.ask("GET", "/v1/forecasts", params={"limit": "1"})
    assert [each["store_id"] for each in listed["items"]] == ["S0001"]
    rest = await market.ask("GET", "/v1/forecasts", params={"cursor": listed["next_cursor"]})
    assert [each["store_id"] for each in rest["items"]] == ["S0002"]
    await market.runtime.pool.execute("UPDATE demand_series SET changed_at = changed_at - interval '1 hour'")
    changed = await start(market, models=ladder, only_changed=True)
    await market.sold(sale("more", line(1), store_id="S0002", at=utc_now()))
    assert await worker(market).work_once()
    assert (await market.ask("GET", f"/v1/runs/{changed['run_id']}/series"))["items"][0][
        "store_id"
    ] == "S0002"
    await forget(market)


async def forget(market: Market) -> None:
    """Old forecasts go, with what they alone rest on; the newest of each series stays."""
    pool = market.runtime.pool
    await pool.execute("UPDATE forecasts SET issued_at = issued_at - interval '100 days'")
    await forget_old(pool, 90)
    kept = await pool.fetch("SELECT store_id, count(*) FROM forecasts GROUP BY 1 ORDER BY 1")
    assert [tuple(row) for row in kept] == [("S0001", 1), ("S0002", 1)]
    assert await pool.fetchval("SELECT count(*) FROM data_cuts") == 2


async def test_a_run_whose_worker_was_killed_goes_on_and_no_series_is_lost_or_double(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sold_out_and_in(market, stores=6, days=30)
    monkeypatch.setattr(working, "PIECE", 2)
    run = await start(market)
    dying, pieces = worker(market), 0
    piece = dying._piece

    async def two_pieces_and_no_more(*args: Any) -> bool:
        nonlocal pieces
        pieces += 1
        if pieces > 2:
            raise ConnectionResetError("killed")
        return await piece(*args)

    monkeypatch.setattr(dying, "_piece", two_pieces_and_no_more)
    with pytest.raises(ConnectionResetError):
        await dying.work_once()
    half = await market.ask("GET", f"/v1/runs/{run['run_id']}")
    assert (half["state"], half["series_done"]) == ("running", 4)
    assert not await worker(market).work_once()
    await market.runtime.pool.execute("UPDATE runs SET due_at = now() - interval '1 s'")
    assert await worker(market).work_once()
    done = await market.ask("GET", f"/v1/runs/{run['run_id']}")
    assert (done["state"], done["series_done"]) == ("done", 6)
    told = [each.store_id for each in await market.told(ForecastPublished)]
    assert sorted(told) == [f"S{n:04d}" for n in range(1, 7)]
    late = queries.Run(run_id=run["run_id"], horizon_days=14, probabilities=[0.5, 0.9], ladder=[],
                       versions={},
                       data_until=utc_now(), series_total=6, lease=1)  # fmt: skip
    async with transaction(market.runtime.pool) as conn:
        with pytest.raises(queries.LeaseLost):
            await queries.hold(conn, late)


async def test_a_run_is_cancelled_once_by_whoever_may_and_stops(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sold_out_and_in(market, stores=3, days=30)
    monkeypatch.setattr(working, "PIECE", 1)
    run = await start(market, store_ids=["S0001", "S0002"])
    path = f"/v1/runs/{run['run_id']}"
    bound = market.auth("manager", stores=["S0001"])
    for method, where in (("GET", path), ("POST", f"{path}:cancel"), ("GET", "/v1/runs")):
        await market.ask(method, where, headers=bound, expect=403)
    await market.ask("POST", "/v1/runs", json=QUICK, headers=bound, expect=403)
    await market.ask("POST", "/v1/runs", json=QUICK, headers=market.auth("auditor"), expect=403)
    busy = worker(market)
    ask = asking.ask_series

    async def cancel_meanwhile(*args: Any, **named: Any) -> Answer:
        await market.ask("POST", f"{path}:cancel")
        return await ask(*args, **named)

    monkeypatch.setattr(working.__name__ + ".ask_series", cancel_meanwhile)
    assert await busy.work_once()
    ended = await market.ask("GET", path)
    assert (ended["state"], ended["series_done"]) == ("cancelled", 0)
    assert await market.told(ForecastPublished) == []
    await market.ask("POST", f"{path}:cancel", expect=409)
    unknown = await market.ask("POST", "/v1/runs", json=QUICK | {"models": ["oracle"]}, expect=422)
    assert unknown["errors"][0]["field"] == "models[0]"
    await market.ask("POST", "/v1/runs", json=QUICK | {"probabilities": [0.9, 0.5]}, expect=422)
    await market.ask("GET", "/v1/runs/00000000-0000-0000-0000-000000000000", expect=404)


async def test_a_series_that_hangs_its_process_gets_the_plainest_model_and_a_killed_one_costs_nothing(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sold_out_and_in(market, stores=2, days=40)
    await market.know(store("S0003"))
    await market.know(product(LONE, brand="Alone", price_class="9"))
    await market.sold(sale("today", line(3), store_id="S0003", at=utc_now()))
    await market.sold(sale("alone", line(3, gtin=LONE), store_id="S0003", at=utc_now()))
    real, asked = Helper.ask, []

    async def hang_or_die(helper: Helper, line: bytes, *, seconds: float) -> bytes:
        given = msgspec.json.decode(line, type=SeriesInput)
        asked.append(given.store_id)
        if given.store_id == "S0001" and not given.fall_back:
            raise WorkFailed("no answer within 60 s")
        if given.store_id == "S0002" and not given.fall_back:
            await helper._start()
            assert helper.pid is not None
            os.kill(helper.pid, signal.SIGKILL)
        return await real(helper, line, seconds=seconds)

    monkeypatch.setattr(Helper, "ask", hang_or_die)
    run = await start(market)
    assert await worker(market).work_once()
    series = await market.ask("GET", f"/v1/runs/{run['run_id']}/series")
    states = [(each["store_id"], each["state"], each["model"], each["fell_back"]) for each in series["items"]]
    # What begins today is forecast from the same product elsewhere; what is like nothing is not forecast yet.
    assert states == [
        ("S0001", "done", "seasonal_naive", True),
        ("S0002", "done", "seasonal_naive", True),
        ("S0003", "failed", None, None),
        ("S0003", "done", "analogues", True),
    ]
    view = await market.ask("GET", f"/v1/forecasts/S0001/{GTIN}")
    assert (view["fell_back"], view["notes"][-1]) == (True, "no answer within 60 s")
    view = await market.ask("GET", f"/v1/forecasts/S0002/{GTIN}")
    assert view["notes"][-1] == "the process that worked on it died"
    done = await market.ask("GET", f"/v1/runs/{run['run_id']}")
    assert (done["state"], done["series_failed"], done["series_fell_back"]) == ("done", 1, 3)


async def test_the_run_of_the_day_is_made_once_and_only_where_there_is_something_to_forecast(
    market: Market,
) -> None:
    now = utc_now()

    async def schedule() -> bool:
        async with transaction(market.runtime.pool) as conn:
            return await service.start_scheduled(conn, 28, whole_every_days=7, now=now)

    assert not await schedule()
    await sold_out_and_in(market, days=30)
    assert await schedule()
    assert not await schedule()
    listed = await market.ask("GET", "/v1/runs")
    assert [(each["requested_by"], each["horizon_days"]) for each in listed["items"]] == [("schedule", 28)]
    assert [each["only_changed"] for each in listed["items"]] == [False]
    now += timedelta(days=1)
    assert await schedule()
    now += timedelta(days=6)
    assert await schedule()
    listed = await market.ask("GET", "/v1/runs")
    assert [each["only_changed"] for each in listed["items"]] == [False, True, False]
