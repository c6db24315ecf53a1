"""What plans have to respect: who may set it, what is refused, and that nobody overwrites another unseen."""

from typing import Any

from humidor_inventory.testing.shop import STORE, Shop, make_gtin

SUPPLY = {"quantity": 12, "rule": "max_min", "valid_from": "2026-11-23", "valid_until": "2026-11-29"}


async def test_supplies_cycles_lanes_and_priorities_are_kept_with_their_versions(
    shop: Shop, gtin: str
) -> None:
    await shop.ask("PUT", "/v1/suppliers/CTC", json={"name": "CTC"}, expect=201)
    await shop.ask("PUT", "/v1/stores/W0001", json={"name": "W", "kind": "warehouse"}, expect=201)
    kept: list[tuple[str, dict[str, Any]]] = [
        (f"/v1/supply/{gtin}", SUPPLY),
        ("/v1/suppliers/CTC/order-cycle", {"order_weekdays": [4, 1, 1], "minimum_value_minor": 5}),
        (f"/v1/lanes/W0001/{STORE}", {"minor_per_carton": 100}),
    ]
    for path, body in kept:
        made = await shop.ask("PUT", path, json=body, expect=201)
        again = await shop.ask("PUT", path, json=body)
        assert (made["version"], again["version"]) == (1, 2)
        old = shop.auth() | {"If-Match": '"1"'}
        await shop.ask("PUT", path, json=body, headers=old, expect=412)
        bound = shop.auth("manager", stores=[STORE])
        await shop.ask("PUT", path, json=body, headers=bound, expect=403)
    supply = await shop.ask("GET", f"/v1/supply/{gtin}")
    assert (supply["quantity_sticks"], supply["left_sticks"]) == (2400, 2400)
    assert (await shop.ask("GET", "/v1/suppliers/CTC/order-cycle"))["order_weekdays"] == [1, 4]
    assert [each["gtin"] for each in (await shop.ask("GET", "/v1/supply?limit=1"))["items"]] == [gtin]
    lanes = (await shop.ask("GET", "/v1/lanes"))["items"]
    assert [(lane["from_store_id"], lane["days"]) for lane in lanes] == [("W0001", 1)]
    rank = await shop.ask("PUT", f"/v1/stores/{STORE}/supply-priority", json={"priority": 3})
    assert rank["priority"] == 3
    for path in (kept[0][0], kept[2][0]):
        answer = await shop.client.delete(path, headers=shop.auth())
        assert answer.status_code == 204
        answer = await shop.client.delete(path, headers=shop.auth())
        assert answer.status_code == 404
    trail = await shop.runtime.pool.fetch("SELECT action FROM audit_trail WHERE entity = 'lane' ORDER BY 1")
    assert [row[0] for row in trail] == ["change", "create", "delete"]


async def test_what_is_not_there_or_makes_no_sense_is_named(shop: Shop, gtin: str) -> None:
    for path, body, field in (
        (f"/v1/supply/{make_gtin(9)}", SUPPLY, "gtin"),
        (f"/v1/supply/{gtin}", SUPPLY | {"quantity": 10**9, "unit": "case"}, "quantity"),
        ("/v1/suppliers/NONE/order-cycle", {}, "supplier_id"),
        ("/v1/suppliers/NONE/order-cycle", {"order_weekdays": [8]}, "order_weekdays[0]"),
        (f"/v1/lanes/{STORE}/NONE", {"minor_per_carton": 1}, "to_store_id"),
        (f"/v1/lanes/NONE/{STORE}", {"minor_per_carton": 1}, "from_store_id"),
        (f"/v1/lanes/{STORE}/{STORE}", {"minor_per_carton": 1}, "to_store_id"),
        ("/v1/stores/NONE/supply-priority", {"priority": 1}, "store_id"),
    ):
        problem = await shop.ask("PUT", path, json=body, expect=422)
        assert problem["errors"][0]["field"] == field, path
    await shop.ask("PUT", f"/v1/supply/{gtin}", json=SUPPLY | {"valid_until": "2026-01-01"}, expect=422)
    await shop.ask("GET", f"/v1/supply/{gtin}", expect=404)
    await shop.ask("GET", "/v1/suppliers/NONE/order-cycle", expect=404)
