"""One absurd sale reaches a run as any other: it is cut, and the forecast's notes say so."""

from datetime import timedelta

from humidor_forecasting.testing.market import GTIN, Market, days_of_sales, product, store, store_day
from humidor_forecasting.testing.running import work_off

WEEK = [10, 12, 11, 13, 20, 25, 8]
ABSURD = 50_000


async def test_an_absurd_sale_on_a_promotion_and_one_in_a_young_series_are_cut_and_told(
    market: Market,
) -> None:
    today = store_day()
    await market.know(product(), store("S0001"), store("S0002"))
    long, young = (WEEK * 10)[:70], [*WEEK, 10, 12]
    long[60] = young[4] = ABSURD
    await market.sold(*days_of_sales(long, until=today), *days_of_sales(young, until=today, store_id="S0002"))
    promotion = {
        "name": "autumn",
        "mechanic": "display",
        "reason": "agreed with the brand",
        "starts_on": (today - timedelta(days=12)).isoformat(),
        "ends_on": (today - timedelta(days=6)).isoformat(),
        "store_ids": ["S0001"],
        "gtins": [GTIN],
    }
    await market.ask("PUT", "/v1/promotions/autumn", json=promotion, expect=201)
    await work_off(market, {"models": ["seasonal_naive", "moving_average"], "horizon_days": 7})
    for store_id in ("S0001", "S0002"):
        view = await market.ask("GET", f"/v1/forecasts/{store_id}/{GTIN}")
        said = f"1 absurd amounts cut to 500 at most (the greatest was {20 * ABSURD})"
        assert view["notes"] == [said]
        assert view["cumulative"][6]["mean_sticks"] < 2 * 20 * sum(WEEK)
