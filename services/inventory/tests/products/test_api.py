import pytest

from humidor_inventory.testing.shop import STORE, Shop, line, make_gtin, sale

GTIN = make_gtin(1)
BODY = {"name": "Harbour Gold", "brand": "Harbour"}


async def test_a_short_gtin_names_the_same_product(shop: Shop) -> None:
    created = await shop.ask("PUT", "/v1/products/96385074", json=BODY, expect=201)
    assert created["gtin"] == "00000096385074"
    assert await shop.ask("GET", "/v1/products/00000096385074") == created


@pytest.mark.parametrize("gtin", ["96385075", "9638507", "abcdefgh", "96385074%00"])
async def test_a_bad_gtin_is_refused_by_name(shop: Shop, gtin: str) -> None:
    problem = await shop.ask("PUT", f"/v1/products/{gtin}", json=BODY, expect=422)
    assert problem["errors"][0]["field"] == "gtin"


async def test_the_same_again_changes_nothing_and_a_change_is_told(shop: Shop) -> None:
    first = await shop.ask("PUT", f"/v1/products/{GTIN}", json=BODY, expect=201)
    assert await shop.ask("PUT", f"/v1/products/{GTIN}", json=BODY) == first
    assert await shop.outbox("inventory.product-changed.v1") == 1
    price = {"retail_price_per_pack": 2500, "currency": "CNY"}
    changed = await shop.ask("PUT", f"/v1/products/{GTIN}", json=BODY | price)
    assert (changed["version"], changed["retail_price_per_pack"]) == (2, 2500)
    assert await shop.outbox("inventory.product-changed.v1") == 2
    trail = await shop.runtime.pool.fetch("SELECT action FROM audit_trail WHERE entity = 'product'")
    assert [row[0] for row in trail] == ["create", "change"]


async def test_a_change_of_what_somebody_else_has_changed_is_refused(shop: Shop) -> None:
    answer = await shop.client.put(f"/v1/products/{GTIN}", json=BODY, headers=shop.auth())
    tag = answer.headers["etag"]
    headers = shop.auth() | {"If-Match": tag}
    await shop.ask("PUT", f"/v1/products/{GTIN}", json=BODY | {"name": "New"}, headers=headers)
    await shop.ask("PUT", f"/v1/products/{GTIN}", json=BODY, headers=headers, expect=412)
    absent = f"/v1/products/{make_gtin(2)}"
    await shop.ask("PUT", absent, json=BODY, headers=headers, expect=412)
    await shop.ask("GET", absent, expect=404)


async def test_the_packaging_cannot_change_under_stock_orders_or_levels(shop: Shop) -> None:
    await shop.put_product(GTIN)
    await shop.put_product(GTIN, sticks_per_pack=10)
    await shop.receive((GTIN, 1, None))
    refused = await shop.ask("PUT", f"/v1/products/{GTIN}", json=BODY, expect=409)
    assert refused["code"] == "factors-in-use"
    await shop.deliver(sale(line(GTIN, 1)))
    await shop.put_product(GTIN, sticks_per_pack=20)
    level = {"reorder_point": 1, "order_up_to": 2}
    await shop.ask("PUT", f"/v1/levels/{STORE}/{GTIN}", json=level, expect=201)
    await shop.ask("PUT", f"/v1/products/{GTIN}", json=BODY | {"packs_per_carton": 5}, expect=409)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"sticks_per_pack": 0}, "sticks_per_pack"),
        ({"name": ""}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"retail_price_per_pack": -1, "currency": "CNY"}, "retail_price_per_pack"),
        ({"currency": "yuan"}, "currency"),
        ({"supplier_id": "NOBODY"}, "supplier_id"),
        ({"status": "gone"}, "status"),
        ({"shelf_life_days": "soon"}, "shelf_life_days"),
    ],
)
async def test_a_bad_field_is_refused_by_name(shop: Shop, change: dict[str, object], field: str) -> None:
    problem = await shop.ask("PUT", f"/v1/products/{GTIN}", json=BODY | change, expect=422)
    assert problem["errors"][0]["field"] == field
    await shop.ask("GET", f"/v1/products/{GTIN}", expect=404)


async def test_in_a_batch_each_product_succeeds_or_fails_alone(shop: Shop) -> None:
    await shop.ask("PUT", "/v1/suppliers/ACME", json={"name": "Acme"}, expect=201)
    products = [
        {"gtin": make_gtin(1), **BODY, "supplier_id": "ACME"},
        {"gtin": make_gtin(2), **BODY, "supplier_id": "NOBODY"},
    ]
    answer = await shop.ask("POST", "/v1/products:batch", json={"products": products})
    assert [each["status"] for each in answer["results"]] == ["created", "rejected"]
    assert answer["results"][1]["problem"]["errors"][0]["field"] == "supplier_id"
    again = await shop.ask("POST", "/v1/products:batch", json={"products": products[:1]})
    assert again["results"][0]["status"] == "unchanged"
    await shop.ask("POST", "/v1/products:batch", json={"products": products[:1] * 2}, expect=422)


async def test_the_list_is_paged_and_filtered(shop: Shop) -> None:
    gtins = sorted(make_gtin(number) for number in range(5))
    for i, gtin in enumerate(gtins):
        await shop.put_product(gtin, brand="odd" if i % 2 else "even")
    seen, cursor = [], ""
    while cursor is not None:
        page = await shop.ask(
            "GET", f"/v1/products?limit=2&cursor={cursor}" if cursor else "/v1/products?limit=2"
        )
        seen += [each["gtin"] for each in page["items"]]
        cursor = page["next_cursor"]
    assert seen == gtins
    odd = await shop.ask("GET", "/v1/products?brand=odd")
    assert [each["gtin"] for each in odd["items"]] == gtins[1::2]
    await shop.ask("GET", "/v1/products?cursor=rubbish", expect=422)
