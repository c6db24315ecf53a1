"""How old the goods on the shelves are, and what is to be done about it."""

from collections.abc import Awaitable, Callable
from typing import Any

from humidor_inventory.testing.shop import STORE, Shop, make_gtin

Stand = Callable[..., Awaitable[Any]]
RULES = "/v1/freshness/rules"


async def bands(shop: Shop, **params: str) -> dict[tuple[str, str], dict[str, float]]:
    found = await shop.ask("GET", "/v1/freshness/bands", params=params)
    return {(x["store_id"], x["brand"]): {b["band"]: b["share"] for b in x["bands"]} for x in found["items"]}


async def lots(shop: Shop, path: str, **params: str) -> list[tuple[str, str]]:
    found = await shop.ask("GET", f"/v1/freshness/{path}", params=params)
    return [(lot["lot"], lot["action"]) for lot in found["items"]]


async def test_the_share_of_stock_by_age_is_shown_for_each_store_and_brand(shop: Shop, stand: Stand) -> None:
    for lot, packs, made in (("A", 5, 0), ("B", 5, 90), ("C", 4, 91), ("D", 2, 366), ("E", 4, None)):
        await stand(lot, packs, made)
    assert await bands(shop) == {
        (STORE, "Harbour"): {"0-90": 0.5, "91-180": 0.2, "over 365": 0.1, "unknown": 0.2}
    }
    assert await bands(shop, brand="Other") == {}


async def test_a_brand_has_bands_of_its_own_and_others_follow_the_default(shop: Shop, stand: Stand) -> None:
    other = make_gtin(2)
    await shop.put_product(other, brand="Blend")
    await stand("A", 4, 100)
    await stand("B", 4, 100, gtin=other)
    await shop.ask("PUT", f"{RULES}?brand=Blend", json={"bands_days": [60, 120], "max_age_days": 99})
    await shop.ask("PUT", RULES, json={"bands_days": [30]})
    assert await bands(shop) == {(STORE, "Blend"): {"61-120": 1.0}, (STORE, "Harbour"): {"over 30": 1.0}}
    assert await lots(shop, "lots", state="over_age") == [("B", "inspect")]
    listed = (await shop.ask("GET", RULES))["items"]
    assert [(rule["brand"], rule["bands_days"]) for rule in listed] == [(None, [30]), ("Blend", [60, 120])]
    for brand in ("?brand=Blend", ""):
        answer = await shop.client.delete(RULES + brand, headers=shop.auth())
        assert answer.status_code == 204
    assert set(await bands(shop)) == {(STORE, "Blend"), (STORE, "Harbour")}
    assert (await bands(shop))[STORE, "Blend"] == {"91-180": 1.0}
    rows = await shop.runtime.pool.fetch(
        "SELECT action FROM audit_trail WHERE entity = 'freshness_rule' ORDER BY id"
    )
    assert [row[0] for row in rows] == ["create", "create", "delete", "delete"]


async def test_bands_that_do_not_rise_are_refused(shop: Shop) -> None:
    for bad in ([90, 90], [180, 90], []):
        await shop.ask("PUT", RULES, json={"bands_days": bad}, expect=422)


async def test_expired_and_expiring_lots_are_listed_the_most_urgent_first(shop: Shop, stand: Stand) -> None:
    for lot, left in (("OVER", -1), ("TODAY", 0), ("SOON", 20), ("LATER", 60), ("FAR", 61)):
        await stand(lot, 1, None, left)
    assert await lots(shop, "lots", state="expired") == [("OVER", "withdraw")]
    assert [lot for lot, _ in await lots(shop, "lots")] == ["TODAY", "SOON", "LATER"]
    assert [lot for lot, _ in await lots(shop, "lots", within_days="20")] == ["TODAY", "SOON"]
    seen, cursor = list[str](), ""
    while cursor is not None:
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = await shop.ask("GET", "/v1/freshness/lots", params=params)
        seen += [lot["lot"] for lot in page["items"]]
        cursor = page["next_cursor"]
    assert seen == ["TODAY", "SOON", "LATER"]
    whole = (await shop.ask("GET", "/v1/freshness/lots?state=expired"))["items"][0]
    assert (whole["days_left"], whole["shelf_days"], whole["on_hand_sticks"]) == (-1, 0, 20)


async def test_the_rotation_list_says_what_to_do_with_which_lot(shop: Shop, stand: Stand) -> None:
    await stand("KEEP", 1, 10, 300)
    await stand("FIRST", 1, 10, 30)
    await stand("OVER", 1, 10, -5)
    await stand("OLD", 1, 400, 200)
    await stand("STOOD", 1, 100, 250)
    await shop.runtime.pool.execute(
        "UPDATE lot_stock SET received_at = now() - interval '8 days' WHERE lot IN ('STOOD', 'KEEP')"
    )
    await shop.runtime.pool.execute(
        "UPDATE lot_stock SET received_at = now() - interval '5 days' WHERE lot = 'KEEP'"
    )
    await shop.ask("PUT", RULES, json={"max_shelf_days": 7})
    assert await lots(shop, "rotation", store_id=STORE) == [
        ("OVER", "withdraw"),
        ("FIRST", "sell_first"),
        ("OLD", "inspect"),
        ("STOOD", "move_forward"),
    ]
    assert await lots(shop, "lots", state="over_shelf") == [("STOOD", "move_forward")]
    elsewhere = shop.auth("manager", stores=["S0009"])
    for path in ("rotation", "bands", "lots", "violations"):
        assert (await shop.ask("GET", f"/v1/freshness/{path}", headers=elsewhere))["items"] == []


async def test_a_lot_that_is_sold_out_is_no_longer_listed(shop: Shop, gtin: str, stand: Stand) -> None:
    await stand("OVER", 1, 10, -5)
    body = {"store_id": STORE, "gtin": gtin, "lot": "OVER", "quantity": 1, "reason_code": "expired"}
    await shop.ask("POST", "/v1/write-offs", json=body | {"evidence": "binned"}, expect=201)
    assert await lots(shop, "rotation") == []
    assert await bands(shop) == {}
