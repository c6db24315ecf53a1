from humidor_common.db.transaction import transaction
from humidor_common.messaging import inbox
from humidor_inventory.checks.projection import PROJECTION
from humidor_inventory.testing.shop import STORE, Shop, line, make_gtin, received, returned, sale, voided


async def test_balances_made_anew_from_ledger_and_topic_equal_what_they_were(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 9, "A"), (gtin, 3, "B"))
    level = {"reorder_point": 5, "order_up_to": 20, "auto_approve": True}
    await shop.ask("PUT", f"/v1/levels/{STORE}/{gtin}", json=level, expect=201)
    first, second, late = sale(line(gtin, 10)), sale(line(gtin, 4)), sale(line(make_gtin(7), 1))
    topic = [
        received(event)
        for event in (
            first,
            returned(first.sale_id, line(gtin, 2), restock=False),
            second,
            voided(second.sale_id),
            late,
        )
    ]
    await shop.deliver_again(topic)
    missed = received(sale(line(gtin, 1)))
    async with transaction(shop.runtime.pool) as conn:
        before = await PROJECTION.digest(conn)
        await PROJECTION.clear(conn)
        await conn.execute("DELETE FROM inbox")
        assert PROJECTION.apply is not None
        assert PROJECTION.finish is not None
        await PROJECTION.apply(conn, topic)
        assert await PROJECTION.finish(conn) == 0
        assert await PROJECTION.digest(conn) == before
        await inbox.apply_batch(conn, PROJECTION.subscription, [*topic, missed])
        assert await PROJECTION.digest(conn) != before
    assert (await shop.stock(gtin))["on_hand"] == 12 - 10 - 1
    await shop.check()


async def test_a_balance_that_was_spoilt_is_mended(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 9, "A"))
    await shop.runtime.pool.execute("UPDATE stock SET on_hand_sticks = 1, on_order_sticks = 5")
    async with transaction(shop.runtime.pool) as conn:
        await PROJECTION.clear(conn)
        assert PROJECTION.finish is not None
        assert await PROJECTION.finish(conn) == 0
    await shop.check()
