"""Elasticities of demand that the service has recorded: what was planted in sales comes out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from humidor_common.clock import utc_now
from humidor_common.ids import uuid7
from humidor_forecasting.elasticity.rules import monday_of, number_of
from humidor_forecasting.testing.market import GTIN, Market, line, product, sale, store

PATH = "/v1/elasticities/of-demand"
TRUE, LIFT, SWING = -1.2, 0.5, 0.2
WEEKS = 120
STORES = ("S0001", "S0002", "S0003")


async def ask(market: Market, expect: int = 200, **body: Any) -> Any:
    return await market.ask("POST", PATH, json=body, expect=expect)


def mondays() -> list[datetime]:
    this = monday_of(utc_now().date())
    first = datetime(this.year, this.month, this.day, 4, tzinfo=UTC) - timedelta(weeks=WEEKS)
    return [first + timedelta(weeks=n) for n in range(WEEKS)]


async def sell(market: Market, store_id: str, prices: Any, logs: Any) -> None:
    """One sale on Monday of each week: its price of a pack, and the logarithm of its packs."""
    await market.sold(*(
        sale(f"{store_id}/{n}", line(round(float(np.exp(log))), price=round(float(price))),
             store_id=store_id, at=monday)
        for n, (monday, price, log) in enumerate(zip(mondays(), prices, logs, strict=True))
    ))  # fmt: skip


def inside(coefficient: Any, value: float) -> bool:
    return bool(coefficient["low"] < value < coefficient["high"])


async def test_price_promotion_and_season_of_recorded_demand_are_found(market: Market) -> None:
    await market.know(product(), *(store(each) for each in STORES))
    random = np.random.default_rng(7)
    numbers = np.array([number_of(each.date()) for each in mondays()])
    season = SWING * np.sin(2 * np.pi * numbers / 52.1775)
    common = random.normal(0, 0.03, WEEKS)
    promoted = np.isin(np.arange(WEEKS), [9, 25, 26, 48, 70, 71, 90, 111])
    sold_out = 60
    for size, store_id in enumerate(STORES):
        regular = 2500 * 1.04 ** np.cumsum(random.choice([0, 1, -1], WEEKS, p=[0.9, 0.06, 0.04]))
        logs = 6 + size / 2 + TRUE * np.log(regular / 2500) + season + LIFT * promoted + common
        logs += random.normal(0, 0.05, WEEKS)
        logs[sold_out] -= 2.0
        await sell(market, store_id, regular * np.where(promoted, 0.8, 1.0), logs)
        out = mondays()[sold_out] + timedelta(days=2, hours=1)
        await market.runtime.pool.execute(
            "INSERT INTO stock_outs VALUES ($1, $2, $3, $4, $5)",
            uuid7(), store_id, GTIN, out, out + timedelta(days=1),
        )  # fmt: skip
    for number in np.flatnonzero(promoted):
        first = mondays()[number].date()
        offer = {"name": "Cut", "mechanic": "price-cut", "gtins": [GTIN], "discount_percent": 20,
                 "starts_on": str(first), "ends_on": str(first + timedelta(days=6))}  # fmt: skip
        await market.ask("PUT", f"/v1/promotions/p{number}", json=offer, expect=201)

    found = await ask(market, brand="Loop")
    by_name = {each["name"]: each for each in found["coefficients"]}
    assert (found["series"], found["weeks"], found["rows"]) == (3, WEEKS - 1, 3 * (WEEKS - 1))
    assert inside(found["elasticity"], TRUE)
    assert found["elasticity"]["high"] < 0
    assert inside(by_name["promotion"], LIFT)
    assert inside(by_name["season_sine"], SWING)
    assert inside(by_name["season_cosine"], 0.0)
    assert by_name["promotion"]["p_value"] < 0.001
    assert {"durbin_watson", "breusch_pagan_p"} <= {each["name"] for each in found["diagnostics"]}
    said = " / ".join(found["remarks"])
    assert "3 weeks of series were sold out" in said
    assert "a week promoted throughout" in said
    assert "height of its season" in said

    bound = market.auth("manager", stores=["S0001"])
    one = await market.ask("POST", PATH, json={"store_ids": ["S0001"], "gtins": [GTIN]}, headers=bound)
    assert (one["series"], inside(one["elasticity"], TRUE)) == (1, True)
    await market.ask("POST", PATH, json={"gtins": [GTIN]}, headers=bound, expect=403)
    short = await ask(market, first_day=str(mondays()[-20].date()))
    assert any("20 weeks are few" in each for each in short["remarks"])
    assert any("a season cannot be told" in each for each in short["remarks"])
    answer = await market.client.post(f"{PATH}?format=csv", json={"brand": "Loop"}, headers=market.auth())
    assert "promotion" in answer.text


async def test_an_instrument_finds_what_least_squares_misses_where_price_follows_demand(
    market: Market,
) -> None:
    await market.know(product(), *(store(each) for each in STORES))
    random = np.random.default_rng(3)
    taxes = random.uniform(800, 1600, WEEKS // 8)
    tax = np.repeat(taxes, 8)
    for store_id in STORES:
        hidden = random.normal(0, 0.15, WEEKS)
        price = 2500 * (tax / 1200) ** 0.5 * np.exp(0.6 * hidden + random.normal(0, 0.01, WEEKS))
        logs = 7 + TRUE * np.log(price / 2500) + hidden + random.normal(0, 0.03, WEEKS)
        await sell(market, store_id, price, logs)
    plain = await ask(market, gtins=[GTIN])
    assert plain["elasticity"]["low"] > TRUE
    steps = [
        {"starts_on": str(mondays()[8 * n].date()), "value": float(each)} for n, each in enumerate(taxes)
    ]
    found = await ask(market, gtins=[GTIN], instruments={"tax": steps})
    assert inside(found["elasticity"], TRUE)
    assert found["method"].startswith("two-stage least squares")
    told = {each["name"]: each["value"] for each in found["diagnostics"]}
    assert told["first_stage_f"] > 10
    assert told["wu_hausman_p"] < 0.01

    late = await ask(market, gtins=[GTIN], instruments={"tax": steps[1:]})
    assert late["weeks"] == WEEKS - 8
    assert any(
        "24 weeks have no regular price, or an instrument no value" in each for each in late["remarks"]
    )
    flat = await ask(market, 422, gtins=[GTIN], instruments={"tax": steps[:1]})
    assert flat["errors"] == [{"field": "instruments.tax", "message": "has not moved in these weeks"}]


async def test_a_refusal_names_the_field(market: Market) -> None:
    await market.know(product(), store())

    async def refused(**body: Any) -> tuple[str, str]:
        error = (await ask(market, 422, **body))["errors"][0]
        return error["field"], error["message"]

    assert await refused(brand="Loop") == (
        "brand",
        "there is no whole week in which it was sold at a price",
    )
    await sell(market, "S0001", [2500] * WEEKS, [5.0] * WEEKS)
    assert "prices have not moved" in (await refused(gtins=[GTIN]))[1]
    today = utc_now().date()
    assert (await refused(first_day=str(today)))[0] == "first_day"
    assert (await refused(first_day="2019-01-01"))[0] == "first_day"
    assert (await refused(first_day="2026-02-01", last_day="2026-01-01"))[0] == "last_day"
    assert (await refused(linear_instruments=["tax"]))[0] == "linear_instruments"
    zero = [{"starts_on": "2020-01-01", "value": 0}]
    assert (await refused(instruments={"tax": zero}))[0] == "instruments.tax"
    assert (await refused(instruments={"price": zero}))[0] == "instruments.price"
    assert (await refused(instruments={"tax": zero * 2}))[0] == "instruments.tax"
    ahead = [{"starts_on": str(today + timedelta(days=1)), "value": 1}]
    assert (await refused(instruments={"tax": ahead}))[0] == "instruments.tax"
    assert (await refused(instruments={"tax": []}))[0] == "instruments.tax"
    assert (await refused(store_id="S0001"))[0] == "store_id"
    await ask(market, 422, store_ids=["S0001"], area="North")
    await market.runtime.pool.execute(
        "UPDATE demand_days SET amount_minor = amount_minor * 1.1 WHERE day > $1", today - timedelta(days=14)
    )
    month = str(today - timedelta(days=35))
    assert "rows are too few" in (await refused(store_ids=["S0001"], first_day=month))[1]
