"""What would be demanded, asked over HTTP; nothing that is published changes."""

from datetime import timedelta
from typing import Any

from humidor_common.clock import utc_now
from humidor_common.events.forecasting import ForecastPublished
from humidor_forecasting.testing.market import GTIN, Market, line, product, sale, store, store_day
from humidor_forecasting.testing.publishing import publish

WEEK = [10, 12, 11, 13, 20, 25, 8]
OTHER = "06901028000017"


async def sell(market: Market, store_id: str, days: int, promoted: range) -> None:
    """Sales until yesterday: one price, and twice as much in the days of the promotion."""
    now = utc_now()
    await market.sold(*(
        sale(f"{store_id}/{ago}", line(WEEK[ago % 7] * (2 if ago in promoted else 1) + ago % 3),
             store_id=store_id, at=now - timedelta(days=ago))
        for ago in range(1, days)
    ))  # fmt: skip


async def ask(market: Market, expect: int = 200, **body: Any) -> Any:
    return await market.ask("POST", "/v1/what-ifs", json=body, expect=expect)


async def test_a_price_a_tax_and_a_promotion_move_demand_and_nothing_that_is_published(
    market: Market,
) -> None:
    now = utc_now()
    today = store_day(now)
    await market.know(product(), *(store(f"S000{n}") for n in (1, 2, 3)))
    promoted = range(20, 27)
    for n in (1, 2, 3):
        await sell(market, f"S000{n}", 100, promoted)
    for n in (1, 2, 3):
        offer = {
            "name": "Two for one", "mechanic": "gift", "gtins": [GTIN], "store_ids": [f"S000{n}"],
            "starts_on": str(today - timedelta(days=26)), "ends_on": str(today - timedelta(days=20)),
        }  # fmt: skip
        await market.ask("PUT", f"/v1/promotions/p{n}", json=offer, expect=201)
    await ask(market, 404, gtins=[GTIN], price={"percent": 10})
    await publish(market, ["S0001", "S0002", "S0003"], at=now)
    before = await market.ask("GET", f"/v1/forecasts/S0001/{GTIN}")

    tax = await ask(market, store_ids=["S0001"], gtins=[GTIN], price={"tax_per_pack_minor": 250})
    assert (tax["horizon_days"], len(tax["published"]["days"])) == (28, 28)
    assert [each["mean_sticks"] for each in tax["published"]["days"]] == [
        each["mean_sticks"] for each in before["days"]
    ]
    assert (tax["series"][0]["price_minor"], tax["series"][0]["new_price_minor"]) == (2500.0, 2750.0)
    assert -5.5 < tax["change_percent"] < -2.5  # 10 % more at -0.4
    assert (
        tax["change_quantiles"][0]["percent"] < tax["change_percent"] < tax["change_quantiles"][-1]["percent"]
    )
    assert "Chaloupka" in tax["elasticity"]["source"]
    assert "fewer than 26 weeks" in tax["elasticity"]["reasons"][0]
    assert any("never paid" in each for each in tax["reasons"])
    assert "elasticity" in tax["formula"][0]

    stated = await ask(
        market,
        price={"percent": 10, "starts_on": str(today + timedelta(days=14))},
        elasticity={"value": -1.0},
    )
    assert len(stated["series"]) == 3
    early, late = stated["changed"]["days"][:14], stated["changed"]["days"][14:]
    assert early == stated["published"]["days"][:14]
    for was, is_ in zip(stated["published"]["days"][14:], late, strict=True):
        assert abs(is_["mean_sticks"] * 1.1 - was["mean_sticks"]) < 0.01

    days = {"starts_on": str(today + timedelta(days=2)), "ends_on": str(today + timedelta(days=4))}
    offered = await ask(market, brand="Loop", promotion=days | {"mechanic": "gift"})
    assert offered["promotion"]["observations"] == 3
    ratios = [
        changed["mean_sticks"] / was["mean_sticks"]
        for was, changed in zip(offered["published"]["days"], offered["changed"]["days"], strict=True)
    ]
    assert all(1.6 < each < 2.3 for each in ratios[2:5])
    assert ratios[:2] + ratios[5:] == [1.0] * 25
    cheaper = await ask(market, promotion=days | {"mechanic": "price-cut", "discount_percent": 20})
    assert cheaper["change_percent"] > 0
    assert "price elasticity" in cheaper["promotion"]["source"]

    assert await market.ask("GET", f"/v1/forecasts/S0001/{GTIN}") == before
    assert len(await market.told(ForecastPublished)) == 3


async def test_what_cannot_be_asked_is_refused_by_field(market: Market) -> None:
    now = utc_now()
    await market.know(product(retail_price_per_pack=None), store())
    await sell(market, "S0001", 60, range(0))
    await market.runtime.pool.execute("UPDATE demand_days SET amount_minor = 0")
    await publish(market, ["S0001"], at=now)
    bound = market.auth("manager", stores=["S0002"])
    await market.ask("POST", "/v1/what-ifs", json={"price": {"percent": 5}}, headers=bound, expect=403)
    one = {"store_ids": ["S0001"], "price": {"percent": 5}}
    await market.ask("POST", "/v1/what-ifs", json=one, headers=bound, expect=403)
    await ask(market, 422)
    await ask(market, 422, price={"percent": 5, "per_pack_minor": 100})
    await ask(market, 422, price={"percent": 5}, area="North", store_ids=["S0001"])
    problem = await ask(market, 422, price={"per_pack_minor": 2600})
    assert problem["errors"][0]["field"] == "price"
    past = {"mechanic": "gift", "starts_on": "2020-01-01", "ends_on": "2020-01-02"}
    problem = await ask(market, 422, promotion=past)
    assert problem["errors"][0]["field"] == "promotion.starts_on"
    assert (await ask(market, price={"percent": 5}))["series"][0]["price_minor"] is None
