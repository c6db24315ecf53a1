"""A file of 50,000 rows, in one piece."""

from typing import Any

from humidor_common.testing.workbooks import content, workbook
from humidor_inventory.testing.shop import Shop, make_gtin

ROWS = 20_000


async def test_tens_of_thousands_of_products_come_in_by_one_file_and_go_out_again(shop: Shop) -> None:
    head = "gtin,name,brand,manufacturer,price_class,shelf_life_days,retail_price_per_pack,currency\n"
    body = "".join(f"{make_gtin(n)},利群 {n},利群,浙江中烟,1,540,{2500 + n % 100},CNY\n" for n in range(ROWS))
    ask: dict[str, Any] = {
        "content": (head + body).encode(),
        "headers": shop.auth() | {"Content-Type": "text/csv"},
    }
    written = await shop.ask("POST", "/v1/imports?kind=products&dry_run=false", timeout=120, **ask)
    assert (written["created"], written["written"]) == (ROWS, True)
    assert await shop.outbox("inventory.product-changed.v1") == ROWS
    exported = await shop.client.get("/v1/products?format=csv", headers=shop.auth(), timeout=120)
    assert exported.content.count(b"\r\n") == ROWS + 1
    some = b"\r\n".join(exported.content.split(b"\r\n")[:3001])
    same = await shop.ask("POST", "/v1/imports?kind=products", content=some, headers=ask["headers"])
    assert (same["unchanged"], same["created"]) == (3000, 0)


async def test_a_file_with_too_many_rows_is_refused_and_one_wrong_row_keeps_all_out(shop: Shop) -> None:
    rows = [("gtin", "name", "brand"), *[(make_gtin(n), "a", "b") for n in range(3000)], ("x", "a", "b")]
    report = await shop.ask(
        "POST", "/v1/imports?kind=products&dry_run=false", content=content(workbook(*rows)), expect=422
    )
    assert [(each["row"], each["column"]) for each in report["report"]["errors"]] == [(3002, "gtin")]
    assert (await shop.ask("GET", "/v1/products"))["items"] == []
    many = "supplier_id,name\n" + "".join(f"S{n},x\n" for n in range(5001))
    report = await shop.ask("POST", "/v1/imports?kind=suppliers", content=many.encode())
    assert [(each["row"], each["code"]) for each in report["errors"]] == [(5002, "too-many-rows")]
