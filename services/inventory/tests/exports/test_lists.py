"""Every list as a file: the rows are the list's own, whoever asks and however many there are."""

import csv
import io
import json
from datetime import UTC, date, datetime
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
from pyarrow import parquet

from humidor_common.web.exports import find_lists
from humidor_inventory.testing.shop import STORE, Shop, make_gtin

MANY = 2300


async def fetch(shop: Shop, path: str, *, expect: int = 200, **headers: str) -> bytes:
    answer = await shop.client.get(path, headers=shop.auth() | headers)
    assert answer.status_code == expect, answer.text
    return answer.content


def csv_rows(content: bytes) -> list[dict[str, str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def sheet_rows(content: bytes) -> list[dict[str, Any]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    names, *rows = book.worksheets[0].iter_rows(values_only=True)
    return [dict(zip(names, row, strict=True)) for row in rows]


@pytest.fixture
async def many(shop: Shop) -> list[str]:
    """Products over three pages."""
    gtins = sorted(make_gtin(n) for n in range(MANY))
    for start in range(0, MANY, 1000):
        products = [
            {"gtin": gtin, "name": f"=利群 {gtin}", "brand": "利群" if i % 2 else "other"}
            | {"retail_price_per_pack": 2500 + i, "currency": "CNY"}
            for i, gtin in enumerate(gtins[start : start + 1000])
        ]
        await shop.ask("POST", "/v1/products:batch", json={"products": products})
    return gtins


async def test_a_file_has_every_row_of_every_page(shop: Shop, many: list[str]) -> None:
    text = csv_rows(await fetch(shop, "/v1/products?format=csv&limit=5"))
    sheet = sheet_rows(await fetch(shop, "/v1/products?format=xlsx"))
    table = parquet.read_table(io.BytesIO(await fetch(shop, "/v1/products?format=parquet"))).to_pylist()
    for rows in (text, sheet, table):
        assert [row["gtin"] for row in rows] == many
    assert text[0]["name"] == f"'=利群 {many[0]}"
    assert sheet[0]["name"] == table[0]["name"] == f"=利群 {many[0]}"
    assert (text[0]["retail_price_per_pack"], sheet[0]["retail_price_per_pack"]) == ("2500", 2500)
    assert (text[0]["supplier_id"], sheet[0]["supplier_id"], table[0]["supplier_id"]) == ("", None, None)
    filtered = csv_rows(await fetch(shop, "/v1/products?format=csv&brand=%E5%88%A9%E7%BE%A4"))
    assert len(filtered) == MANY // 2


async def test_parquet_has_the_types_of_the_fields(shop: Shop, gtin: str) -> None:
    line = {"gtin": gtin, "quantity": 3, "lot": "A", "production_date": "2026-11-02"}
    await shop.receive((gtin, 1, None), lines=[line])
    products = parquet.read_table(io.BytesIO(await fetch(shop, "/v1/products?format=parquet")))
    types = {field.name: field.type for field in products.schema}
    assert (types["gtin"], types["sticks_per_pack"]) == (pa.string(), pa.int64())
    assert types["changed_at"] == pa.timestamp("us", tz="UTC")
    changed_at = products.to_pylist()[0]["changed_at"]
    listed = (await shop.ask("GET", "/v1/products"))["items"][0]["changed_at"]
    assert changed_at == datetime.fromisoformat(listed).astimezone(UTC)
    lots = parquet.read_table(
        io.BytesIO(await fetch(shop, f"/v1/stock/{STORE}/{gtin}/lots?format=parquet"))
    ).to_pylist()
    assert (lots[0]["production_date"], lots[0]["on_hand"]) == (date(2026, 11, 2), 3)
    empty = parquet.read_table(io.BytesIO(await fetch(shop, "/v1/suppliers?format=parquet")))
    assert (empty.num_rows, empty.schema.names[0]) == (0, "supplier_id")


async def test_lists_inside_of_rows_are_json(shop: Shop, gtin: str) -> None:
    await shop.put_store("S0002")
    await shop.receive((gtin, 5, None))
    body = {"from_store_id": STORE, "to_store_id": "S0002", "lines": [{"gtin": gtin, "quantity": 2}]}
    await shop.ask("POST", "/v1/transfers", json=body, expect=201)
    (row,) = csv_rows(await fetch(shop, "/v1/transfers?format=csv"))
    (listed,) = (await shop.ask("GET", "/v1/transfers"))["items"]
    assert json.loads(row["lines"]) == listed["lines"]


async def test_accept_asks_for_a_file_as_well(shop: Shop, gtin: str) -> None:
    answer = await shop.client.get("/v1/products", headers=shop.auth() | {"Accept": "text/csv"})
    assert answer.headers["content-disposition"] == 'attachment; filename="products.csv"'
    assert [row["gtin"] for row in csv_rows(answer.content)] == [gtin]
    for accept in ("*/*", "application/json", "text/csv, */*"):
        answer = await shop.client.get("/v1/products", headers=shop.auth() | {"Accept": accept})
        assert answer.json()["items"][0]["gtin"] == gtin


async def test_a_caller_of_one_store_gets_a_file_of_that_one_alone(shop: Shop, gtin: str) -> None:
    await shop.put_store("S0002")
    for store in (STORE, "S0002"):
        await shop.receive((gtin, 1, None), store_id=store)
    bound = shop.auth("manager", stores=["S0002"])
    answer = await shop.client.get("/v1/stock?format=csv", headers=bound)
    assert [row["store_id"] for row in csv_rows(answer.content)] == ["S0002"]
    foreign = await shop.client.get(f"/v1/stock?format=csv&store_id={STORE}", headers=bound)
    assert (foreign.status_code, foreign.json()["code"]) == (403, "store-forbidden")
    assert (await shop.client.get("/v1/stock?format=csv")).status_code == 401


async def test_what_the_list_refuses_the_file_refuses_and_so_it_does_an_unknown_format(shop: Shop) -> None:
    for query in ("format=csv&brand=", "format=pdf", "format="):
        answer = await shop.client.get(f"/v1/products?{query}", headers=shop.auth())
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert json.loads(await fetch(shop, "/v1/products?format=json"))["items"] == []


async def test_every_list_is_described_and_answers_with_a_file(shop: Shop) -> None:
    app = shop.client._transport.app  # type: ignore[attr-defined]
    paths = app.openapi()["paths"]
    lists = find_lists(app)
    assert len(lists) >= 25
    for each in lists:
        operation = paths[each.described_as]["get"]
        assert [p["name"] for p in operation["parameters"]].count("format") == 1
        assert "text/csv" in operation["responses"]["200"]["content"]
        if "{" not in each.path and "portal" not in each.path:  # suppliers have keys of their own
            names = [field.name for field in each.fields]
            for form in ("csv", "parquet"):
                answer = await shop.client.get(f"{each.path}?format={form}", headers=shop.auth())
                if answer.status_code != 422:  # a list that needs a filter says so
                    assert answer.status_code == 200, answer.text
                    read = (
                        parquet.read_schema(io.BytesIO(answer.content)).names if form == "parquet" else None
                    )
                    assert (
                        read or next(csv.reader([answer.content.decode("utf-8-sig").split("\r\n")[0]]))
                    ) == names
