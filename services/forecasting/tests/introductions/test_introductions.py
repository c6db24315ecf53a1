"""A product that a store has never sold gets a forecast, and so a level, before its first day."""

from datetime import timedelta
from typing import Any

from humidor_common.events.forecasting import ForecastPublished
from humidor_forecasting.testing.market import GTIN, Market, days_of_sales, product, store, store_day
from humidor_forecasting.testing.running import work_off

NEW = "06901028000031"
LIKE = "06901028000024"
UNLIKE = "06901028000017"


async def run(market: Market) -> list[dict[str, Any]]:
    terms = {"models": ["seasonal_naive"], "horizon_days": 14}
    made = await work_off(market, terms)
    found: list[dict[str, Any]] = (await market.ask("GET", f"/v1/runs/{made['run_id']}/series"))["items"]
    return found


async def test_a_new_product_and_a_new_store_are_forecast_by_the_ordinary_run(market: Market) -> None:
    today = store_day()
    await market.know(
        product(name="Old"), product(LIKE, name="Like it"), product(NEW, name="New"),
        product(UNLIKE, brand="Other", price_class="5"), store(), store("S0002"), store("S0009"),
    )  # fmt: skip
    week = [10, 12, 11, 13, 20, 25, 8]
    for gtin, times, days in ((GTIN, 1, 120), (LIKE, 2, 70), (UNLIKE, 30, 120)):
        amounts = [times * week[day % 7] for day in range(days)]
        await market.sold(*days_of_sales(amounts, until=today, gtin=gtin))
        half = [amount // 2 for amount in amounts]
        await market.sold(*days_of_sales(half, until=today, gtin=gtin, store_id="S0002"))
    launch = {"starts_on": str(today + timedelta(days=2)), "store_ids": ["S0001"], "gtins": [NEW]}
    opening = {"starts_on": str(today), "store_ids": ["S0009"], "gtins": [GTIN, LIKE]}
    bound = market.auth("manager", stores=["S0001"])
    await market.ask("PUT", "/v1/introductions/opening", json=opening, headers=bound, expect=403)
    made = await market.ask("PUT", "/v1/introductions/launch", json=launch, headers=bound, expect=201)
    assert made["version"] == 1
    await market.ask("PUT", "/v1/introductions/opening", json=opening, expect=201)
    stale = {"If-Match": '"7"'}
    await market.ask(
        "PUT", "/v1/introductions/launch", json=launch, headers=market.auth() | stale, expect=412
    )
    await market.ask("PUT", "/v1/introductions/x", json=launch | {"gtins": []}, expect=422)
    series = await run(market)
    states = {
        (each["store_id"], each["gtin"]): each["model"] for each in series if each["store_id"] != "S0002"
    }
    assert states["S0001", NEW] == states["S0009", GTIN] == states["S0009", LIKE] == "analogues"
    assert states["S0001", GTIN] != "analogues"

    new = await market.ask("GET", f"/v1/forecasts/S0001/{NEW}")
    known = await market.ask("GET", f"/v1/forecasts/S0001/{LIKE}")
    assert [day["mean_sticks"] for day in new["days"][:2]] == [0.0, 0.0]
    assert all(day["mean_sticks"] > 0 for day in new["days"][2:])
    named = " ".join(new["reasons"])
    assert GTIN in named
    assert LIKE in named
    assert UNLIKE not in named
    spread = [
        each["cumulative"][13]["quantiles"][7]["quantity_sticks"] / each["cumulative"][13]["mean_sticks"]
        for each in (new, known)
    ]
    assert spread[0] > spread[1]
    opened = await market.ask("GET", f"/v1/forecasts/S0009/{GTIN}")
    assert 0.3 * 1980 < opened["cumulative"][6]["quantiles"][4]["quantity_sticks"] < 1.5 * 1980
    told = {each.series_id for each in await market.told(ForecastPublished)}
    assert {f"S0001/{NEW}", f"S0009/{GTIN}"} <= told
    listed = await market.ask("GET", "/v1/forecasts", params={"store_id": "S0009"})
    assert [each["gtin"] for each in listed["items"]] == sorted([GTIN, LIKE])
    whole = await market.ask("GET", "/v1/aggregate-forecasts", params={"store_id": "S0009"})
    assert whole["series"] == 2
    again = await market.ask("POST", f"/v1/issued-forecasts/{new['forecast_id']}:reproduce")
    assert again["equal"], again

    assert len((await market.ask("GET", "/v1/introductions"))["items"]) == 2
    await market.ask("DELETE", "/v1/introductions/launch", headers=market.auth("auditor"), expect=403)
    await market.ask("DELETE", "/v1/introductions/launch", expect=204)
    await market.ask("GET", "/v1/introductions/launch", expect=404)
    gone = await run(market)
    assert ("S0001", NEW) not in {(each["store_id"], each["gtin"]) for each in gone}
