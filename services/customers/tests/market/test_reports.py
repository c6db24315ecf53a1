"""The market through HTTP: one small market, counted by hand, in every report."""

from typing import Any

import pytest

from humidor_common.db.transaction import transaction
from humidor_customers.market.summing import start_anew
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.ordering import gtin
from humidor_customers.testing.selling import know, market_sums, returned, sale, sell, sum_market, voided

OCTOBER = {"since": "2026-10-01", "until": "2026-10-31"}
BOTH = {"since": "2025-10-01", "until": "2026-10-31"}


async def rows(desk: Desk, report: str, **params: Any) -> list[dict[str, Any]]:
    """Read every page of a report."""
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        found = await desk.ask("GET", f"/v1/market/{report}", params=OCTOBER | params | cursor)
        items += found["items"]
        if found["next_cursor"] is None:
            return items
        assert found["items"], "a page was empty although there is more"
        cursor = {"cursor": found["next_cursor"]}


@pytest.fixture
async def market(desk: Desk) -> Desk:
    """Harbour (1 and 2, of North) and River (3, of South) in a town of two stores and a village of one.

    In October 2026, in packs: Harbour 60 + 20 in town and 10 in the village, River 10 in one store of the
    town. The year before Harbour 50 and River 50, all in town.
    """
    await know(desk, p1=("Harbour", "North", "1"), p2=("Harbour", "North", "2"), p3=("River", "South", "2"))
    await desk.put("R1", trade_area="town", store_ids=["S0001", "S0002"])
    await desk.put("R3", trade_area="village", store_ids=["S0003"])
    offer = {"wholesale_minor_per_carton": 20_000, "currency": "CNY"}
    for number in (1, 2):
        await desk.ask("PUT", f"/v1/catalogue/{gtin(number)}/offer", json=offer, expect=201)
    big = sale("S0001", "2026-10-05 19:00", [(1, 65, 2500), (3, 10, 1000)], member="M1")
    gone = sale("S0001", "2026-10-06 10:00", [(1, 7, 2500)])
    await sell(
        desk,
        big,
        returned(big, [(1, 5, 2500)], hours=24),
        gone,
        voided(gone),
        sale("S0002", "2026-10-31 23:59", [(2, 20, 2000)], member="M2"),
        sale("S0003", "2026-10-01 00:00", [(1, 10, 2500)]),
        sale("S0001", "2025-10-15 12:00", [(1, 50, 2400), (3, 50, 900)]),
    )
    await sum_market(desk)
    return desk


async def test_shares_have_their_numerators_and_denominators(market: Desk) -> None:
    first, second = await rows(market, "shares")
    assert (first["key"], first["rank"], first["sales"]) == ("Harbour", 1, 3)
    assert first["volume"] == {"numerator": 1800, "denominator": 2000, "value": 0.9, "reason": None}
    assert first["value"]["numerator"] == 60 * 2500 + 20 * 2000 + 10 * 2500
    assert second["value"]["numerator"] == 10_000
    assert {row["key"]: row["volume"]["value"] for row in await rows(market, "shares", by="maker")} == {
        "North": 0.9,
        "South": 0.1,
    }
    classes = await rows(market, "shares", by="price_class", period="month", since="2025-10-01")
    assert [row["start"] for row in classes] == ["2025-10-01"] * 2 + ["2026-10-01"] * 2
    within = await rows(market, "shares", within="area")
    assert {(row["within"], row["key"]): row["volume"]["denominator"] for row in within} == {
        ("town", "Harbour"): 1800,
        ("town", "River"): 1800,
        ("village", "Harbour"): 200,
    }
    areas = await rows(market, "shares", by="area", until="2026-10-30")
    assert [(row["key"], row["volume"]["numerator"]) for row in areas] == [("town", 1400), ("village", 200)]
    products = await rows(market, "shares", by="product", area="town", brand="Harbour")
    assert [row["volume"]["value"] for row in products] == [0.75, 0.25]


async def test_prices_are_those_of_cartons_and_cases(market: Desk) -> None:
    harbour, river = await rows(market, "prices")
    assert harbour["per_carton"]["value"] == pytest.approx(215_000 / 9)
    assert harbour["per_case"]["value"] == pytest.approx(215_000 / (1800 / 50_000))
    assert harbour["retail_to_wholesale"]["value"] == pytest.approx(215_000 / 180_000)
    assert harbour["priced"]["value"] == 1.0
    assert river["retail_to_wholesale"] == {
        "numerator": None,
        "denominator": None,
        "value": None,
        "reason": "no-wholesale-price",
    }


