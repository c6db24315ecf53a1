"""Reports over HTTP: a worked example, what adds up to what, who sees what."""

from datetime import date, timedelta
from typing import Any

import pytest

from humidor_common.clock import local_date, utc_now
from humidor_inventory.rollups.rolling import roll_up
from humidor_inventory.testing.shop import STORE, Shop, at, line, make_gtin, sale
from humidor_inventory.turnover.rules import periods

GOLD, BLUE = make_gtin(1), make_gtin(2)


def today() -> date:
    """Give the date in the stores."""
    return local_date(utc_now(), "Asia/Shanghai")


def before(days: int) -> str:
    return (today() - timedelta(days=days)).isoformat()


async def history(shop: Shop) -> None:
    """Two stores, two products, 30 days ago and since: received by the books' own time, then moved back."""
    await shop.put_store("S0002")
    costs = {"currency": "CNY", "cost_price_per_pack": 2000, "cost_valid_from": before(100)}
    await shop.put_product(GOLD, price_class="1", **costs)
    await shop.put_product(BLUE, brand="Lighthouse", price_class="2", currency="CNY")
    for store_id, packs in ((STORE, 100), ("S0002", 40)):
        lines = [{"gtin": gtin, "quantity": packs, "lot": "A"} for gtin in (GOLD, BLUE)]
        await shop.ask("POST", "/v1/receipts", json={"store_id": store_id, "lines": lines}, expect=201)
    # There is no other way to have received something in the past.
    await shop.runtime.pool.execute("UPDATE daily_flows SET day = $1", today() - timedelta(days=30))
    for days, store_id, gtin, packs in (
        (20, STORE, GOLD, 50), (20, STORE, BLUE, 10), (10, "S0002", GOLD, 40), (0, STORE, GOLD, 10),
    ):  # fmt: skip
        await shop.deliver(at(sale(line(gtin, packs), store_id=store_id), utc_now() - timedelta(days=days)))


async def ask(shop: Shop, **params: Any) -> list[dict[str, Any]]:
    asked = {"since": before(29), "until": before(1)} | params
    found: list[dict[str, Any]] = (await shop.ask("GET", "/v1/turnover", params=asked))["items"]
    return found


async def test_a_worked_example_from_first_to_last_figure(shop: Shop) -> None:
    await history(shop)
    (row,) = await ask(shop, gtin=GOLD, store_id=STORE)
    # 100 packs for 9 days (29 to 21 days ago), 50 for 20: (900 + 1000) / 29 packs of 20 sticks for 20 yuan.
    assert (row["days"], row["opening_sticks"], row["closing_sticks"]) == (29, 2000, 1000)
    assert row["average_sticks"] == round(1900 / 29 * 20, 4)
    assert row["average_value_minor"] == round(1900 / 29 * 2000, 4)
    assert (row["revenue_minor"], row["cost_of_goods_sold_minor"]) == (125_000, 100_000)
    figures = row["figures"]
    assert figures["turnover"] == {
        "value": round(100_000 / (1900 / 29 * 2000), 6),
        "numerator": 100_000.0,
        "denominator": round(1900 / 29 * 2000, 4),
    }
    assert figures["days_of_inventory"]["value"] == round(1900 / 29 * 2000 * 29 / 100_000, 6)
    assert figures["gmroi"]["value"] == round(25_000 / (1900 / 29 * 2000), 6)
    assert figures["stock_to_sales_closing"]["value"] == 1.0
    assert figures["stock_to_sales_opening"]["value"] == 2.0
    assert figures["sell_through"]["value"] == 0.5
    names = {
        each["figure"]: each["chinese"]
        for each in (await shop.ask("GET", "/v1/turnover/definitions"))["items"]
    }
    assert names["stock_to_sales_closing"] == "存销比"
    assert names.keys() == figures.keys()


async def test_what_has_no_cost_is_said_and_left_out_of_margins(shop: Shop) -> None:
    await history(shop)
    (row,) = await ask(shop)
    assert (row["revenue_minor"], row["cost_of_goods_sold_minor"]) == (250_000, 180_000)
    assert row["gross_margin_minor"] == 225_000 - 180_000
    assert row["figures"]["revenue_without_cost"] == {
        "value": 0.1,
        "numerator": 25_000,
        "denominator": 250_000,
    }


