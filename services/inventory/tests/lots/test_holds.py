"""A held lot stays where it is: nothing takes it by itself, and whoever must know is told."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import msgspec

from humidor_common.clock import utc_now
from humidor_common.events.inventory import LotChanged
from humidor_inventory.testing.shop import STORE, Shop, line, make_gtin, sale

REASON = {"reason": "mould on the carton"}


async def told(shop: Shop) -> list[tuple[str, bool, bool, int]]:
    rows = await shop.runtime.pool.fetch(
        "SELECT payload FROM outbox WHERE type = $1 ORDER BY id", LotChanged.TYPE
    )
    events = [msgspec.json.decode(row["payload"], type=LotChanged) for row in rows]
    return [(event.lot, event.in_stock, event.held, event.version) for event in events]


def dated(gtin: str, packs: int, lot: str, days: int) -> dict[str, Any]:
    expires = (utc_now().date() + timedelta(days=days)).isoformat()
    return {"gtin": gtin, "quantity": packs, "lot": lot, "expiry_date": expires}


async def test_sales_pass_over_a_held_lot_until_it_is_released(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 5, "A"), (gtin, 5, "B"))
    path = f"/v1/stock/{STORE}/{gtin}/lots/A"
    held = await shop.ask("POST", f"{path}:hold", json=REASON)
    assert (held["held"], held["on_hand_sticks"], held["sellable_sticks"]) == (True, 100, 100)
    await shop.deliver(sale(line(gtin, 1)))
    assert await shop.lots(gtin) == {"A": (5, 0), "B": (4, 0)}
    assert (await shop.stock(gtin))["sellable"] == 4
    problem = await shop.ask("POST", f"{path}:hold", json=REASON, expect=409)
    assert problem["code"] == "lot-held"
    released = await shop.ask("POST", f"{path}:release", json={"reason": "looked into"})
    assert (released["held"], released["held_since"]) == (False, None)
    await shop.deliver(sale(line(gtin, 1)))
    assert await shop.lots(gtin) == {"A": (4, 0), "B": (4, 0)}
    problem = await shop.ask("POST", f"{path}:release", json=REASON, expect=409)
    assert problem["code"] == "lot-not-held"
    trail = await shop.runtime.pool.fetch(
        "SELECT action, reason FROM audit_trail WHERE entity = 'lot' ORDER BY id"
    )
    assert [tuple(row) for row in trail] == [("hold", REASON["reason"]), ("release", "looked into")]


async def test_who_may_hold_which_lot_is_checked(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 5, "A"))
    path = f"/v1/stock/{STORE}/{gtin}/lots"
    stranger = shop.auth("manager", stores=["S0002"])
    await shop.ask("POST", f"{path}/A:hold", json=REASON, headers=stranger, expect=403)
    await shop.ask("POST", f"{path}/A:hold", json=REASON, headers=shop.auth("analyst"), expect=403)
    await shop.ask("POST", f"{path}/Z:hold", json=REASON, expect=404)
    problem = await shop.ask("POST", f"{path}/A:hold", json={}, expect=422)
    assert problem["errors"][0]["field"] == "reason"


async def test_a_hold_says_which_reservations_it_leaves_uncovered(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 5, "A"), (gtin, 5, "B"))
    body = {"store_id": STORE, "gtin": gtin, "quantity": 7}
    await shop.ask("POST", "/v1/reservations", json=body, expect=201)
    held = await shop.ask("POST", f"/v1/stock/{STORE}/{gtin}/lots/A:hold", json=REASON)
    assert (held["reserved_sticks"], held["sellable_sticks"], held["uncovered_sticks"]) == (140, 100, 40)
    refused = await shop.ask("POST", "/v1/reservations", json=body | {"quantity": 1}, expect=409)
    assert refused["code"] == "not-enough-stock"
    picked = await shop.ask("POST", "/v1/picks", json=body, expect=201)
    assert ([part["lot"] for part in picked["chosen"]], picked["short_sticks"]) == (["B"], 40)


async def test_tills_hear_of_a_lot_when_it_comes_changes_or_goes_and_not_at_each_sale(
    shop: Shop, gtin: str
) -> None:
    lines = [dated(gtin, 3, "A", 30), {"gtin": gtin, "quantity": 3, "lot": "B"}]
    await shop.ask("POST", "/v1/receipts", json={"store_id": STORE, "lines": lines}, expect=201)
    assert await told(shop) == [("A", True, False, 1)]
    one = sale(line(gtin, 1))
    await shop.deliver(one, sale(line(gtin, 1)))
    assert len(await told(shop)) == 1
    await shop.ask("POST", f"/v1/stock/{STORE}/{gtin}/lots/B:hold", json=REASON)
    await shop.deliver(sale(line(gtin, 1)), one)
    assert (await told(shop))[1:] == [("B", True, True, 1), ("A", False, False, 2)]
    await shop.ask("POST", f"/v1/stock/{STORE}/{gtin}/lots/B:release", json=REASON)
    correction = {"store_id": STORE, "gtin": gtin, "lot": "A", "quantity": 2, "reason_code": "found"}
    await shop.ask("POST", "/v1/adjustments", json=correction, expect=201)
    assert (await told(shop))[3:] == [("B", True, False, 2), ("A", True, False, 3)]
    await shop.check()


async def test_lots_are_found_across_stores_and_products(shop: Shop, gtin: str) -> None:
    other = make_gtin(2)
    await shop.put_product(other)
    await shop.put_store("S0002")
    for store_id in (STORE, "S0002"):
        lines = [
            dated(gtin, 1, "A", 5),
            dated(other, 1, "A/2", 90),
            {"gtin": other, "quantity": 1, "lot": "C"},
        ]
        await shop.ask("POST", "/v1/receipts", json={"store_id": store_id, "lines": lines}, expect=201)
    await shop.ask("POST", f"/v1/stock/{STORE}/{other}/lots/A/2:hold", json=REASON)

    async def found(**query: Any) -> list[tuple[str, str]]:
        items: list[tuple[str, str]] = []
        while True:
            page = await shop.ask("GET", "/v1/lots", params=query | {"limit": 2})
            items += [(item["store_id"], item["lot"]) for item in page["items"]]
            if page["next_cursor"] is None:
                return items
            query["cursor"] = page["next_cursor"]

    assert len(await found()) == 6
    assert await found(held="true") == [(STORE, "A/2")]
    assert await found(expires_before=str(utc_now().date() + timedelta(days=30))) == [
        (STORE, "A"),
        ("S0002", "A"),
    ]
    assert await found(store_id="S0002", gtin=other, held="false") == [("S0002", "A/2"), ("S0002", "C")]
    mine = shop.auth("manager", stores=["S0002"])
    assert len((await shop.ask("GET", "/v1/lots", headers=mine))["items"]) == 3
    await shop.ask("GET", "/v1/lots", params={"store_id": STORE}, headers=mine, expect=403)


async def test_a_lot_code_that_a_sale_gives_and_nobody_knows_is_no_news(shop: Shop, gtin: str) -> None:
    await shop.deliver(sale(line(gtin, 1, lot="NOWHERE"), sale_id=uuid4()))
    assert await told(shop) == []
