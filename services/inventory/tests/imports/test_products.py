"""Products out of files: every mistake by row and column; all or nothing; the same again changes nothing."""

import csv
import io
from itertools import product
from typing import Any

from humidor_common.tables.guard import guard
from humidor_common.testing.hostile import STRINGS
from humidor_inventory.testing.shop import STORE, Shop, line, make_gtin, sale

HEADINGS = "商品条码,商品名称,品牌,每盒支数,零售价(分),币种"


async def send(
    shop: Shop,
    content: bytes | str,
    *,
    kind: str = "products",
    dry_run: bool = True,
    expect: int = 200,
    **more: Any,
) -> Any:
    body = content if isinstance(content, bytes) else content.encode()
    headers = more.pop("auth", shop.auth()) | {"Content-Type": "text/csv"} | more.pop("headers", {})
    params = {"kind": kind, "dry_run": str(dry_run).lower()}
    return await shop.ask("POST", "/v1/imports", params=params, content=body, headers=headers, expect=expect)


def counts(report: Any) -> tuple[int, int, int]:
    return report["created"], report["changed"], report["unchanged"]


async def test_a_dry_run_says_what_would_become_of_the_rows_and_writes_nothing(shop: Shop) -> None:
    kept, other, new = (make_gtin(n) for n in (1, 2, 3))
    await shop.put_product(kept, name="利群", brand="利群")
    await shop.put_product(other, name="旧名", brand="利群", manufacturer="浙江中烟")
    file = f"商品条码,商品名称,品牌\n{kept},利群,利群\n{other},新名,利群\n{new},黄鹤楼,黄鹤楼\n"
    report = await send(shop, file.encode("gb18030"))
    assert counts(report) == (1, 1, 1)
    assert (report["written"], report["rows"], report["errors"]) == (False, 3, [])
    assert (report["file"]["encoding"], report["file"]["delimiter"]) == ("gb18030", ",")
    await shop.ask("GET", f"/v1/products/{new}", expect=404)
    assert await shop.outbox("inventory.product-changed.v1") == 2
    written = await send(shop, file.encode("gb18030"), dry_run=False)
    assert (counts(written), written["written"]) == ((1, 1, 1), True)
    changed = await shop.ask("GET", f"/v1/products/{other}")
    assert (changed["name"], changed["manufacturer"], changed["version"]) == ("新名", "浙江中烟", 2)
    assert await shop.outbox("inventory.product-changed.v1") == 4
    again = await send(shop, file, dry_run=False)
    assert counts(again) == (0, 0, 3)
    assert await shop.outbox("inventory.product-changed.v1") == 4
    trail = await shop.runtime.pool.fetch("SELECT action, entity FROM audit_trail ORDER BY id")
    assert [tuple(row) for row in trail][-3:] == [
        ("change", "product"),
        ("create", "product"),
        ("import", "products"),
    ]


async def test_an_empty_cell_clears_and_a_column_that_is_not_there_keeps(shop: Shop) -> None:
    gtin = make_gtin(1)
    await shop.put_product(gtin, price_class="1", manufacturer="Harbour Tobacco")
    await send(shop, f"gtin,name,brand,price_class\n{gtin},Harbour Gold,Harbour,\n", dry_run=False)
    found = await shop.ask("GET", f"/v1/products/{gtin}")
    assert (found["price_class"], found["manufacturer"]) == (None, "Harbour Tobacco")