async def test_open_days_say_what_closed_ones_say_and_parts_add_up(shop: Shop) -> None:
    await history(shop)
    month = {"since": (today() - timedelta(days=40)).replace(day=1).isoformat(), "until": today().isoformat()}
    questions: list[dict[str, Any]] = [
        {},
        {"group_by": ["brand"], "period": "week"},
        {"group_by": ["store"], "period": "day"},
        {"group_by": ["store", "brand", "price_class"], "period": "month"} | month,
        {"group_by": ["store", "product", "supplier"]} | month,
        {"group_by": ["product"], "store_id": STORE, "period": "week"},
    ]
    service = {"out_of_stock"}  # is known of closed days only

    def told(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            row | {"figures": {name: each for name, each in row["figures"].items() if name not in service}}
            for row in rows
        ]

    open_days = [told(await ask(shop, **question)) for question in questions]
    await roll_up(shop.runtime.pool, now=utc_now())
    closed_days = [told(await ask(shop, **question)) for question in questions]
    assert closed_days == open_days
    (total,) = closed_days[0]
    sums = ("sold_sticks", "revenue_minor", "average_sticks", "cost_of_goods_sold_minor")
    for rows in (closed_days[1], closed_days[2]):
        assert sum(row["sold_sticks"] for row in rows) == total["sold_sticks"]
    for name in sums:
        stores = await ask(shop, group_by=["store"])
        assert round(sum(row[name] for row in stores), 2) == round(total[name], 2), name
    first, second = closed_days[2][0], closed_days[2][1]
    assert first["closing_sticks"] == second["opening_sticks"]
    for rows in closed_days[3], closed_days[4]:
        assert sum(row["sold_sticks"] for row in rows) == 110 * 20
    assert closed_days[3][0]["brand"] == "Harbour"
    assert closed_days[4][0]["supplier_id"] is None


def values(row: dict[str, Any]) -> list[Any]:
    return [row[f"{name}_value_minor"] for name in ("opening", "closing", "average")]


async def test_a_new_cost_is_told_alike_by_sums_and_by_days(shop: Shop) -> None:
    await history(shop)
    costs = {"currency": "CNY", "cost_price_per_pack": 2200, "cost_valid_from": before(15)}
    await shop.put_product(GOLD, price_class="1", **costs)
    for _ in range(2):
        for period in ("none", "week", "day"):
            by_days = await ask(shop, store_id=STORE, brand="Harbour", period=period)
            by_sums = await ask(shop, store_id=STORE, period=period)  # the other product has no cost
            assert [values(row) for row in by_days] == [values(row) for row in by_sums]
        (row,) = await ask(shop, store_id=STORE, brand="Harbour")
        # 100 packs at 20 yuan for 9 days, then 50 for 5 days at 20 and for 15 at 22.
        assert row["average_value_minor"] == round((900 * 2000 + 250 * 2000 + 750 * 2200) / 29, 4)
        assert (row["opening_value_minor"], row["closing_value_minor"]) == (200_000, 110_000)
        (row,) = await ask(shop, store_id=STORE)
        assert (row["opening_value_minor"], row["closing_value_minor"]) == (200_000, 110_000)
        await roll_up(shop.runtime.pool, now=utc_now())


async def test_late_sales_are_in_reports_before_and_after_they_are_added(shop: Shop) -> None:
    await history(shop)
    await roll_up(shop.runtime.pool, now=utc_now())
    await shop.deliver(at(sale(line(GOLD, 7)), utc_now() - timedelta(days=15)))
    waiting = [await ask(shop), await ask(shop, group_by=["store", "product"], store_id=STORE)]
    await roll_up(shop.runtime.pool, now=utc_now())
    assert [await ask(shop), await ask(shop, group_by=["store", "product"], store_id=STORE)] == waiting
    assert waiting[0][0]["sold_sticks"] == 107 * 20


async def test_pages_hold_whole_groups_and_join(shop: Shop) -> None:
    await history(shop)
    await roll_up(shop.runtime.pool, now=utc_now())
    for group_by in (["store"], ["store", "product"], ["product"]):
        params: dict[str, Any] = (
            {"group_by": group_by, "store_id": None} if group_by == ["product"] else {"group_by": group_by}
        )
        params |= {"since": today().replace(day=1).isoformat(), "until": today().isoformat()}
        params = {name: value for name, value in params.items() if value is not None}
        whole = await ask(shop, **params)
        found, cursor = [], None
        for _ in range(10):
            more: dict[str, str] = {"cursor": cursor} if cursor else {}
            page = await shop.ask("GET", "/v1/turnover", params=params | more | {"limit": 1})
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert found == whole


