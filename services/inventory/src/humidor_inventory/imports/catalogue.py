"""Imports of master data: products, suppliers and stores."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.imports.kinds import Finding, Item, Key, Kind, Values
from humidor_common.tables.headings import Column
from humidor_common.web.problems import Problem
from humidor_inventory.imports.words import CHINESE, GTIN, IN_USE, STORE_ID
from humidor_inventory.inputs import StoreId, SupplierId
from humidor_inventory.products import queries as products
from humidor_inventory.products.schemas import ProductItem
from humidor_inventory.products.service import put_products
from humidor_inventory.stores.schemas import StoreInput
from humidor_inventory.stores.service import put_store
from humidor_inventory.suppliers.schemas import SupplierInput
from humidor_inventory.suppliers.service import put_supplier


class SupplierItem(SupplierInput):
    """A supplier of a file."""

    supplier_id: SupplierId


class StoreItem(StoreInput):
    """A store of a file."""

    store_id: StoreId


def foreign_store(index: int, store_id: str) -> Finding:
    message = f"this credential is not valid for store {store_id}"
    return Finding(index, "store_id", "store-forbidden", message, f"无权操作门店 {store_id}")


def refusals(index: int, problem: Problem) -> list[Finding]:
    """Turn what a single endpoint would answer into findings about a row."""
    chinese = _CHINESE.get(problem.code, problem.detail)
    if not problem.errors:
        return [Finding(index, "", problem.code, problem.detail, chinese)]
    return [
        Finding(index, e.field, problem.code, e.message, _CHINESE.get(e.message, chinese))
        for e in problem.errors
    ]


_CHINESE = {
    "there is no such supplier": "没有这个供应商",
    "there is no such product": "没有这个商品",
    "there is no such store": "没有这个门店",
    "is not known to the database": "数据库不认识这个时区",
    "factors-in-use": "该商品有库存、订单或库存水位设置，包装换算不能更改",
}


async def _current_products(conn: Connection, keys: Sequence[Key]) -> Mapping[Key, Values]:
    found = await products.read_products(conn, [key[0] for key in keys])
    return {(gtin,): values for gtin, values in found.items()}


async def _check_products(conn: Connection, principal: Principal, items: Sequence[Item]) -> list[Finding]:
    given = [(item.values.gtin, item.values) for item in items if not item.same]
    outcomes = await put_products(conn, principal, given, now=_NEVER, dry_run=True)
    places = [i for i, item in enumerate(items) if not item.same]
    found = zip(places, outcomes, strict=True)
    return [finding for i, each in found if each.problem for finding in refusals(i, each.problem)]


async def _write_products(
    conn: Connection, principal: Principal, items: Sequence[Item], now: datetime
) -> list[Finding]:
    given = [(item.values.gtin, item.values) for item in items]
    outcomes = await put_products(conn, principal, given, now=now)
    return [f for i, each in enumerate(outcomes) if each.problem for f in refusals(i, each.problem)]


def _current_of(
    table: str, key: str
) -> Callable[[Connection, Sequence[Key]], Awaitable[Mapping[Key, Values]]]:
    async def current(conn: Connection, keys: Sequence[Key]) -> Mapping[Key, Values]:
        rows = await conn.fetch(
            f"SELECT * FROM {table} WHERE {key} = ANY($1::text[])",  # noqa: S608 - names of ours
            [each[0] for each in keys],
        )
        return {(row[key],): dict(row) for row in rows}

    return current


def _body(item: Item, model: type[BaseModel]) -> Any:
    return model.model_construct(**{name: getattr(item.values, name) for name in model.model_fields})


async def _write_suppliers(
    conn: Connection, principal: Principal, items: Sequence[Item], now: datetime
) -> list[Finding]:
    for item in sorted(items, key=lambda each: each.values.supplier_id):
        given = (item.values.supplier_id, _body(item, SupplierInput))
        await put_supplier(conn, principal, given, if_match=None, now=now)
    return []


async def _check_stores(conn: Connection, principal: Principal, items: Sequence[Item]) -> list[Finding]:
    names = [row[0] for row in await conn.fetch("SELECT name FROM pg_timezone_names")]
    zones = frozenset(names)
    found = [
        foreign_store(i, item.values.store_id)
        for i, item in enumerate(items)
        if not principal.may_use_store(item.values.store_id)
    ]
    return found + [
        Finding(i, "time_zone", "invalid", "is not known to the database", "数据库不认识这个时区")
        for i, item in enumerate(items)
        if item.values.time_zone not in zones
    ]


async def _write_stores(
    conn: Connection, principal: Principal, items: Sequence[Item], now: datetime
) -> list[Finding]:
    for item in sorted(items, key=lambda each: each.values.store_id):
        await put_store(
            conn, principal, (item.values.store_id, _body(item, StoreInput)), if_match=None, now=now
        )
    return []


_NEVER = datetime(1970, 1, 1, tzinfo=UTC)

PRODUCTS = Kind(
    name="products",
    title=("Products", "商品"),
    model=ProductItem,
    key=("gtin",),
    columns=(
        GTIN,
        Column("name", ("商品名称", "品名", "名称", "卷烟名称"), ("product", "product name")),
        Column("brand", ("品牌", "牌号")),
        Column("manufacturer", ("生产企业", "生产厂家", "厂家"), ("producer",)),
        Column("status", ("状态",), words=IN_USE | {"停售": "discontinued", "停产": "discontinued"}),
        Column("price_class", ("价类", "类别")),
        Column("sticks_per_pack", ("每盒支数", "每包支数")),
        Column("packs_per_carton", ("每条盒数", "每条包数")),
        Column("cartons_per_case", ("每件条数",)),
        Column("shelf_life_days", ("保质期(天)", "保质期天数"), ("shelf life",)),
        Column(
            "retail_price_per_pack",
            ("零售价(分/盒)", "零售价(分)"),
            note=("in minor units: 2500 is 25.00", "单位为分：2500 即 25.00 元"),
        ),
        Column("currency", ("币种", "货币")),
        Column("supplier_id", ("供应商编号", "供应商代码"), ("supplier",)),
        Column("lead_time_days", ("交货周期(天)",), ("lead time",)),
        Column("order_multiple_packs", ("订货倍数(盒)",)),
    ),
    current=_current_products,
    check=_check_products,
    write_checks=True,
    write=_write_products,
    permit=Principal.check_every_store,
    chinese=CHINESE,
    example={
        "gtin": "06901028000017",
        "name": "Harbour Gold 84 mm",
        "brand": "Harbour",
        "manufacturer": "Harbour Tobacco",
        "status": "active",
        "price_class": "1",
        "sticks_per_pack": 20,
        "packs_per_carton": 10,
        "cartons_per_case": 50,
        "shelf_life_days": 540,
        "retail_price_per_pack": 2500,
        "currency": "CNY",
    },
)

SUPPLIERS = Kind(
    name="suppliers",
    title=("Suppliers", "供应商"),
    model=SupplierItem,
    key=("supplier_id",),
    columns=(
        Column("supplier_id", ("供应商编号", "供应商代码"), ("supplier",)),
        Column("name", ("供应商名称", "名称")),
        Column("lead_time_days", ("交货周期(天)",), ("lead time",)),
        Column("lead_time_source", ("交货周期依据",), words={"实测": "measured", "约定": "stated"}),
        Column("status", ("状态",), words=IN_USE | {"停用": "inactive"}),
        Column("currency", ("币种", "货币")),
        Column("payment_terms_days", ("账期(天)",), ("payment terms",)),
        Column("over_receipt", ("超收处理",), words={"询问": "ask", "拒收": "refuse"}),
        Column("over_receipt_percent", ("超收比例(%)",)),
    ),
    current=_current_of("suppliers", "supplier_id"),
    write=_write_suppliers,
    permit=Principal.check_every_store,
    chinese=CHINESE,
    example={"supplier_id": "ACME", "name": "Acme Tobacco", "lead_time_days": 7, "status": "active"},
    max_rows=5000,
)

STORES = Kind(
    name="stores",
    title=("Stores", "门店"),
    model=StoreItem,
    key=("store_id",),
    columns=(
        STORE_ID,
        Column("name", ("门店名称", "名称", "店名")),
        Column("time_zone", ("时区",)),
        Column(
            "licence_number", ("许可证号", "专卖许可证号", "烟草专卖零售许可证号"), ("licence",), digits=True
        ),
        Column(
            "status", ("状态",), words={"营业": "open", "正常": "open", "关闭": "closed", "停业": "closed"}
        ),
        Column("kind", ("类型",), words={"门店": "store", "仓库": "warehouse"}),
    ),
    current=_current_of("stores", "store_id"),
    check=_check_stores,
    write=_write_stores,
    chinese=CHINESE,
    example={
        "store_id": "S0001",
        "name": "East Gate",
        "time_zone": "Asia/Shanghai",
        "licence_number": "110101100001",
        "status": "open",
        "kind": "store",
    },
    max_rows=5000,
)
