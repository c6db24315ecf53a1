"""Goods that are kept back for somebody for a time."""

import asyncio
from datetime import timedelta
from typing import Any

from humidor_common.clock import utc_now
from humidor_common.db.transaction import transaction
from humidor_inventory.reservations.service import expire_due
from humidor_inventory.testing.shop import STORE, Shop


async def reserve(shop: Shop, gtin: str, packs: int, *, expect: int = 201, **changes: Any) -> Any:
    body = {"store_id": STORE, "gtin": gtin, "quantity": packs} | changes
    return await shop.ask("POST", "/v1/reservations", json=body, expect=expect)


async def let_time_pass(shop: Shop, reservation_id: str) -> None:
    await shop.runtime.pool.execute(
        "UPDATE reservations SET expires_at = $2 WHERE reservation_id = $1::uuid",
        reservation_id,
        utc_now() - timedelta(seconds=1),
    )


async def test_reserved_goods_are_kept_back_until_they_are_released(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 10, "A"))
    kept = await reserve(shop, gtin, 6, reference="table 4")
    stock = await shop.stock(gtin)
    assert (stock["on_hand"], stock["reserved"], stock["available"]) == (10, 6, 4)
    path = f"/v1/reservations/{kept['reservation_id']}"
    assert (await shop.ask("POST", f"{path}:confirm"))["state"] == "confirmed"
    released = await shop.ask("POST", f"{path}:release", json={"reason": "handed over"})
    assert (released["state"], released["closed_reason"]) == ("released", "handed over")
    assert (await shop.stock(gtin))["reserved"] == 0
    await shop.ask("POST", f"{path}:release", json={"reason": "again"})
    assert (await shop.stock(gtin))["reserved"] == 0
    await shop.check()


async def test_no_more_is_reserved_than_sound_lots_hold(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 5, "A"))
    expired = {"gtin": gtin, "quantity": 50, "lot": "B", "expiry_date": "2020-01-01"}
    await shop.ask("POST", "/v1/receipts", json={"store_id": STORE, "lines": [expired]}, expect=201)
    await reserve(shop, gtin, 4)
    refused = await reserve(shop, gtin, 2, expect=409)
    assert (refused["code"], refused["detail"]) == (
        "not-enough-stock",
        "20 sticks are free, 40 were asked for.",
    )
    await reserve(shop, gtin, 1)


async def test_many_who_reserve_at_once_never_get_more_than_there_is(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 10, "A"))
    body = {"store_id": STORE, "gtin": gtin, "quantity": 3}
    headers = shop.auth()
    answers = await asyncio.gather(
        *(shop.client.post("/v1/reservations", json=body, headers=headers) for _ in range(12))
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 9
    assert (await shop.stock(gtin))["reserved"] == 9
    await shop.check()


async def test_a_reservation_whose_time_is_over_counts_no_more_even_before_anyone_frees_it(
    shop: Shop, gtin: str
) -> None:
    await shop.receive((gtin, 10, "A"))
    kept = await reserve(shop, gtin, 10)
    await let_time_pass(shop, kept["reservation_id"])
    stock = await shop.stock(gtin)
    assert (stock["reserved"], stock["available"]) == (0, 10)
    path = f"/v1/reservations/{kept['reservation_id']}"
    assert (await shop.ask("GET", path))["state"] == "expired"
    assert (await shop.ask("POST", f"{path}:confirm", expect=409))["code"] == "reservation-over"
    await reserve(shop, gtin, 10)
    assert (await shop.stock(gtin))["reserved"] == 10
    states = (await shop.ask("GET", f"/v1/reservations?store_id={STORE}"))["items"]
    assert [each["state"] for each in states] == ["expired", "active"]
    await shop.check()


async def test_the_worker_frees_what_is_over_and_leaves_what_is_confirmed(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 10, "A"))
    over, firm = await reserve(shop, gtin, 2), await reserve(shop, gtin, 3)
    await shop.ask("POST", f"/v1/reservations/{firm['reservation_id']}:confirm")
    for each in (over, firm):
        await let_time_pass(shop, each["reservation_id"])
    async with transaction(shop.runtime.pool) as conn:
        assert await expire_due(conn, now=utc_now()) == 1
    async with transaction(shop.runtime.pool) as conn:
        assert await expire_due(conn, now=utc_now()) == 0
    stock = await shop.stock(gtin)
    assert (stock["reserved"], stock["available"]) == (3, 7)
    await shop.check()


async def test_one_key_reserves_once_and_another_store_is_none_of_the_callers_business(
    shop: Shop, gtin: str
) -> None:
    await shop.receive((gtin, 10, "A"))
    headers = shop.auth() | {"Idempotency-Key": "r-1"}
    body = {"store_id": STORE, "gtin": gtin, "quantity": 2}
    ids = {
        (await shop.ask("POST", "/v1/reservations", json=body, headers=dict(headers), expect=201))[
            "reservation_id"
        ]
        for _ in range(2)
    }
    assert len(ids) == 1
    elsewhere = shop.auth("manager", stores=["S0009"])
    await shop.ask("POST", "/v1/reservations", json=body, headers=elsewhere, expect=403)
    await shop.ask("GET", f"/v1/reservations/{ids.pop()}", headers=elsewhere, expect=404)