async def test_callers_see_their_stores_and_mistakes_name_their_field(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await history(shop)
    east = shop.auth("manager", stores=["S0002"])
    params = {"since": before(29), "until": before(1)}
    (row,) = (await shop.ask("GET", "/v1/turnover", params=params, headers=east))["items"]
    assert (row["sold_sticks"], row["closing_sticks"]) == (800, 800)
    for path in ("", "/holding-costs"):
        asked = params | {"store_id": STORE}
        await shop.ask("GET", f"/v1/turnover{path}", params=asked, headers=east, expect=403)
    await shop.ask("GET", "/v1/turnover/classes", headers=east, expect=403)
    await shop.ask("GET", f"/v1/turnover/slow-movers?store_id={STORE}", headers=east, expect=403)
    await shop.ask("GET", "/v1/turnover/slow-movers?store_id=S0009", expect=404)
    for wrong, field in (
        ({"until": before(30)}, "until"),
        ({"until": "2199-01-01"}, "since"),
        ({"until": before(-9)}, "until"),
        ({"since": before(3000), "period": "day"}, "period"),
        ({"group_by": ["colour"]}, "group_by"),
        ({"cursor": "x"}, "cursor"),
    ):
        problem = await shop.ask("GET", "/v1/turnover", params=params | wrong, expect=422)
        assert field in problem["errors"][0]["field"], wrong
    monkeypatch.setattr(periods, "MOST_ROWS", 10)
    by_day = params | {"group_by": ["store", "brand"]}
    problem = await shop.ask("GET", "/v1/turnover", params=by_day, expect=422)
    assert problem["errors"][0]["field"] == "since"


async def test_holding_costs_know_what_was_lost_and_what_may_expire(shop: Shop) -> None:
    await history(shop)
    await roll_up(shop.runtime.pool, now=utc_now())
    gone = {
        "store_id": STORE,
        "gtin": GOLD,
        "lot": "A",
        "quantity": 5,
        "evidence": "wet",
        "reason_code": "wet",
    }
    await shop.ask("POST", "/v1/write-offs", json=gone, expect=201)
    await shop.runtime.pool.execute(
        "UPDATE lot_stock SET expiry_date = $1 WHERE store_id = $2", today() + timedelta(days=20), STORE
    )
    params = {"since": today().isoformat(), "until": today().isoformat(), "store_id": STORE}
    (row,) = (await shop.ask("GET", "/v1/turnover/holding-costs", params=params))["items"]
    # 100 - 50 - 10 - 5 packs of gold are left, at 20 yuan each; blue has no cost.
    assert (row["average_value_minor"], row["shrinkage_minor"]) == (35 * 2000, 5 * 2000)
    assert (row["at_risk_minor"], row["expiry_risk_minor"]) == (35 * 2000, 35 * 1000)
    assert row["capital_minor"] == round(70_000 * 0.06 / 365, 2)


async def test_products_are_classed_by_value_and_variation(shop: Shop) -> None:
    await history(shop)
    for path in ("/v1/turnover/classes", f"/v1/turnover/classes?store_id={STORE}"):
        rows = {row["gtin"]: row for row in (await shop.ask("GET", path))["items"]}
        assert (rows[GOLD]["abc"], rows[BLUE]["abc"]) == ("A", "B"), path
        assert rows[BLUE]["xyz"] == "Z"
        assert "assortment" in rows[BLUE]["policy"]
    await shop.ask("GET", "/v1/turnover/classes?a_share=0.9&b_share=0.5", expect=422)


async def test_the_two_rates_called_dongxiao_are_kept_apart(shop: Shop) -> None:
    await history(shop)
    sold_in = today() - timedelta(days=20)
    path = f"/v1/turnover/assortment?month={sold_in}&by=brand"
    assert (await shop.ask("GET", path))["items"] == []  # of days that are over and added up
    await roll_up(shop.runtime.pool, now=utc_now())
    rows = {row["brand"]: row for row in (await shop.ask("GET", path))["items"]}
    assert rows["Lighthouse"]["carried_skus"] == 2
    assert rows["Lighthouse"]["active_sku_rate"] == 0.5
    assert rows["Lighthouse"]["brand_pull_rate"] is not None
    for _ in range(2):
        await shop.deliver(at(sale(line(BLUE, 1), store_id="S0002"), utc_now() - timedelta(days=20)))
        await roll_up(shop.runtime.pool, now=utc_now())
        rows = {row["brand"]: row for row in (await shop.ask("GET", path))["items"]}
        assert (rows["Lighthouse"]["sold_skus"], rows["Lighthouse"]["carried_skus"]) == (2, 2)
    (row,) = (await shop.ask("GET", f"/v1/turnover/assortment?month={sold_in}&store_id={STORE}"))["items"]
    assert (row["carried_skus"], row["sold_skus"], row["brand_pull_rate"]) == (2, 2, None)


async def test_slow_movers_come_with_advice(shop: Shop) -> None:
    await history(shop)
    await shop.runtime.pool.execute("UPDATE daily_flows SET day = day - 80 WHERE gtin = $1", BLUE)
    lines = [line(BLUE, 30)]
    await shop.deliver(at(sale(*lines, store_id="S0002"), utc_now() - timedelta(days=3)))
    await roll_up(shop.runtime.pool, now=utc_now())
    (row,) = (await shop.ask("GET", f"/v1/turnover/slow-movers?store_id={STORE}"))["items"]
    assert (row["gtin"], row["days_since_sale"], row["available_sticks"]) == (BLUE, 100, 90 * 20)
    assert (row["action"], row["to_store_id"]) == ("transfer", "S0002")
    assert row["value_minor"] is None
    manager = shop.auth("manager", stores=[STORE])
    path = f"/v1/turnover/slow-movers?store_id={STORE}"
    (row,) = (await shop.ask("GET", path, headers=manager))["items"]
    assert (row["action"], row["to_store_id"]) == ("promote", None)
    assert date.fromisoformat(row["last_sale_day"]) == today() - timedelta(days=100)
