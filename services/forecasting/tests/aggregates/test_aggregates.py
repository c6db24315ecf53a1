"""Forecasts of stores, brands and all, that add up; asked over HTTP."""

from datetime import timedelta
from typing import Any

from humidor_common.clock import utc_now
from humidor_forecasting.testing.market import GTIN, Market, days_of_sales, product, store
from humidor_forecasting.testing.publishing import publish

OTHER = "06901028000017"
THIRD = "06901028000024"
PATH = "/v1/aggregate-forecasts"


async def get(market: Market, **params: Any) -> Any:
    return await market.ask("GET", PATH, params=params)


async def test_levels_add_up_exactly_however_they_are_cut(market: Market) -> None:
    now = utc_now()
    today = (now + timedelta(hours=8)).date()
    await market.know(
        product(), product(OTHER, brand="Harbour"), product(THIRD, price_class="3"), store(), store("S0002")
    )
    empty = await get(market)
    assert (empty["whole"], empty["series"]) == (None, 0)
    for number, (store_id, gtin) in enumerate(
        (store_id, gtin) for store_id in ("S0001", "S0002") for gtin in (GTIN, OTHER, THIRD)
    ):
        amounts = [(3 + number) * (1 + (day % 7 > 4)) + (day * (number + 3)) % 5 for day in range(80)]
        await market.sold(*days_of_sales(amounts, until=today, store_id=store_id, gtin=gtin))
    await publish(market, ["S0001", "S0002"], at=now, gtins=[GTIN, OTHER, THIRD])

    total = await get(market, by="store")
    assert (total["series"], total["horizon_days"], len(total["parts"])) == (6, 28, 2)
    assert 0 <= total["together"] < 0.95
    by_brand = await get(market, by="brand")
    assert [part["key"] for part in by_brand["parts"]] == ["Harbour", "Loop"]
    one = await get(market, store_id="S0001", by="product")
    forecast = await market.ask("GET", f"/v1/forecasts/S0001/{GTIN}")
    single = next(part for part in one["parts"] if part["key"] == GTIN)
    assert [day["mean_sticks"] for day in single["days"]] == [day["mean_sticks"] for day in forecast["days"]]
    for cut in (total, by_brand, one):
        for place, day in enumerate(cut["whole"]["days"]):
            parts = sum(part["days"][place]["mean_sticks"] for part in cut["parts"])
            assert abs(day["mean_sticks"] - parts) < 1e-6
            quantiles = [each["quantity_sticks"] for each in day["quantiles"]]
            assert quantiles == sorted(quantiles)
    assert total["whole"]["total_mean_sticks"] == by_brand["whole"]["total_mean_sticks"]
    assert (await get(market, area="Nowhere"))["notes"] == [
        "nothing is forecast of these stores and products"
    ]
    bound = market.auth("manager", stores=["S0001"])
    await market.ask("GET", PATH, headers=bound, expect=403)
    params = {"store_id": "S0001", "price_class": "3", "horizon_days": "7"}
    short = await market.ask("GET", PATH, params=params, headers=bound)
    assert (short["series"], short["horizon_days"], short["parts"]) == (1, 7, [])

    issued = forecast["forecast_id"]
    again = await market.ask("POST", f"/v1/issued-forecasts/{issued}:reproduce")
    assert (again["equal"], again["differs"], again["largest_difference_sticks"]) == (True, [], 0.0)
    assert again["changed_versions"] == []
    await market.runtime.pool.execute(
        """UPDATE forecasts SET days = jsonb_set(days, '{0,0}', '1234.5'),
               versions = versions || '{"numpy": "1.0"}' WHERE forecast_id = $1""",
        issued,
    )
    other = await market.ask("POST", f"/v1/issued-forecasts/{issued}:reproduce")
    assert (other["equal"], other["differs"]) == (False, ["days"])
    assert other["largest_difference_sticks"] > 1000
    assert [each["name"] for each in other["changed_versions"]] == ["numpy"]
    elsewhere = market.auth("manager", stores=["S0002"])
    await market.ask("POST", f"/v1/issued-forecasts/{issued}:reproduce", headers=elsewhere, expect=403)