async def test_concentration_and_growth_say_what_they_rest_on(market: Desk) -> None:
    (row,) = await rows(market, "concentration")
    assert row["volume"]["hhi"] == pytest.approx(0.82)
    assert row["volume"]["cr4"]["value"] == 1.0
    whole, harbour, river = await rows(market, "growth")
    assert (whole["whole"], whole["key"], whole["base_start"]) == (True, None, "2025-10-01")
    assert whole["volume"]["growth"] == 0.0
    assert harbour["volume"] == {
        "current": 1800,
        "base": 1000,
        "change": 800,
        "growth": 0.8,
        "contribution": 0.4,
        "contribution_rate": None,
        "reason": None,
    }
    assert river["value"]["growth"] == pytest.approx(10_000 / 45_000 - 1)
    (_, month_before, *_) = await rows(market, "growth", against="previous")
    assert month_before["volume"]["growth"] is None
    assert month_before["volume"]["reason"] == "zero-base"
    assert month_before["base_end"] == "2026-09-30"
    festive = await rows(market, "growth", against="lunar_year", since="2026-02-01", until="2026-02-17")
    assert festive == []
    away = await market.ask("GET", "/v1/market/growth", params={"since": "2024-01-01", "until": "2024-01-31"})
    assert (away["items"], away["reason"]) == ([], "no-sales")
    compound = await rows(market, "compound-growth", since="2024-11-01")
    assert {row["key"]: row["years"] for row in compound} == {None: 1.0, "Harbour": 1.0, "River": 1.0}
    assert compound[1]["volume"]["value"] == pytest.approx(0.8)


async def test_days_around_the_lunar_new_year_are_compared_with_those_around_the_one_before(
    market: Desk,
) -> None:
    """New year is on 17 February 2026 and was on 29 January 2025."""
    days = [("2026-02-10", 30), ("2025-01-22", 20), ("2025-02-10", 7)]
    await sell(market, *(sale("S0001", f"{day} 12:00", [(1, packs, 2500)]) for day, packs in days))
    await sum_market(market)
    february = {"since": "2026-02-01", "until": "2026-02-17"}
    (whole, _) = await rows(market, "growth", against="lunar_year", **february)
    assert (whole["lunar"], whole["base_start"], whole["base_end"]) == (True, "2025-01-13", "2025-01-29")
    assert (whole["volume"]["base"], whole["volume"]["growth"]) == (400, 0.5)
    (plain, _) = await rows(market, "growth", against="year", **february)
    assert (plain["lunar"], plain["volume"]["base"]) == (False, 140)


async def test_spread_counts_stores_and_what_they_sell(market: Desk) -> None:
    harbour, river = await rows(market, "distribution")
    assert (harbour["numeric"]["value"], river["numeric"]["value"]) == (1.0, pytest.approx(1 / 3))
    assert river["weighted_volume"]["value"] == 0.7
    assert river["numeric"]["low"] < 1 / 3 < river["numeric"]["high"]
    assert river["share"]["low"] <= 0.1 <= river["share"]["high"]
    known = await rows(market, "distribution", outlets=3)
    assert known[1]["numeric"]["low"] == known[1]["numeric"]["high"] == pytest.approx(1 / 3)
    await market.ask("GET", "/v1/market/distribution", params=OCTOBER | {"outlets": 2}, expect=422)
    months = await rows(market, "distribution", since="2025-10-01", period="month")
    assert [(row["start"], row["key"]) for row in months] == [
        (day, key) for day in ("2025-10-01", "2026-10-01") for key in ("Harbour", "River")
    ]
    one = await market.ask("GET", "/v1/market/distribution", params=OCTOBER | {"limit": 1})
    two = {"limit": 1, "cursor": one["next_cursor"]}
    rest = await market.ask("GET", "/v1/market/distribution", params=OCTOBER | two)
    assert [row["key"] for row in one["items"] + rest["items"]] == ["Harbour", "River"]
    assert rest["next_cursor"] is None
    active = await rows(market, "activity", by="product", since="2026-10-02", carried_days=30)
    rates = {
        row["key"]: (row["active_sku_rate"]["numerator"], row["active_sku_rate"]["denominator"])
        for row in active
    }
    assert rates == {gtin(1): (1, 2), gtin(2): (1, 1), gtin(3): (1, 1)}
    pulled = await rows(market, "activity", since="2026-10-06", until="2026-10-31")
    assert pulled[0]["brand_pull_rate"]["numerator"] == 400


async def test_a_shift_of_share_is_told_by_its_parts(market: Desk) -> None:
    harbour, river = await rows(market, "share-shifts", segment="area")
    assert harbour["shift"] == pytest.approx(0.4)
    assert harbour["within"] == pytest.approx((1 + 0.9) / 2 * (1600 / 1800 - 0.5))
    assert harbour["entry"] == pytest.approx(0.1)
    for row in (harbour, river):
        parts = row["within"] + row["mix"] + row["entry"] + row["exit"]
        assert parts == pytest.approx(row["shift"])


