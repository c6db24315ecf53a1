"""Opening the books in one trip gives what the ways of other writers give, and keeps the same locks."""

import asyncio
from uuid import uuid4

import pytest

from humidor_inventory.sales.books import open_books
from humidor_inventory.sales.planning import Document
from humidor_inventory.stock.service import Known, load_shelves, lock_stores
from humidor_inventory.stock.shelf import Shelf
from humidor_inventory.testing.shop import NOON, STORE, Shop, line, make_gtin, sale

KNOWN, BARE, SOLD_SHORT, NOWHERE = (make_gtin(number) for number in range(1, 5))


def a_document(*gtins: str) -> Document:
    own = uuid4()
    lines = [line(gtin, 1, line=number) for number, gtin in enumerate(gtins)]
    return Document("sale", STORE, own, own, restock=True, occurred_at=NOON, lines=lines)


def held(shelf: Shelf) -> tuple[object, ...]:
    balances = shelf.on_hand, shelf.quarantined, shelf.reserved, shelf.on_order, shelf.reorder_point
    open_now = shelf.alert_open, shelf.stock_out_open, shelf.negative_open
    return balances, open_now, sorted(shelf.lots, key=lambda lot: lot.lot)


async def test_both_ways_to_a_shelf_read_the_same(shop: Shop) -> None:
    for gtin in (KNOWN, BARE, SOLD_SHORT):
        await shop.put_product(gtin)
    await shop.receive((KNOWN, 7, "A"), (KNOWN, 5, "B"), (SOLD_SHORT, 1, "A"))
    await shop.ask(
        "PUT", f"/v1/levels/{STORE}/{KNOWN}", json={"reorder_point": 20, "order_up_to": 40}, expect=201
    )
    await shop.deliver(sale(line(SOLD_SHORT, 3)), sale(line(KNOWN, 6)))
    gtins = [KNOWN, BARE, SOLD_SHORT, NOWHERE]
    async with shop.runtime.pool.acquire() as conn, conn.transaction():
        books = await open_books(conn, [a_document(*gtins)])
        known = Known({}, {}, {})
        shelves = await load_shelves(conn, [(STORE, gtin) for gtin in gtins], known=known)
    assert {pair: held(shelf) for pair, shelf in books.shelves.items()} == {
        pair: held(shelf) for pair, shelf in shelves.items()
    }
    assert books.known == known
    assert books.shelves[STORE, KNOWN].alert_open
    assert books.shelves[STORE, SOLD_SHORT].on_hand < 0


@pytest.mark.parametrize("first_opens", [True, False])
async def test_who_opens_the_books_and_who_locks_stores_wait_for_each_other(
    shop: Shop, *, first_opens: bool
) -> None:
    await shop.put_product(KNOWN)

    async def enter(*, opens: bool, inside: asyncio.Event, leave: asyncio.Event) -> None:
        async with shop.runtime.pool.acquire() as conn, conn.transaction():
            if opens:
                await open_books(conn, [a_document(KNOWN)])
            else:
                await lock_stores(conn, [STORE])
            inside.set()
            await leave.wait()

    inside, leave = [asyncio.Event(), asyncio.Event()], asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(enter(opens=first_opens, inside=inside[0], leave=leave))
        await inside[0].wait()
        group.create_task(enter(opens=not first_opens, inside=inside[1], leave=leave))
        async with shop.runtime.pool.acquire() as conn:
            while not await conn.fetchval(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            ):
                assert not inside[1].is_set()
                await asyncio.sleep(0.01)
        assert not inside[1].is_set()
        leave.set()
    assert inside[1].is_set()