async def test_every_mistake_is_listed_by_row_column_value_and_code(shop: Shop) -> None:
    good, twice = make_gtin(1), make_gtin(2)
    file = "\n".join(
        [
            "产品清单 2026,,,,,",
            HEADINGS + ",颜色",
            f"{good},好猫,好猫,20,2500,CNY,红",
            "6.901E+12,泰山,泰山,20,2500,CNY,",
            f"{good[:-1]}{(int(good[-1]) + 1) % 10},娇子,娇子,20.5,2500,,",
            f"{twice},,红塔山,0,2500,CNY,",
            f"{twice},红塔山,红塔山,20,-1,yuan,",
            f"'{make_gtin(4)},{'长' * 201},中华,20,,,",
        ]
    )
    report = await send(shop, file)
    found = [(each["row"], each["column"], each["field"], each["code"]) for each in report["errors"]]
    assert sorted(found, key=str) == sorted(
        [
            (4, "商品条码", "gtin", "number-rounded"),
            (5, "商品条码", "gtin", "value-error"),
            (5, "每盒支数", "sticks_per_pack", "not-a-whole-number"),
            (6, "商品名称", "name", "empty"),
            (6, "每盒支数", "sticks_per_pack", "greater-than-equal"),
            (7, "商品条码", "gtin", "repeated-row"),
            (7, "零售价(分)", "retail_price_per_pack", "greater-than-equal"),
            (7, "币种", "currency", "string-pattern-mismatch"),
            (8, "商品名称", "name", "string-too-long"),
        ],
        key=str,
    )
    assert [(each["row"], each["column"], each["code"]) for each in report["warnings"]] == [
        (2, "颜色", "unknown-column")
    ]
    check = next(each for each in report["errors"] if each["code"] == "value-error")
    assert check["message_zh"].startswith("校验码是")
    long = next(each for each in report["errors"] if each["code"] == "string-too-long")
    assert (len(long["value"]), long["message_zh"]) == (80, "最多 200 个字符")
    refused = await send(shop, file, dry_run=False, expect=422)
    assert (refused["code"], refused["report"]["error_count"]) == ("file-refused", 9)
    assert (await shop.ask("GET", "/v1/products"))["items"] == []


async def test_what_only_the_database_knows_is_listed_by_row_too(shop: Shop) -> None:
    stocked, other = make_gtin(1), make_gtin(2)
    await shop.put_product(stocked)
    await shop.receive((stocked, 1, None))
    file = f"gtin,name,brand,sticks_per_pack,supplier_id\n{other},a,b,20,NOBODY\n{stocked},a,b,10,\n"
    report = await send(shop, file)
    assert [(each["row"], each["column"], each["code"]) for each in report["errors"]] == [
        (2, "supplier_id", "invalid"),
        (3, "sticks_per_pack", "factors-in-use"),
    ]
    assert all(each["message_zh"][0] > "\u4e00" for each in report["errors"])
    await send(shop, file, dry_run=False, expect=422)
    await shop.ask("GET", f"/v1/products/{other}", expect=404)


async def test_what_was_sold_before_anyone_knew_the_product_is_applied(shop: Shop) -> None:
    gtin = make_gtin(1)
    await shop.deliver(sale(line(gtin, 2)))
    await send(shop, f"gtin,name,brand\n{gtin},a,b\n", dry_run=False)
    assert (await shop.stock(gtin))["on_hand"] == -2


async def test_a_repeated_request_gets_the_first_answer(shop: Shop) -> None:
    file = f"gtin,name,brand\n{make_gtin(1)},a,b\n"
    headers = {"Idempotency-Key": "file-1"}
    first = await send(shop, file, dry_run=False, headers=headers)
    assert await send(shop, file, dry_run=False, headers=headers) == first
    other = file.replace("a,b", "c,d")
    reused = await send(shop, other, dry_run=False, headers=headers, expect=422)
    assert reused["code"] == "idempotency-key-reused"


async def test_a_file_comes_as_a_form_too_and_an_odd_name_is_remarked_on(shop: Shop) -> None:
    content = f"gtin,name,brand\n{make_gtin(1)},a,b\n".encode()
    report = await shop.ask(
        "POST", "/v1/imports?kind=products", files={"file": ("list.xlsx", content, "text/csv")}
    )
    assert (report["created"], report["warnings"][0]["code"]) == (1, "wrong-extension")
    await shop.ask("POST", "/v1/imports?kind=products", files={"other": ("a.csv", content)}, expect=422)
    refused = await shop.ask("POST", "/v1/imports?kind=products", json={}, expect=415)
    assert refused["code"] == "unsupported-media-type"


