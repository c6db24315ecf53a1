"""Goods on their way from one store to another, as the people at both ends see them."""

from collections.abc import Awaitable, Callable
from typing import Any

from humidor_inventory.testing.shop import STORE, Shop, line, sale

Send = Callable[..., Awaitable[Any]]


async def lots_at(shop: Shop, store_id: str, gtin: str) -> dict[str, Any]:
    found = await shop.ask("GET", f"/v1/stock/{store_id}/{gtin}/lots")
    return {lot["lot"]: lot for lot in found["items"]}


async def test_what_is_sent_leaves_the_oldest_lots_and_is_on_order_at_its_destination(
    shop: Shop, gtin: str, warehouse: str, send: Send
) -> None:
    sent = await send(15)
    assert sent["state"] == "dispatched"
    assert [(p["lot"], p["in_transit_sticks"]) for p in sent["parcels"]] == [("NEW", 100), ("OLD", 200)]
    assert (await shop.stock(gtin, warehouse))["on_hand"] == 15
    there = await shop.stock(gtin)
    assert (there["on_hand"], there["on_order"], there["available"]) == (0, 15, 15)
    [on_the_way] = (await shop.ask("GET", f"/v1/in-transit?to_store_id={STORE}"))["items"]
    assert (on_the_way["from_store_id"], on_the_way["in_transit"], on_the_way["transfers"]) == (
        warehouse,
        15,
        1,
    )
    assert await shop.outbox("inventory.transfer-dispatched.v1") == 1
    await shop.check()


async def test_goods_on_their_way_keep_the_store_from_ordering_them_again(
    shop: Shop, gtin: str, send: Send
) -> None:
    level = {"reorder_point": 10, "order_up_to": 12}
    await shop.ask("PUT", f"/v1/levels/{STORE}/{gtin}", json=level, expect=201)
    path = f"/v1/replenishments?store_id={STORE}&state=open"
    assert len((await shop.ask("GET", path))["items"]) == 1
    await send(12)
    assert (await shop.ask("GET", path))["items"] == []


async def test_a_lot_keeps_its_dates_when_it_arrives_and_is_sold_there(
    shop: Shop, gtin: str, send: Send
) -> None:
    sent = await send(12)
    path = f"/v1/transfers/{sent['transfer_id']}:receive"
    got = await shop.ask("POST", path, json={})
    assert (got["state"], got["losses"]) == ("received", [])
    lots = await lots_at(shop, STORE, gtin)
    assert {
        code: (lot["on_hand"], lot["production_date"], lot["expiry_date"]) for code, lot in lots.items()
    } == {
        "OLD": (10, "2026-08-01", "2098-08-01"),
        "NEW": (2, "2026-10-01", "2098-10-01"),
    }
    await shop.deliver(sale(line(gtin, 3)))
    assert (await shop.lots(gtin))["OLD"] == (7, 0)
    assert (await shop.ask("GET", "/v1/in-transit"))["items"] == []
    await shop.check()


async def test_a_part_arrives_later_and_what_is_lost_has_a_reason(shop: Shop, gtin: str, send: Send) -> None:
    sent = await send(15)
    path = f"/v1/transfers/{sent['transfer_id']}:receive"
    part = await shop.ask("POST", path, json={"lines": [{"gtin": gtin, "lot": "OLD", "received": 4}]})
    assert part["state"] == "partially_received"
    stock = await shop.stock(gtin)
    assert (stock["on_hand"], stock["on_order"]) == (4, 11)
    rest = {
        "lines": [{"gtin": gtin, "lot": "NEW", "received": 3, "lost": 1, "reason": "a torn case"}],
        "close_reason": "the van was broken into",
    }
    done = await shop.ask("POST", path, json=rest)
    assert done["state"] == "received"
    assert [(x["lot"], x["lost_sticks"], x["reason"]) for x in done["losses"]] == [
        ("NEW", 20, "a torn case"),
        ("NEW", 20, "the van was broken into"),
        ("OLD", 120, "the van was broken into"),
    ]
    stock = await shop.stock(gtin)
    assert (stock["on_hand"], stock["on_order"]) == (7, 0)
    assert await shop.outbox("inventory.transfer-received.v1") == 2
    again = await shop.ask("POST", path, json={}, expect=409)
    assert again["code"] == "transfer-closed"
    await shop.check()


async def test_more_than_is_on_the_way_is_not_received(shop: Shop, gtin: str, send: Send) -> None:
    sent = await send(5)
    path = f"/v1/transfers/{sent['transfer_id']}:receive"
    refused = await shop.ask("POST", path, json={"lines": [{"gtin": gtin, "received": 6}]}, expect=409)
    assert refused["code"] == "more-than-dispatched"
    assert (await shop.stock(gtin))["on_hand"] == 0


