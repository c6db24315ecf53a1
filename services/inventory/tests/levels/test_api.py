from humidor_inventory.testing.shop import STORE, Shop, make_gtin


async def test_a_level_shows_in_the_stock_and_in_its_own_unit(shop: Shop, gtin: str) -> None:
    body = {"reorder_point": 2, "order_up_to": 5, "unit": "carton", "minimum_order": 1}
    level = await shop.ask("PUT", f"/v1/levels/{STORE}/{gtin}", json=body, expect=201)
    assert (level["reorder_point"], level["reorder_point_sticks"], level["order_multiple"]) == (2, 400, 1)
    assert await shop.ask("GET", f"/v1/levels/{STORE}/{gtin}") == level
    assert (await shop.ask("GET", f"/v1/levels?gtin={gtin}"))["items"] == [level]
    stock = await shop.stock(gtin)
    assert (stock["on_hand"], stock["available"], stock["reorder_point"]) == (0, 0, 20)
    assert (await shop.stock(gtin, unit="carton"))["reorder_point"] == 2


async def test_a_level_needs_a_known_product_and_store_and_sense(shop: Shop, gtin: str) -> None:
    body = {"reorder_point": 2, "order_up_to": 5}
    for path, change, field in (
        (f"{STORE}/{make_gtin(9)}", {}, "gtin"),
        (f"S0404/{gtin}", {}, "store_id"),
        (f"{STORE}/{gtin}", {"reorder_point": -1}, "reorder_point"),
        (f"{STORE}/{gtin}", {"order_up_to": 10**9, "unit": "case"}, "levels[0].order_up_to"),
    ):
        problem = await shop.ask("PUT", f"/v1/levels/{path}", json=body | change, expect=422)
        assert problem["errors"][0]["field"] == field
    await shop.ask(
        "PUT", f"/v1/levels/{STORE}/{gtin}", json={"reorder_point": 9, "order_up_to": 5}, expect=422
    )
    stranger = shop.auth("manager", stores=["S0002"])
    await shop.ask("PUT", f"/v1/levels/{STORE}/{gtin}", json=body, headers=stranger, expect=403)
    assert (await shop.ask("GET", "/v1/levels"))["items"] == []


async def test_a_batch_of_levels_is_set_as_a_whole(shop: Shop, gtin: str) -> None:
    level = {"store_id": STORE, "gtin": gtin, "reorder_point": 1, "order_up_to": 2}
    unknown = level | {"gtin": make_gtin(9)}
    problem = await shop.ask("POST", "/v1/levels:batch", json={"levels": [level, unknown]}, expect=422)
    assert problem["errors"][0]["field"] == "levels[1].gtin"
    assert (await shop.ask("GET", "/v1/levels"))["items"] == []
    await shop.ask("POST", "/v1/levels:batch", json={"levels": [level]})
    assert len((await shop.ask("GET", "/v1/levels"))["items"]) == 1
