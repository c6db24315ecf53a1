from humidor_inventory.testing.shop import STORE, Shop

BODY = {"name": "West Gate", "time_zone": "Asia/Urumqi", "licence_number": "430701204804"}


async def test_a_store_is_made_changed_and_told(shop: Shop) -> None:
    created = await shop.ask("PUT", "/v1/stores/S0002", json=BODY, expect=201)
    assert await shop.ask("PUT", "/v1/stores/S0002", json=BODY) == created
    changed = await shop.ask("PUT", "/v1/stores/S0002", json=BODY | {"status": "closed"})
    assert (changed["version"], changed["status"]) == (2, "closed")
    assert await shop.ask("GET", "/v1/stores/S0002") == changed
    assert await shop.outbox("inventory.store-changed.v1") == 3


async def test_bad_fields_are_refused_by_name(shop: Shop) -> None:
    for change, field in (
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"licence_number": "12345"}, "licence_number"),
        ({"name": ""}, "name"),
    ):
        problem = await shop.ask("PUT", "/v1/stores/S0003", json=BODY | change, expect=422)
        assert problem["errors"][0]["field"] == field
    await shop.ask("PUT", "/v1/stores/..%5C", json=BODY, expect=422)


async def test_an_operator_sees_and_changes_only_their_own_stores(shop: Shop) -> None:
    await shop.ask("PUT", "/v1/stores/S0002", json=BODY, expect=201)
    own = shop.auth("manager", stores=[STORE])
    listed = await shop.ask("GET", "/v1/stores", headers=own)
    assert [store["store_id"] for store in listed["items"]] == [STORE]
    await shop.ask("GET", "/v1/stores/S0002", headers=own, expect=403)
    await shop.ask("PUT", "/v1/stores/S0002", json=BODY, headers=own, expect=403)
    await shop.ask("GET", "/v1/stores", headers={"X-None": "1"}, expect=401)


async def test_suppliers_are_kept(shop: Shop) -> None:
    body = {"name": "Acme", "lead_time_days": 3}
    created = await shop.ask("PUT", "/v1/suppliers/ACME", json=body, expect=201)
    assert await shop.ask("GET", "/v1/suppliers/ACME") == created
    assert (await shop.ask("GET", "/v1/suppliers"))["items"] == [created]
    await shop.ask("GET", "/v1/suppliers/NOBODY", expect=404)


async def test_what_concerns_every_store_is_not_for_those_bound_to_some(shop: Shop) -> None:
    own = shop.auth("manager", stores=[STORE])
    supplier = {"name": "Acme", "lead_time_days": 3}
    await shop.ask("PUT", "/v1/suppliers/ACME", json=supplier, headers=own, expect=403)
    product = {"name": "West Gate", "brand": "West"}
    await shop.ask("PUT", "/v1/products/06901028075763", json=product, headers=own, expect=403)
    batch = {"products": [product | {"gtin": "06901028075763"}]}
    await shop.ask("POST", "/v1/products:batch", json=batch, headers=own, expect=403)
    await shop.ask("PUT", "/v1/products/06901028075763", json=product, expect=201)
