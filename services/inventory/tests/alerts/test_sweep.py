"""What time brings is found by a sweep: by demand, age and the store's calendar, and ends the same way."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from humidor_common.clock import utc_now
from humidor_inventory.alerts.sweep import STORES_AT_ONCE, sweep_next
from humidor_inventory.testing.shop import STORE, Shop, make_gtin


def today() -> date:
    return utc_now().astimezone(ZoneInfo("Asia/Shanghai")).date()


async def sweep(shop: Shop, *store_ids: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Sweep stores and give the figures of what is open then, by kind and subject."""
    found = await shop.ask("POST", "/v1/alerts:sweep", json={"store_ids": list(store_ids or (STORE,))})
    assert found["state"] == "done"
    items = (await shop.ask("GET", "/v1/alerts?state=open"))["items"]
    return {(item["kind"], item["subject"]): item["figures"] for item in items}


async def age(shop: Shop, days: int) -> None:
    """Let everything on the shelves have come so many days ago, early in the day of the store."""
    await shop.runtime.pool.execute(
        """UPDATE lot_stock
           SET received_at = ($2::date - $1::int + time '00:30') AT TIME ZONE 'Asia/Shanghai'""",
        days,
        today(),
    )


async def receive(shop: Shop, gtin: str, packs: int, lot: str, expires_in_days: int) -> None:
    expiry = (today() + timedelta(days=expires_in_days)).isoformat()
    lines = [{"gtin": gtin, "quantity": packs, "lot": lot, "expiry_date": expiry}]
    await shop.ask("POST", "/v1/receipts", json={"store_id": STORE, "lines": lines}, expect=201)


async def put_rule(
    shop: Shop, kind: str, expect: int = 201, params: dict[str, str] | None = None, **terms: Any
) -> Any:
    return await shop.ask("PUT", f"/v1/alert-rules/{kind}", params=params or {}, json=terms, expect=expect)


async def test_stock_that_ends_before_new_goods_could_come_is_projected(
    shop: Shop, gtin: str, flow: Any
) -> None:
    await shop.receive((gtin, 20, "A"))
    for days_ago in range(1, 29):
        await flow(gtin, days_ago, 60)
    wanted = ("projected_stock_out", gtin)
    assert wanted in await sweep(shop)
    figures = (await sweep(shop))[wanted]
    assert figures == {
        "on_hand_sticks": 400,
        "reserved_sticks": 0,
        "on_order_sticks": 0,
        "mean_daily_sticks": 60.0,
        "days_of_cover": 6,
        "lead_time_days": 7,
        "stock_out_on": (today() + timedelta(days=6)).isoformat(),
    }
    await shop.receive((gtin, 2, "A"))
    assert wanted not in await sweep(shop)
    await put_rule(shop, "projected_stock_out", params={"gtin": gtin}, threshold_days=1)
    assert wanted in await sweep(shop)
    await put_rule(
        shop, "projected_stock_out", params={"gtin": gtin, "store_id": STORE}, enabled=False, threshold_days=1
    )
    assert wanted not in await sweep(shop)
    closed = (await shop.ask("GET", "/v1/alerts?kind=projected_stock_out&state=closed"))["items"]
    reasons = [alert["closed_reason"] for alert in closed]
    assert reasons == ["the cause has ended", "its rule was turned off"]


async def test_too_much_and_dead_stock_are_told_apart(shop: Shop, gtin: str, flow: Any) -> None:
    dead, slow = make_gtin(2), make_gtin(3)
    for each in (dead, slow):
        await shop.put_product(each)
    await shop.receive((gtin, 100, "A"), (dead, 5, "A"), (slow, 1, "A"))
    await age(shop, 59)
    for days_ago in range(1, 57):
        await flow(gtin, days_ago, 20)
    await flow(slow, 50, 20)
    await flow(dead, 61, 20)
    assert await sweep(shop) == {
        ("overstock", gtin): {
            "on_hand_sticks": 2000,
            "mean_daily_sticks": 20.0,
            "days_of_cover": 100,
            "limit_days": 60,
            "excess_sticks": 800,
        }
    }
    await age(shop, 60)
    assert {kind for kind, _ in await sweep(shop)} == {"overstock", "dead_stock"}
    await flow(dead, 0, 20)
    await put_rule(shop, "overstock", params={"brand": "Harbour"}, threshold_days=100)
    assert await sweep(shop) == {}