async def test_products_are_for_callers_of_every_store_with_the_right_to_write(shop: Shop) -> None:
    file = f"gtin,name,brand\n{make_gtin(1)},a,b\n"
    bound = shop.auth("manager", stores=[STORE])
    assert (await send(shop, file, auth=bound, expect=403))["code"] == "store-forbidden"
    assert (await send(shop, file, auth=shop.auth("auditor"), expect=403))["code"] == "scope-missing"
    await send(shop, file, auth={}, expect=401)
    await send(shop, file, kind="colours", expect=422)


async def test_a_template_can_be_sent_back_as_it_is(shop: Shop) -> None:
    await shop.put_product("06901028000017")
    kinds = ("products", "suppliers", "stores", "levels", "opening-stock")
    for kind, suffix, language in product(kinds, ("csv", "xlsx"), ("en", "zh")):
        if (suffix, language) == ("xlsx", "en"):
            continue
        path = f"/v1/imports/templates/{kind}.{suffix}?lang={language}"
        answer = await shop.client.get(path, headers=shop.auth("auditor"))
        assert (answer.status_code, kind in answer.headers["content-disposition"]) == (200, True)
        report = await send(shop, answer.content, kind=kind)
        assert (report["errors"], report["rows"]) == ([], 1)
        assert {each["code"] for each in report["warnings"]} <= {"other-sheets"}


async def test_what_can_be_imported_is_told_with_every_heading(shop: Shop) -> None:
    kinds = (await shop.ask("GET", "/v1/imports/kinds"))["kinds"]
    assert [each["kind"] for each in kinds] == ["products", "suppliers", "stores", "opening-stock", "levels"]
    assert {"gtin", "商品条码", "ean"} <= set(kinds[0]["columns"][0]["headings"])


async def test_an_export_of_products_imports_as_the_same_products(shop: Shop) -> None:
    texts = ["=1+1", "'quoted", "+86 571", "@home", "a,b;c", 'say "x"', "中文 ＝SUM", "-", "'6", "1E5", "007"]
    for n, text in enumerate(texts):
        await shop.put_product(make_gtin(n), name=text, brand=text, retail_price_per_pack=n, currency="CNY")
    answer = await shop.client.get("/v1/products?format=csv", headers=shop.auth())
    report = await send(shop, answer.content)
    assert (counts(report), report["errors"]) == ((0, 0, len(texts)), [])
    workbook = await shop.client.get("/v1/products?format=xlsx", headers=shop.auth())
    assert counts(await send(shop, workbook.content)) == (0, 0, len(texts))
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert all(row[1][0] not in "=+-@" for row in rows[1:])


async def test_a_hostile_text_is_refused_by_row_or_kept_as_it_is(shop: Shop) -> None:
    texts = [text for text in STRINGS if text.encode(errors="ignore").decode() == text]
    given = {make_gtin(n): text for n, text in enumerate(texts)}
    written = io.StringIO(newline="")
    csv.writer(written).writerows(
        [("gtin", "name", "brand"), *((g, guard(t), "b") for g, t in given.items())]
    )
    report = await send(shop, written.getvalue())
    refused = {each["row"] for each in report["errors"]}
    assert 0 < len(refused) < len(given)
    kept = {gtin: text for row, (gtin, text) in enumerate(given.items(), 2) if row not in refused}
    written = io.StringIO(newline="")
    csv.writer(written).writerows([("gtin", "name", "brand"), *((g, guard(t), "b") for g, t in kept.items())])
    assert (await send(shop, written.getvalue(), dry_run=False))["created"] == len(kept)
    found = (await shop.ask("GET", "/v1/products?limit=1000"))["items"]
    assert {item["gtin"]: item["name"] for item in found} == {
        g: t.strip().strip("\ufeff") for g, t in kept.items()
    }
