"""A run of what has changed leaves out exactly the series of which nothing has."""

from datetime import timedelta
from typing import Any

from humidor_common.clock import utc_now
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
from humidor_forecasting.testing.running import work_off

STORES = [f"S{n:04d}" for n in range(1, 5)]
TERMS = {"models": ["seasonal_naive", "moving_average"], "horizon_days": 14, "only_changed": True}


async def run(market: Market, **changes: Any) -> set[str]:
    """Run what has changed, and name the stores that it forecast."""
    started = await work_off(market, TERMS | changes)
    path = f"/v1/runs/{started['run_id']}"
    assert (await market.ask("GET", path))["state"] == "done"
    return {each["store_id"] for each in (await market.ask("GET", f"{path}/series"))["items"]}


async def later(market: Market) -> None:
    """Let an hour pass since everything that is known."""
    for statement in (
        "UPDATE demand_series SET changed_at = changed_at - interval '1 hour'",
        "UPDATE forecasts SET data_until = data_until - interval '1 hour'",
        "UPDATE forecasts SET issued_at = issued_at - interval '1 hour'",
        "UPDATE promotions SET changed_at = changed_at - interval '1 hour'",
        "UPDATE stock_outs SET raised_at = raised_at - interval '1 hour'",
    ):
        await market.runtime.pool.execute(statement)


async def test_only_what_has_changed_is_forecast_anew(market: Market) -> None:
    today = store_day()
    await market.know(product(), *(store(each) for each in STORES))
    for each in STORES:
        await market.sold(*days_of_sales([10, 12, 11, 13, 20, 25, 8] * 4, until=today, store_id=each))
    await market.runtime.pool.execute("UPDATE demand_series SET changed_at = now() - interval '2 hours'")
    assert await run(market) == set(STORES)
    await later(market)
    assert await run(market) == set()
    await market.sold(sale("late", line(1), store_id="S0001", at=utc_now() - timedelta(days=9)))
    await market.runtime.pool.execute(
        "INSERT INTO stock_outs VALUES (gen_random_uuid(), 'S0002', $1, now() - interval '1 minute')", GTIN
    )
    offer = {"name": "Display", "starts_on": today.isoformat(), "ends_on": today.isoformat(),
             "store_ids": ["S0003"], "mechanic": "display"}  # fmt: skip
    await market.ask("PUT", "/v1/promotions/p1", json=offer, expect=201)
    assert await run(market) == {"S0001", "S0002", "S0003"}
    await later(market)
    await market.runtime.pool.execute("UPDATE demand_series SET changed_at = now() - interval '3 hours'")
    assert await run(market) == set()
    assert await run(market, horizon_days=21) == set(STORES)
    await later(market)
    await market.runtime.pool.execute(
        """UPDATE forecasts SET starts_on = starts_on - 12 WHERE store_id = 'S0004'"""
    )
    assert await run(market, horizon_days=21) == {"S0004"}
    await later(market)
    await market.runtime.pool.execute("UPDATE forecasts SET versions = '{}' WHERE store_id = 'S0002'")
    assert await run(market, horizon_days=21) == {"S0002"}
    await later(market)
    assert await run(market, horizon_days=21, models=["seasonal_naive"]) == set(STORES)
    await later(market)
    await market.runtime.pool.execute(
        """UPDATE forecasts SET versions = versions || '{"numpy": "1.0"}' WHERE store_id = 'S0003'"""
    )
    assert await run(market, horizon_days=21, models=["seasonal_naive"]) == {"S0003"}