async def test_lots_expire_by_the_rule_of_freshness_unless_an_alert_rule_says_otherwise(
    shop: Shop, gtin: str
) -> None:
    for lot, days in (("GONE", -1), ("TODAY", 0), ("SOON", 60), ("LATER", 61)):
        await receive(shop, gtin, 5, lot, days)
    found = await sweep(shop)
    assert set(found) == {
        ("expired", f"{gtin}/GONE"),
        ("expiring", f"{gtin}/TODAY"),
        ("expiring", f"{gtin}/SOON"),
    }
    assert found["expired", f"{gtin}/GONE"]["expiry_date"] == (today() - timedelta(days=1)).isoformat()
    rule = {"expiring_within_days": 10}
    await shop.ask("PUT", "/v1/freshness/rules?brand=Harbour", json=rule)
    assert set(await sweep(shop)) == {("expired", f"{gtin}/GONE"), ("expiring", f"{gtin}/TODAY")}
    await put_rule(shop, "expiring", params={"store_id": STORE}, threshold_days=61)
    assert ("expiring", f"{gtin}/LATER") in await sweep(shop)


async def test_only_expired_stock_is_no_stock_and_demand_of_late_makes_a_stock_out(
    shop: Shop, gtin: str, flow: Any
) -> None:
    await receive(shop, gtin, 5, "GONE", -1)
    assert ("stock_out", gtin) not in await sweep(shop)
    await flow(gtin, 20, 20)
    assert ("stock_out", gtin) in await sweep(shop)
    await put_rule(shop, "stock_out", window_days=14)
    assert ("stock_out", gtin) not in await sweep(shop)


async def test_the_shop_is_asked_for_its_own_date(shop: Shop, gtin: str) -> None:
    """At 17:00 UTC it is the next day in Shanghai."""
    now = datetime.combine(today(), datetime.min.time(), ZoneInfo("UTC")) + timedelta(hours=17)
    lines = [{"gtin": gtin, "quantity": 1, "lot": "A", "expiry_date": now.date().isoformat()}]
    await shop.ask("POST", "/v1/receipts", json={"store_id": STORE, "lines": lines}, expect=201)
    for at, kind in ((now - timedelta(hours=2), "expiring"), (now, "expired")):
        await shop.runtime.pool.execute("UPDATE alert_sweeps SET due_at = $1", at)
        while await sweep_next(shop.runtime.pool, now=at):
            pass
        items = (await shop.ask("GET", "/v1/alerts?state=open"))["items"]
        assert [item["kind"] for item in items] == [kind]


async def test_a_sweep_goes_on_where_it_was_interrupted_and_writes_nothing_where_nothing_changed(
    shop: Shop, gtin: str
) -> None:
    await receive(shop, gtin, 5, "GONE", -1)
    pool, now = shop.runtime.pool, utc_now()
    await pool.execute(
        """INSERT INTO stores (store_id, name, time_zone, status, kind, version, changed_at)
           SELECT 'T' || to_char(n, 'FM000'), 'x', 'UTC', 'open', 'store', 1, now()
           FROM generate_series(1, $1) n""",
        STORES_AT_ONCE,
    )
    assert (await shop.ask("POST", "/v1/alerts:sweep", json={}))["state"] == "due"
    now = utc_now()
    places = []
    while await sweep_next(pool, now=now):
        places.append(await pool.fetchval("SELECT after_store_id FROM alert_sweeps"))
    assert places == [f"T{STORES_AT_ONCE - 1:03}", f"T{STORES_AT_ONCE:03}"]
    row = await pool.fetchrow("SELECT after_store_id, due_at, finished_at FROM alert_sweeps")
    assert tuple(row or ()) == ("", now + timedelta(hours=1), now)
    assert not await sweep_next(pool, now=now)
    before = await pool.fetch("SELECT alert_id, xmin::text FROM alerts")
    await sweep(shop)
    assert (len(before), await pool.fetch("SELECT alert_id, xmin::text FROM alerts")) == (1, before)


async def test_a_closed_store_misses_nothing_but_what_expired_there_is_still_there(
    shop: Shop, gtin: str, flow: Any
) -> None:
    await receive(shop, gtin, 5, "GONE", -1)
    await flow(gtin, 3, 20)
    assert {kind for kind, _ in await sweep(shop)} == {"expired", "stock_out"}
    body = {"name": "East Gate", "status": "closed"}
    await shop.ask("PUT", f"/v1/stores/{STORE}", json=body)
    assert {kind for kind, _ in await sweep(shop)} == {"expired"}


async def test_who_may_sweep_what(shop: Shop) -> None:
    bound = shop.auth("manager", stores=[STORE])
    assert (await shop.ask("POST", "/v1/alerts:sweep", json={"store_ids": [STORE]}, headers=bound))[
        "state"
    ] == "done"
    await shop.ask("POST", "/v1/alerts:sweep", json={"store_ids": ["S0002"]}, headers=bound, expect=403)
    await shop.ask("POST", "/v1/alerts:sweep", json={}, headers=bound, expect=403)
    await shop.ask("POST", "/v1/alerts:sweep", json={}, headers=shop.auth("analyst"), expect=403)
