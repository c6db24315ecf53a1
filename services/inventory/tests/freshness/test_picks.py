"""Which lots to pick, who picked others and why, and what was sold that might not have been."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

from humidor_common.clock import utc_now
from humidor_inventory.freshness.queries import VIOLATIONS
from humidor_inventory.testing.shop import STORE, Shop, line, make_gtin, sale

Stand = Callable[..., Awaitable[Any]]


async def pick(shop: Shop, gtin: str, packs: int, *, expect: int = 201, **given: Any) -> Any:
    body = {"store_id": STORE, "gtin": gtin, "quantity": packs} | given
    return await shop.ask("POST", "/v1/picks", json=body, expect=expect)


async def test_the_lots_that_expire_first_are_suggested_and_expired_ones_never(
    shop: Shop, gtin: str, stand: Stand
) -> None:
    for lot, packs, left in (("LATE", 5, 90), ("OVER", 9, -1), ("SOON", 3, 10)):
        await stand(lot, packs, None, left)
    found = await pick(shop, gtin, 4)
    assert [(part["lot"], part["sticks"]) for part in found["chosen"]] == [("SOON", 60), ("LATE", 20)]
    assert (found["overridden"], found["short_sticks"]) == (False, 0)
    short = await pick(shop, gtin, 10)
    assert (short["short_sticks"], len(short["suggested"])) == (40, 2)
    assert (await shop.stock(gtin))["on_hand"] == 17


async def test_other_lots_are_picked_for_a_reason_that_is_recorded(
    shop: Shop, gtin: str, stand: Stand
) -> None:
    await stand("SOON", 3, None, 10)
    await stand("LATE", 5, None, 90)
    late = [{"lot": "LATE", "quantity": 2}]
    refused = await pick(shop, gtin, 2, lots=late, expect=422)
    assert refused["errors"][0]["field"] == "reason"
    why = "the customer wants the new print"
    made = await pick(shop, gtin, 2, lots=late, reason=why, reference="D-4")
    assert made["overridden"]
    assert [part["lot"] for part in made["suggested"]] == ["SOON"]
    same = await pick(shop, gtin, 2, lots=[{"lot": "SOON", "quantity": 2}])
    assert not same["overridden"]
    listed = (await shop.ask("GET", f"/v1/picks?store_id={STORE}&overridden=true"))["items"]
    assert [(each["reason"], each["reference"]) for each in listed] == [
        ("the customer wants the new print", "D-4")
    ]
    bound = shop.auth("manager", stores=["S0009"])
    assert (await shop.ask("GET", "/v1/picks", headers=bound))["items"] == []


async def test_expired_held_and_missing_goods_are_not_picked_whatever_the_reason(
    shop: Shop, gtin: str, stand: Stand
) -> None:
    await stand("OVER", 3, None, -1)
    await stand("HELD", 3, None, 90)
    await shop.runtime.pool.execute("UPDATE lot_stock SET held = true WHERE lot = 'HELD'")
    for lot, code in (("OVER", "lot-unsound"), ("HELD", "lot-unsound"), ("NONE", "not-enough-stock")):
        refused = await pick(shop, gtin, 1, lots=[{"lot": lot, "quantity": 1}], reason="cheaper", expect=409)
        assert refused["code"] == code
    await pick(shop, gtin, 2, lots=[{"lot": "OVER", "quantity": 1}], reason="odd", expect=422)
    assert (await shop.ask("GET", "/v1/picks"))["items"] == []


async def test_a_sale_of_an_expired_or_held_lot_is_found_and_any_other_is_not(
    shop: Shop, gtin: str, stand: Stand, today: date
) -> None:
    # the shop's sales happen on 2026-11-23 at noon
    sold_on = date(2026, 11, 23)
    await stand("OVER", 3, None, (sold_on - today).days - 2)
    await stand("LAST", 3, None, (sold_on - today).days)
    await stand("HELD", 3, None, 900)
    await shop.runtime.pool.execute("UPDATE lot_stock SET held = true WHERE lot = 'HELD'")
    expired, held = sale(line(gtin, 2, lot="OVER")), sale(line(gtin, 1, lot="HELD"))
    await shop.deliver(expired, held, sale(line(gtin, 1, lot="LAST")), sale(line(gtin, 1)))
    items = (await shop.ask("GET", f"/v1/freshness/violations?store_id={STORE}"))["items"]
    assert [(x["kind"], x["lot"], x["sticks"], x["sale_id"], x["days_over"]) for x in items] == [
        ("expired", "OVER", 40, str(expired.sale_id), 2),
        ("held", "HELD", 20, str(held.sale_id), None),
    ]
    one = await shop.ask("GET", "/v1/freshness/violations?limit=1")
    rest = await shop.ask("GET", f"/v1/freshness/violations?cursor={one['next_cursor']}")
    assert [x["lot"] for x in one["items"] + rest["items"]] == ["OVER", "HELD"]
    later = (today + timedelta(days=400)).isoformat() + "T00:00:00Z"
    assert (await shop.ask("GET", "/v1/freshness/violations", params={"since": later}))["items"] == []
    assert (await shop.ask("GET", "/v1/freshness/violations?brand=Other"))["items"] == []


async def test_violations_are_found_by_an_index_of_their_own(shop: Shop) -> None:
    pool = shop.runtime.pool
    await pool.execute(
        """INSERT INTO stock_ledger (store_id, gtin, recorded_at, lot, bucket, delta_sticks, reason,
                                     explanation, source_id, line, occurred_at)
           SELECT 'S' || n % 300, $1, now() - n * interval '1 second', 'L' || n % 40, 'on_hand', -1, 'sale',
                  CASE WHEN n % 5000 = 0 THEN 'scanned_lot_unsound' ELSE 'fefo' END, gen_random_uuid(), 1,
                  now()
           FROM generate_series(1, 60000) n""",
        make_gtin(9),
    )
    await pool.execute("ANALYZE stock_ledger")
    statement = VIOLATIONS.format(stores="e.store_id = ANY($5::text[])")
    period = (utc_now() - timedelta(days=900), utc_now() + timedelta(days=900))
    given = (*period, None, period[0], ["S0", "S100"], 0, 101)
    found = await pool.fetchval("EXPLAIN (ANALYZE, FORMAT JSON) " + statement, *given)
    plans, read, used = [found[0]["Plan"]], list[str](), set[str]()
    while plans:
        plan = plans.pop()
        plans += plan.get("Plans", [])
        used.add(plan.get("Index Name", ""))
        if plan["Node Type"] == "Seq Scan" and plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0):
            read.append(plan["Relation Name"])
    assert [name for name in read if name.startswith("stock_ledger")] == []
    assert any("recorded_at_entry_id" in name for name in used)
