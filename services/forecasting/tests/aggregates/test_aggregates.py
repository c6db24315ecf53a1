"""Forecasts of stores, brands and all, that add up; asked over HTTP."""

from datetime import timedelta
from typing import Any

from humidor_common.clock import utc_now
from humidor_common.events.customers import RetailerChanged
from humidor_forecasting.testing.market import (
    GTIN,
    NOON,
    Market,
    days_of_sales,
    ordered,
    product,
    store,
    store_day,
)
from humidor_forecasting.testing.publishing import publish

OTHER = "06901028000017"
THIRD = "06901028000024"
PATH = "/v1/aggregate-forecasts"


async def get(market: Market, **params: Any) -> Any:
    return await market.ask("GET", PATH, params=params)


async def test_levels_add_up_exactly_however_they_are_cut(market: Market) -> None:
    now = utc_now()
    today = store_day(now)
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


async def test_areas_classes_and_channels_are_added_up_and_goods_counted_twice_are_said(
    market: Market,
) -> None:
    now = utc_now()
    today = store_day(now)
    await market.know(
        product(), product(OTHER, price_class="3"), store(), store("S0002"), store("W0001", kind="warehouse")
    )
    await market.know(area("C1", ["S0001"], "North"), area("C2", ["S0002"], "South"))
    sizes = {("S0001", GTIN): 4, ("S0001", OTHER): 7, ("S0002", GTIN): 9}
    for (store_id, gtin), size in sizes.items():
        await market.sold(*days_of_sales([size] * 60, until=today, store_id=store_id, gtin=gtin))
    await market.sold(*(
        ordered(f"o{ago}", 260, 260, at=now - timedelta(days=ago)) for ago in range(1, 61)
    ))  # fmt: skip
    await publish(market, ["S0001", "S0002", "W0001"], at=now, gtins=[GTIN, OTHER], horizon_days=7)

    def sticks(answer: Any) -> float:
        return float(answer["whole"]["total_mean_sticks"])

    retail = await get(market, channel="retail", by="area")
    assert {part["key"]: part["total_mean_sticks"] for part in retail["parts"]} == {
        "North": 7 * 11 * 20, "South": 7 * 9 * 20,
    }  # fmt: skip
    assert sticks(retail) == 7 * 20 * 20
    assert not any("twice" in each for each in retail["notes"])
    by_class = await get(market, channel="retail", by="class")
    assert {part["key"]: part["total_mean_sticks"] for part in by_class["parts"]} == {
        "2": 7 * 13 * 20, "3": 7 * 7 * 20,
    }  # fmt: skip
    north = await get(market, area="North")
    assert (north["store_level"], north["series"], sticks(north)) == ("area", 2, 7 * 11 * 20)
    trade = await get(market, channel="trade")
    assert (trade["series"], sticks(trade), trade["notes"]) == (1, 7 * 260, [])
    both = await get(market, by="area")
    assert sticks(both) == sticks(retail) + sticks(trade)
    assert [part["key"] for part in both["parts"]] == ["", "North", "South"]
    assert any("1 of 4 series are what warehouses deliver" in each for each in both["notes"])
    changed = {"price": {"percent": 5}, "elasticity": {"value": -1.0}}
    asked = await market.ask("POST", "/v1/what-ifs", json=changed)
    assert any("twice" in each for each in asked["reasons"])
    asked = await market.ask("POST", "/v1/what-ifs", json=changed | {"channel": "retail"})
    assert len(asked["series"]) == 3
    assert not any("twice" in each for each in asked["reasons"])
    await market.ask("GET", PATH, params={"channel": "mail"}, expect=422)


def area(retailer_id: str, store_ids: list[str], trade_area: str) -> RetailerChanged:
    return RetailerChanged(
        retailer_id=retailer_id, state="active", licence_number=None, licence_status=None,
        licence_valid_from=None, licence_valid_until=None, time_zone="Asia/Shanghai",
        business_format="convenience", market_type="urban", trade_area=trade_area, sales_line=None,
        compliance_grade=None, credit_limit_minor=None, currency="CNY", parent_id=None, version=1,
        changed_at=NOON, store_ids=store_ids,
    )  # fmt: skip
