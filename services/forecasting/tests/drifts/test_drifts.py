"""Forecasts that were published are held against what was then demanded."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from humidor_common.clock import utc_now
from humidor_common.db.transaction import transaction
from humidor_common.events.forecasting import ForecastDrifted
from humidor_common.events.inventory import AlertRaised
from humidor_forecasting.demand.consumers import STOCK_OUTS
from humidor_forecasting.drifts.service import watch
from humidor_forecasting.runs import queries as runs
from humidor_forecasting.testing.market import GTIN, Market, line, product, sale, store, store_day
from humidor_forecasting.testing.publishing import publish

WEEK = [10, 12, 11, 13, 20, 25, 8]
STORES = ["S0001", "S0002", "S0003", "S0004", "S0005"]


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


async def sell(market: Market, store_id: str, days: list[date], times: float) -> None:
    """A sale a day, of so many times what the weekday usually has."""
    await market.sold(*(
        sale(f"{store_id}/{day}", line(round(WEEK[day.weekday()] * times + day.day % 3)), store_id=store_id,
             at=noon(day))
        for day in days
    ))  # fmt: skip


async def episodes(market: Market, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await market.ask("GET", "/v1/drifts", params=params))["items"]
    return found


async def test_a_series_that_leaves_its_band_is_told_once_refitted_and_closed_when_it_is_back(
    market: Market,
) -> None:
    today = store_day()
    begin = today - timedelta(days=15)
    past = [begin - timedelta(days=i) for i in range(1, 101)]
    lately = [begin + timedelta(days=i) for i in range(15)]
    await market.know(product(), *(store(each) for each in STORES))
    for each in STORES:
        await sell(market, each, past, 1.0)
    assert await watch(market.runtime.pool, now=noon(today)) == 0  # nothing is published yet
    await publish(market, STORES, at=noon(begin))
    await market.runtime.pool.execute("DELETE FROM watched_series")
    await sell(market, "S0001", lately, 1.0)
    await sell(market, "S0002", lately, 3.0)
    await market.tell(STOCK_OUTS, AlertRaised(
        alert_id=uuid4(), kind="stock_out", store_id="S0003", subject=GTIN, gtin=GTIN, lot=None,
        severity="critical", figures={}, raised_at=noon(begin),
    ))  # fmt: skip
    assert await watch(market.runtime.pool, now=noon(today)) == 3
    told = {each.store_id: each for each in await market.told(ForecastDrifted)}
    # S0003 was sold out, so that nobody can know; from S0004 and S0005 demand has gone.
    assert sorted(told) == ["S0002", "S0004", "S0005"]
    up, gone = told["S0002"], told["S0004"]
    assert up.wape > up.band > up.expected_wape
    assert (up.days, up.until) == (14, (today - timedelta(days=1)).isoformat())
    assert up.bias_sticks < 0 < gone.bias_sticks
    assert gone.wape == 4.0
    assert await watch(market.runtime.pool, now=noon(today)) == 0
    bound = market.auth("manager", stores=["S0002"])
    seen = await market.ask("GET", "/v1/drifts", headers=bound)
    assert [each["store_id"] for each in seen["items"]] == ["S0002"]
    await market.ask("GET", "/v1/drifts?store_id=S0004", headers=bound, expect=403)
    first = await market.ask("GET", "/v1/drifts", params={"limit": "1"})
    rest = await market.ask("GET", "/v1/drifts", params={"cursor": first["next_cursor"]})
    assert len(first["items"] + rest["items"]) == 3

    # Nothing has changed since these forecasts, but what drifts is forecast anew, by whoever is best now.
    await publish(market, STORES, at=utc_now() + timedelta(minutes=6))
    run = await market.ask("POST", "/v1/runs", json={"only_changed": True}, expect=202)
    async with transaction(market.runtime.pool) as conn:
        held = await runs.claim(conn, now=utc_now())
        assert held is not None
        assert str(held.run_id) == run["run_id"]
        assert [each[0] for each in await runs.waiting(conn, held, 10)] == ["S0002", "S0004", "S0005"]

    # Still outside a day later: the same episode. Back two weeks later: closed, and told no second time.
    await sell(market, "S0002", [today], 5.0)
    assert await watch(market.runtime.pool, now=noon(today + timedelta(days=1))) == 0
    assert [each["store_id"] for each in await episodes(market, state="closed")] == []
    later = [today + timedelta(days=i) for i in range(1, 16)]
    await market.runtime.pool.execute(
        "UPDATE forecasts SET days = (SELECT jsonb_agg(jsonb_build_array(400)) FROM generate_series(1, 28)) "
        "WHERE store_id = 'S0002'"
    )
    await market.sold(*(sale(f"b/{day}", line(20), store_id="S0002", at=noon(day)) for day in later))
    await sell(market, "S0001", [today, *later], 1.0)
    assert await watch(market.runtime.pool, now=noon(today + timedelta(days=16))) == 0
    (closed,) = [each for each in await episodes(market, state="closed") if each["store_id"] == "S0002"]
    assert closed["wape"] == 0.0
    assert closed["worst_wape"] >= up.wape
    assert len(await market.told(ForecastDrifted)) == 3
    await watch(market.runtime.pool, now=noon(today + timedelta(days=90)))
    assert await episodes(market, state="open") == []
