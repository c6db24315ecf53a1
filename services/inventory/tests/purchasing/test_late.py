"""What does not come on its day raises an alert, which ends when it comes, is called off or put off."""

from datetime import date, datetime, timedelta
from typing import Any

from humidor_common.clock import utc_now
from humidor_inventory.purchasing.late import report_late
from humidor_inventory.testing.shop import STORE


async def alerts(supplied: Any) -> list[tuple[str, str]]:
    found = await supplied.shop.ask("GET", "/v1/alerts?kind=late_delivery")
    return [(each["subject"], each["state"]) for each in found["items"]]


async def test_late_orders_are_alerted_once_and_settled_by_what_happens(supplied: Any) -> None:
    shop, pool = supplied.shop, supplied.shop.runtime.pool
    orders = [await supplied.order(10) for _ in range(3)]
    ids = [order["purchase_order_id"] for order in orders]
    assert await report_late(pool, now=utc_now()) == 0
    due = date.fromisoformat(orders[0]["due_on"])
    midnight = datetime.fromisoformat(f"{due + timedelta(days=1)}T00:00:00+08:00")
    assert await report_late(pool, now=midnight - timedelta(seconds=1)) == 0
    assert await report_late(pool, now=midnight) == 3
    assert await report_late(pool, now=midnight) == 0
    assert await alerts(supplied) == [(i, "open") for i in sorted(ids)]
    part = {
        "store_id": STORE,
        "purchase_order_id": ids[0],
        "lines": [{"gtin": supplied.gtin, "quantity": 20}],
    }
    await shop.ask("POST", "/v1/receipts", json=part, expect=201)
    assert dict(await alerts(supplied))[ids[0]] == "open"
    await shop.ask("POST", "/v1/receipts", json=part | {"close_purchase_order": True}, expect=201)
    await supplied.act(orders[1], "cancel", {"reason": "too late"})
    await supplied.act(orders[2], "amend", {"reason": "put off", "expected_on": str(due + timedelta(days=9))})
    assert {state for _, state in await alerts(supplied)} == {"closed"}
    assert await report_late(pool, now=midnight) == 0


async def test_the_few_orders_that_are_awaited_are_found_among_many_that_came(supplied: Any) -> None:
    async with supplied.shop.runtime.pool.acquire() as conn:
        await conn.execute(
            """INSERT INTO purchase_orders (purchase_order_id, store_id, supplier_id, state, expected_on,
                                            created_at, created_by)
               SELECT gen_random_uuid(), 'S' || n % 100, 'V' || n % 10,
                      CASE WHEN n % 1000 = 0 THEN 'placed' ELSE 'received' END,
                      DATE '2026-01-01' + n % 300, now(), 'x'
               FROM generate_series(1, 20000) n"""
        )
        await conn.execute("ANALYZE purchase_orders")
        for where, index in (
            ("awaited AND due_on < '2026-06-01'", "ix_purchase_orders_due"),
            ("awaited AND store_id = 'S0' AND due_on < '2026-06-01'", "ix_purchase_orders_due"),
            ("state = 'placed'", "ix_purchase_orders_state"),
        ):
            order = "due_on, purchase_order_id" if "due" in where else "purchase_order_id"
            query = f"EXPLAIN SELECT * FROM purchase_orders WHERE {where} ORDER BY {order} LIMIT 9"  # noqa: S608
            plan = await conn.fetch(query)
            assert any(index in row[0] for row in plan), plan
