"""A lot followed from where it came from to whom it was sold, through every store."""

from collections.abc import Awaitable, Callable
from typing import Any

from humidor_inventory.movements.trace import START, TRACE
from humidor_inventory.testing.shop import STORE, Shop, line, returned, sale

Send = Callable[..., Awaitable[Any]]


async def test_one_query_follows_a_lot_from_receipt_over_transfers_to_sales_and_returns(
    shop: Shop, gtin: str, warehouse: str, send: Send
) -> None:
    sent = await send(10)
    arrived = {"lines": [{"gtin": gtin, "received": 9, "lost": 1, "reason": "crushed"}]}
    await shop.ask("POST", f"/v1/transfers/{sent['transfer_id']}:receive", json=arrived)
    sold = sale(line(gtin, 3))
    back = returned(sold.sale_id, line(gtin, 1))
    await shop.deliver(sold, back)
    body = {"store_id": STORE, "gtin": gtin, "lot": "OLD", "quantity": 1}
    adjustment = body | {"quantity": -1, "reason_code": "theft", "note": "camera 2"}
    await shop.ask("POST", "/v1/adjustments", json=adjustment, expect=201)
    gone = body | {"reason_code": "wet", "evidence": "roof"}
    await shop.ask("POST", "/v1/write-offs", json=gone, expect=201)
    seen, cursor = [], ""
    while cursor is not None:
        page = await shop.ask(
            "GET",
            f"/v1/lots/{gtin}/OLD/trace",
            params={"limit": 3, "cursor": cursor} if cursor else {"limit": 3},
        )
        seen += page["items"]
        cursor = page["next_cursor"]
    assert [(s["store_id"], s["reason"], s["delta_sticks"] // 20) for s in seen] == [
        (warehouse, "receipt", 10),
        (warehouse, "transfer_out", -10),
        (STORE, "transfer_in", 9),
        (STORE, "sale", -3),
        (STORE, "return", 1),
        (STORE, "adjustment", -1),
        (STORE, "write_off", -1),
    ]
    assert (seen[1]["other_store_id"], seen[2]["other_store_id"]) == (STORE, warehouse)
    assert (seen[2]["source_id"], seen[2]["lost_sticks"]) == (sent["transfer_id"], 20)
    assert [s["source_id"] for s in seen[3:5]] == [str(sold.sale_id), str(back.return_id)]
    assert [(s["reason_code"], s["note"]) for s in seen[5:]] == [("theft", "camera 2"), ("wet", "roof")]
    here = await shop.ask("GET", f"/v1/lots/{gtin}/OLD/trace?store_id={STORE}")
    assert here["items"] == seen[2:]
    bound = shop.auth("manager", stores=[STORE])
    assert (await shop.ask("GET", f"/v1/lots/{gtin}/OLD/trace", headers=bound))["items"] == seen[2:]


async def test_the_trace_follows_a_lot_into_what_it_was_split_and_merged_into(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 10, "A/1"))
    body = {"store_id": STORE, "gtin": gtin, "reason": "two shelves"}
    split = body | {"lot": "A/1", "new_lot": "B", "quantity": 4}
    await shop.ask("POST", "/v1/lots:split", json=split, expect=201)
    await shop.ask("POST", "/v1/lots:merge", json=body | {"lots": ["B"], "into": "C"}, expect=201)
    await shop.deliver(sale(line(gtin, 1, lot="C")))
    whole = (await shop.ask("GET", f"/v1/lots/{gtin}/A/1/trace"))["items"]
    assert [(s["lot"], s["reason"], s["other_lot"]) for s in whole] == [
        ("A/1", "receipt", None),
        ("A/1", "split", "B"),
        ("B", "split", "A/1"),
        ("B", "merge", "C"),
        ("C", "merge", "B"),
        ("C", "sale", None),
    ]
    assert (await shop.ask("GET", f"/v1/lots/{gtin}/C/trace"))["items"] == whole
    alone = await shop.ask("GET", f"/v1/lots/{gtin}/C/trace?follow=false")
    assert [s["reason"] for s in alone["items"]] == ["merge", "sale"]


async def test_the_trace_reads_the_ledger_and_the_lots_by_an_index(shop: Shop) -> None:
    pool = shop.runtime.pool
    await pool.execute(
        """INSERT INTO stock_ledger (store_id, gtin, recorded_at, lot, bucket, delta_sticks, reason,
                                     explanation, source_id, line, occurred_at)
           SELECT 'S' || n % 300, '0690100000' || n % 7,
                  date_trunc('month', now()) - n * interval '40 seconds', 'L' || n % 40, 'on_hand', -1,
                  'sale', 'fefo', gen_random_uuid(), 1, now()
           FROM generate_series(1, 60000) n"""
    )
    await pool.execute(
        "INSERT INTO lot_stock (store_id, gtin, lot) SELECT DISTINCT store_id, gtin, lot FROM stock_ledger"
    )
    await pool.execute("ANALYZE stock_ledger")
    await pool.execute("ANALYZE lot_stock")
    found = await pool.fetchval(
        "EXPLAIN (ANALYZE, FORMAT JSON) " + TRACE, "06901000003", "L3", None, True, *START, 101
    )
    plans, read, conditions = [found[0]["Plan"]], list[str](), list[str]()
    while plans:
        plan = plans.pop()
        plans += plan.get("Plans", [])
        touched = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
        if (
            plan["Node Type"] == "Seq Scan" and touched
        ):  # an empty partition of a month to come may be looked into
            read.append(plan["Relation Name"])
        if plan.get("Relation Name", "").startswith("stock_ledger"):
            conditions.append(plan.get("Index Cond", ""))
    assert read == []
    assert any("store_id" in each and "gtin" in each for each in conditions)