async def test_the_same_facts_again_and_a_rebuild_change_nothing(market: Desk) -> None:
    before = await market_sums(market)
    assert all(before.values())
    await market.runtime.pool.execute(
        "INSERT INTO purchase_days_changed SELECT store_id, local_day FROM purchases"
    )
    await sum_market(market)
    assert (await market.client.post("/v1/market:rebuild", headers=market.auth("manager"))).status_code == 403
    async with transaction(market.runtime.pool) as conn:
        await start_anew(conn)
    for report in ("shares", "growth", "distribution"):
        waiting = await market.ask("GET", f"/v1/market/{report}", params=OCTOBER)
        assert (waiting["items"], waiting["reason"]) == ([], "not-summed-yet")
    await sum_market(market)
    assert await market_sums(market) == before


async def test_a_store_that_comes_to_another_area_takes_its_past_with_it(market: Desk) -> None:
    await market.put("R1", trade_area="town", store_ids=["S0001"])
    await market.put("R3", trade_area="village", store_ids=["S0002", "S0003"])
    await sum_market(market)
    areas = await rows(market, "shares", by="area", since="2025-10-01", until="2026-10-30", period="month")
    assert {(row["start"], row["key"]): row["volume"]["numerator"] for row in areas} == {
        ("2025-10-01", "town"): 2000,
        ("2026-10-01", "town"): 1400,
        ("2026-10-01", "village"): 200,
    }
    whole = await rows(market, "shares", by="area")
    assert [(row["key"], row["volume"]["numerator"]) for row in whole] == [("town", 1400), ("village", 600)]
    sums = await market_sums(market)
    assert len({tuple(sum(row[n] for row in rows) for n in (5, 6, 7)) for rows in sums.values()}) == 1


async def test_mistakes_and_strangers_are_told_apart(market: Desk) -> None:
    for wrong, field in (
        ({"until": "2026-09-30"}, "until"),
        ({"until": "2099-01-01"}, "until"),
        ({"since": "2010-01-01"}, "since"),
        ({"by": "area", "within": "store"}, "within"),
        ({"by": "brand", "within": "brand"}, "within"),
        ({"within": "area", "level": "wholesale"}, "level"),
        ({"cursor": "bm8"}, "cursor"),
        ({"period": "decade"}, "period"),
    ):
        problem = await market.ask("GET", "/v1/market/shares", params=OCTOBER | wrong, expect=422)
        assert field in problem["errors"][0]["field"]
    await market.ask("GET", "/v1/market/compound-growth", params=OCTOBER, expect=422)
    mine = market.auth("manager", stores=["S0002"])
    seen = await market.ask("GET", "/v1/market/shares", params=OCTOBER, headers=mine)
    assert [row["volume"]["denominator"] for row in seen["items"]] == [400]
    await market.ask(
        "GET", "/v1/market/shares", params=OCTOBER | {"store_id": "S0001"}, headers=mine, expect=403
    )
    await market.ask("GET", "/v1/market/coverage", params=OCTOBER, headers=mine, expect=403)


async def test_what_is_odd_has_an_answer(desk: Desk) -> None:
    assert (
        await rows(desk, "shares")
        == await rows(desk, "concentration")
        == await rows(desk, "distribution")
        == []
    )
    unknown = sale("S0001", "2026-10-05 12:00", [(9, 1, 1000)])
    absurd = sale("S0001", "2026-10-05 12:00", [(8, 10**12, 2500)])
    await sell(desk, unknown, absurd, returned(unknown, [(9, 3, 1000)]))
    await sum_market(desk)
    (row,) = await rows(desk, "shares")
    assert (row["key"], row["left_out_lines"]) == (None, 1)
    assert row["volume"] == {
        "numerator": -40,
        "denominator": -40,
        "value": None,
        "reason": "negative-total",
    }
    (concentration,) = await rows(desk, "concentration")
    assert (concentration["value"]["reason"], concentration["value"]["hhi"]) == ("no-sales", None)
    (price,) = [row for row in await rows(desk, "prices", by="product") if row["key"] == gtin(8)]
    assert price["per_carton"]["reason"] == "no-sales"
    assert await rows(desk, "distribution") == []
    coverage = await desk.ask("GET", "/v1/market/coverage", params=OCTOBER)
    assert (coverage["left_out_lines"], coverage["sticks_without_brand"]) == (1, -40)
    await know(desk, p9=("Late", "North", "1"))
    (named, _) = await rows(desk, "shares", by="brand", period="day")
    assert {named["key"]} <= {None, "Late"}
