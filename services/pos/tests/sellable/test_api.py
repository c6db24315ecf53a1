from collections.abc import Callable
from typing import Any

from humidor_pos.products.catalogue import Catalogue

Make = Callable[..., Any]
GTIN = "06901028001236"


async def test_a_terminal_pulls_what_its_store_may_sell(pos: Any, till: Any) -> None:
    await pos.fetch("UPDATE products SET status = 'discontinued' WHERE gtin = '06901028001250'")
    answer = await till.get("/v1/sellable")
    assert answer.status_code == 200
    items = answer.json()["items"]
    assert [item["gtin"] for item in items] == ["06901028001236", "06901028001243"]
    assert items[0]["prices"] == {"pack": 2500, "carton": 25000, "case": 1250000}
    assert items[0]["source"] == "list"


async def test_the_list_is_sent_again_only_when_it_changed(pos: Any, till: Any) -> None:
    etag = (await till.get("/v1/sellable")).headers["ETag"]
    for tag in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        same = await pos.client.get("/v1/sellable", headers=till.headers | {"If-None-Match": tag})
        assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", etag)
    price = {"price_per_pack": 2600, "currency": "CNY"}
    elsewhere = await pos.client.put(f"/v1/prices/S0002/{GTIN}", json=price, headers=pos.auth())
    assert elsewhere.status_code == 200
    pos.runtime.get(Catalogue).expire()
    headers = till.headers | {"If-None-Match": etag}
    assert (await pos.client.get("/v1/sellable", headers=headers)).status_code == 304
    await pos.client.put(f"/v1/prices/S0001/{GTIN[1:]}", json=price, headers=pos.auth())
    pos.runtime.get(Catalogue).expire()
    changed = await pos.client.get("/v1/sellable", headers=headers)
    assert changed.status_code == 200
    assert changed.json()["items"][0]["prices"]["pack"] == 2600
    assert changed.json()["items"][0]["source"] == "store"


async def test_a_price_of_the_store_is_set_listed_and_taken_back(pos: Any, till: Any, a_sale: Make) -> None:
    path = f"/v1/prices/S0001/{GTIN}"
    price = {"price_per_pack": 2600, "currency": "CNY"}
    await pos.client.put(path, json=price, headers=pos.auth("manager", stores=["S0001"]))
    assert [item["price_per_pack"] for item in (await pos.get("/v1/prices/S0001"))["items"]] == [2600]
    pos.runtime.get(Catalogue).expire()
    old_price = await till.post("/v1/sales", a_sale(lines=1))
    assert old_price.json()["exceptions"] == ["price_mismatch"]
    removed = await pos.client.delete(path, headers=pos.auth())
    assert removed.status_code == 204
    assert (await pos.client.delete(path, headers=pos.auth())).status_code == 404
    pos.runtime.get(Catalogue).expire()
    assert (await till.get("/v1/sellable")).json()["items"][0]["prices"]["pack"] == 2500
    trail = await pos.fetch(
        "SELECT action, before, after FROM audit_trail WHERE entity = 'price' ORDER BY id"
    )
    assert [(row["action"], row["before"], row["after"]) for row in trail] == [
        ("put", None, price),
        ("remove", price, None),
    ]


async def test_prices_are_for_the_stores_own_operators(pos: Any, till: Any) -> None:
    price = {"price_per_pack": 2600, "currency": "CNY"}
    path = f"/v1/prices/S0001/{GTIN}"
    for headers, status in (
        (pos.auth("manager", stores=["S0002"]), 403),
        (pos.auth("auditor"), 403),
        (till.headers, 401),
    ):
        assert (await pos.client.put(path, json=price, headers=headers)).status_code == status
    for bad in ({"price_per_pack": -1}, {"currency": "x"}, {"price_per_pack": 10**13}, {"extra": 1}):
        assert (await pos.client.put(path, json=price | bad, headers=pos.auth())).status_code == 422
    wrong = await pos.client.put("/v1/prices/S0001/06901028001234", json=price, headers=pos.auth())
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "gtin")
    assert (await till.get("/v1/sellable", store_id="S0002")).status_code == 403
