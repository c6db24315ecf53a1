"""Lists stay quick however much there ever was."""

from humidor_inventory.replenishment.lists import ALERTS, Filters, page_statement
from humidor_inventory.testing.shop import Shop


async def test_the_few_open_alerts_are_found_among_many_closed_ones(shop: Shop) -> None:
    statement, _ = page_statement(ALERTS, "alert_id", Filters(None, None, ["open"], None, 101))
    async with shop.runtime.pool.acquire() as conn:
        await conn.execute("""
            INSERT INTO alerts (alert_id, store_id, gtin, kind, state, on_hand_sticks, reserved_sticks,
                                on_order_sticks, reorder_point_sticks, raised_at, closed_at)
            SELECT gen_random_uuid(), 'S' || n % 100, 'g', 'below_reorder_point',
                   CASE WHEN n % 1000 = 0 THEN 'open' ELSE 'closed' END, 0, 0, 0, 0, now(), now()
              FROM generate_series(1, 20000) n
        """)
        await conn.execute("ANALYZE alerts")
        await conn.execute(f"SET plan_cache_mode = force_generic_plan; PREPARE page (bigint) AS {statement}")
        plan = await conn.fetch("EXPLAIN EXECUTE page(101)")
    assert any("ix_alerts_state" in row[0] for row in plan), plan
