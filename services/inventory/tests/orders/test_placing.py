"""Orders of many lines and stores are placed with a fixed number of statements."""

from datetime import date
from typing import Any

from humidor_common.db.transaction import transaction
from humidor_common.events.inventory import PurchaseOrderPlaced
from humidor_inventory.orders.placing import place_priced
from humidor_inventory.orders.pricing import OrderDraft, OrderLineDraft, price_orders
from humidor_inventory.stock.service import lock_stores
from humidor_inventory.testing.shop import NOON, STORE, Shop, make_gtin

PRICE = """
INSERT INTO supplier_prices (supplier_id, gtin, valid_from, minimum_sticks, price_minor, unit, currency,
                             changed_at, changed_by)
VALUES ('V1', $1, $2, $3, $4, 'carton', 'CNY', now(), 'test')
"""


async def place(shop: Shop, drafts: list[OrderDraft]) -> tuple[list[PurchaseOrderPlaced], int]:
    statements: list[str] = []
    async with transaction(shop.runtime.pool) as conn:
        await lock_stores(conn, {draft.store_id for draft in drafts})
        conn.add_query_logger(lambda record: statements.append(record.query))
        orders = await price_orders(conn, drafts, now=NOON)
        events = await place_priced(conn, orders, placed_by="ann", now=NOON)
    return events, len(statements)


def draft(store_id: str, *lines: tuple[str, int], **changes: Any) -> OrderDraft:
    made = [OrderLineDraft(gtin=gtin, quantity_sticks=sticks) for gtin, sticks in lines]
    return OrderDraft(store_id=store_id, supplier_id=None, lines=made, **changes)


async def test_orders_of_several_lines_and_stores_are_priced_dated_and_on_order(shop: Shop) -> None:
    first, second = make_gtin(1), make_gtin(2)
    await shop.put_store("S0002")
    supplier = {"name": "Harbour", "lead_time_days": 3}
    await shop.ask("PUT", "/v1/suppliers/V1", json=supplier, expect=201)
    await shop.put_product(first, supplier_id="V1")
    await shop.put_product(second, supplier_id="V1", lead_time_days=5)
    pool = shop.runtime.pool
    for since, minimum, price in (
        ((2026, 1, 1), 0, 20_000),
        ((2026, 1, 1), 2000, 19_000),
        ((2027, 1, 1), 0, 1),
    ):
        await pool.execute(PRICE, first, date(*since), minimum, price)
    await pool.execute(PRICE, second, date(2026, 1, 1), 0, 10_000)
    events, one = await place(shop, [draft(STORE, (first, 2000))])
    assert (events[0].supplier_id, events[0].value_minor, events[0].currency) == ("V1", 190_000, "CNY")
    assert events[0].expected_on == "2026-11-26"
    events, many = await place(
        shop,
        [
            draft(STORE, (first, 1900), (second, 100)),
            draft("S0002", (second, 200), expected_on=date(2026, 12, 24)),
        ],
    )
    assert many == one
    assert [event.value_minor for event in events] == [190_000 + 5_000, 10_000]
    assert [event.expected_on for event in events] == ["2026-11-28", "2026-12-24"]
    assert [len(event.lines) for event in events] == [2, 1]
    assert (await shop.stock(first))["on_order"] == 195
    assert (await shop.stock(second, "S0002"))["on_order"] == 10
    assert await pool.fetchval("SELECT sum(orders_placed) FROM supplier_months") == 3
    await shop.check()


async def test_products_of_several_suppliers_leave_an_order_without_one_and_without_a_value(
    shop: Shop,
) -> None:
    first, second = make_gtin(1), make_gtin(2)
    await shop.ask("PUT", "/v1/suppliers/V1", json={"name": "Harbour"}, expect=201)
    await shop.put_product(first, supplier_id="V1")
    await shop.put_product(second)
    ((event,), _) = await place(shop, [draft(STORE, (first, 20), (second, 20))])
    assert (event.supplier_id, event.value_minor) == (None, None)