async def test_a_repeated_arrival_with_one_key_counts_once(shop: Shop, gtin: str, send: Send) -> None:
    sent = await send(10)
    headers = shop.auth() | {"Idempotency-Key": "dock-7"}
    path = f"/v1/transfers/{sent['transfer_id']}:receive"
    for _ in range(2):
        await shop.ask("POST", path, json={"lines": [{"gtin": gtin, "received": 4}]}, headers=dict(headers))
    assert (await shop.stock(gtin))["on_hand"] == 4


async def test_a_planned_transfer_moves_nothing_until_it_leaves_and_can_be_cancelled_before(
    shop: Shop, gtin: str, warehouse: str, send: Send
) -> None:
    first, second = await send(5, dispatch=False), await send(5, dispatch=False)
    assert (await shop.stock(gtin, warehouse))["on_hand"] == 30
    why = {"reason": "ordered twice"}
    gone = await shop.ask("POST", f"/v1/transfers/{first['transfer_id']}:cancel", json=why)
    assert (gone["state"], gone["closed_reason"]) == ("cancelled", "ordered twice")
    await shop.ask("POST", f"/v1/transfers/{first['transfer_id']}:dispatch", expect=409)
    for _ in range(2):  # the second time changes nothing
        sent = await shop.ask("POST", f"/v1/transfers/{second['transfer_id']}:dispatch")
        assert sent["state"] == "dispatched"
    assert (await shop.stock(gtin, warehouse))["on_hand"] == 25
    late = await shop.ask("POST", f"/v1/transfers/{second['transfer_id']}:cancel", json=why, expect=409)
    assert late["code"] == "transfer-under-way"


async def test_a_named_lot_is_sent_and_neither_more_than_it_holds_nor_what_is_reserved(
    shop: Shop, gtin: str, warehouse: str, send: Send
) -> None:
    sent = await send(5, lot="NEW")
    assert [(p["lot"], p["dispatched_sticks"]) for p in sent["parcels"]] == [("NEW", 100)]
    assert (await send(16, lot="NEW", expect=409))["code"] == "not-enough-stock"
    body = {"store_id": warehouse, "gtin": gtin, "quantity": 20}
    await shop.ask("POST", "/v1/reservations", json=body, expect=201)
    assert (await send(6, expect=409))["errors"][0]["field"] == "lines[0].quantity"
    await send(5)
    await shop.runtime.pool.execute("UPDATE reservations SET expires_at = now() - interval '1 second'")
    await send(20)  # what was kept back is free the moment its time is over
    await shop.check()


async def test_each_end_does_its_own_part_and_others_see_nothing(
    shop: Shop, warehouse: str, send: Send
) -> None:
    sent = await send(5, dispatch=False)
    path = f"/v1/transfers/{sent['transfer_id']}"
    at_store = shop.auth("manager", stores=[STORE])
    at_warehouse = shop.auth("manager", stores=[warehouse])
    elsewhere = shop.auth("manager", stores=["S0009"])
    await shop.ask("POST", f"{path}:dispatch", headers=at_store, expect=403)
    await shop.ask("POST", f"{path}:dispatch", headers=at_warehouse)
    await shop.ask("POST", f"{path}:receive", json={}, headers=at_warehouse, expect=403)
    await shop.ask("GET", path, headers=elsewhere, expect=404)
    assert (await shop.ask("GET", "/v1/transfers", headers=elsewhere))["items"] == []
    assert (await shop.ask("GET", "/v1/in-transit", headers=elsewhere))["items"] == []
    await shop.ask("POST", f"{path}:receive", json={}, headers=at_store)
    rows = await shop.runtime.pool.fetch(
        "SELECT action FROM audit_trail WHERE entity = 'transfer' ORDER BY id"
    )
    assert [row[0] for row in rows] == ["plan", "dispatch", "receive"]
    listed = await shop.ask("GET", f"/v1/transfers?store_id={STORE}&state=received&limit=1")
    assert [each["transfer_id"] for each in listed["items"]] == [sent["transfer_id"]]


async def test_an_arrival_covers_what_was_sold_before_it_came(shop: Shop, gtin: str, send: Send) -> None:
    await shop.deliver(sale(line(gtin, 4)))
    sent = await send(10)
    await shop.ask("POST", f"/v1/transfers/{sent['transfer_id']}:receive", json={})
    stock = await shop.stock(gtin)
    assert (stock["on_hand"], stock["negative"]) == (6, False)
    assert (await shop.lots(gtin))["OLD"] == (6, 0)
    await shop.check()
