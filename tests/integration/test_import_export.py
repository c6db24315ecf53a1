"""Products come in by a file and can be sold; what is there goes out as files that say the same."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import httpx
import openpyxl
from pyarrow import parquet

GTINS = ("06901028075770", "06901028075787")


class System(Protocol):
    url: str
    client: Callable[..., httpx.Client]
    terminal: Callable[[str], str]
    wait_drained: Callable[..., Any]
    cli: Callable[..., Any]


def send(http: httpx.Client, kind: str, content: bytes, *, dry_run: bool) -> httpx.Response:
    params = {"kind": kind, "dry_run": str(dry_run).lower()}
    headers = {"Content-Type": "text/csv", "Idempotency-Key": uuid4().hex}
    return http.post("/inventory/v1/imports", params=params, content=content, headers=headers)


def products(brand: str) -> bytes:
    lines = [
        "商品条码,商品名称,品牌,零售价(分),币种",
        *(f"{gtin},导入 {gtin},{brand},2600,CNY" for gtin in GTINS),
    ]
    return "\r\n".join(lines).encode("gb18030")


def test_imported_products_reach_the_till_and_their_stock_is_there(system: System, tmp_path: Path) -> None:
    store, brand = f"I{uuid4().hex[:8]}", f"品牌{uuid4().hex[:6]}"
    with system.client() as http:
        shop = f"store_id,name,time_zone\n{store},Import,Asia/Shanghai\n".encode()
        assert send(http, "stores", shop, dry_run=False).json()["created"] == 1
        wrong = send(http, "products", products(brand).replace(b"2600", b"26OO", 1), dry_run=False)
        assert (wrong.status_code, wrong.json()["report"]["errors"][0]["row"]) == (422, 2)
        assert http.get("/inventory/v1/products", params={"brand": brand}).json()["items"] == []
        assert send(http, "products", products(brand), dry_run=True).json()["error_count"] == 0
        written = send(http, "products", products(brand), dry_run=False)
        assert (written.status_code, written.json()["written"]) == (200, True)
        file = tmp_path / "opening.csv"
        file.write_text(f"store_id,gtin,quantity,unit,lot\n{store},{GTINS[0]},4,carton,A\n")
        report = system.cli("import", "opening-stock", str(file), "--yes")
        assert (report["created"], report["written"]) == (1, True)
        again = system.cli("import", "opening-stock", str(file), "--yes")
        assert (again["unchanged"], again["written"]) == (1, False)
        system.wait_drained()
        key = {"Authorization": f"Bearer {system.terminal(store)}"}
        sellable = httpx.get(f"{system.url}/pos/v1/sellable", headers=key, timeout=30).json()
        prices = {item["gtin"]: item["prices"] for item in sellable["items"]}
        assert [prices[gtin]["pack"] for gtin in GTINS] == [2600, 2600]
        check_exports(http, store, brand)


def check_exports(http: httpx.Client, store: str, brand: str) -> None:
    listed = http.get("/inventory/v1/products", params={"brand": brand}).json()["items"]
    exported = http.get("/inventory/v1/products", params={"brand": brand, "format": "csv"})
    rows = list(csv.DictReader(io.StringIO(exported.content.decode("utf-8-sig"))))
    assert [row["gtin"] for row in rows] == [item["gtin"] for item in listed] == list(GTINS)
    assert send(http, "products", exported.content, dry_run=True).json()["unchanged"] == len(GTINS)
    workbook = http.get("/inventory/v1/stock", params={"store_id": store, "format": "xlsx"})
    names, row = openpyxl.load_workbook(io.BytesIO(workbook.content)).active.iter_rows(values_only=True)
    assert dict(zip(names, row, strict=True))["on_hand"] == 40
    table = http.get("/pos/v1/terminals", params={"store_id": store, "format": "parquet"})
    assert parquet.read_table(io.BytesIO(table.content)).column("store_id").to_pylist() == [store]
