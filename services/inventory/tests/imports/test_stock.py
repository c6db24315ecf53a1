"""Suppliers, stores, levels and opening stock out of files."""

from typing import Any

import pytest

from humidor_inventory.testing.shop import STORE, Shop, make_gtin

ONE, TWO = make_gtin(1), make_gtin(2)
OPENING = "门店编号,条码,数量,单位,批次,生产日期\n"


async def send(
    shop: Shop, kind: str, file: str, *, dry_run: bool = False, expect: int = 200, **more: Any
) -> Any:
    path = f"/v1/imports?kind={kind}&dry_run={str(dry_run).lower()}"
    headers = more.get("auth", shop.auth()) | {"Content-Type": "text/csv"}
    return await shop.ask("POST", path, content=file.encode(), headers=headers, expect=expect)


def codes(problem: Any) -> list[tuple[int, str, str]]:
    return [(each["row"], each["field"], each["code"]) for each in problem["report"]["errors"]]


@pytest.fixture
async def products(shop: Shop) -> None:
    for gtin in (ONE, TWO):
        await shop.put_product(gtin, shelf_life_days=540)


@pytest.mark.usefixtures("products")
async def test_opening_stock_is_booked_by_lot_once(shop: Shop) -> None:
    file = (
        OPENING + f"{STORE},{ONE},3,条,A,2026年11月2日\n{STORE},{ONE},5,盒,B,46328\n{STORE},{TWO},7,pack,,\n"
    )
    tried = await send(shop, "opening-stock", file, dry_run=True)
    assert (tried["created"], tried["errors"], await shop.stock(ONE)) == (3, [], None)
    written = await send(shop, "opening-stock", file)
    assert (written["created"], written["written"]) == (3, True)
    assert await shop.lots(ONE) == {"A": (30, 0), "B": (5, 0)}
    lots = (await shop.ask("GET", f"/v1/stock/{STORE}/{ONE}/lots"))["items"]
    assert [(lot["production_date"], lot["expiry_date"]) for lot in lots] == [
        ("2026-11-02", "2028-04-25"),
        ("2026-11-02", "2028-04-25"),
    ]
    assert {entry[1] for entry in await shop.entries(TWO)} == {"opening"}
    assert await shop.outbox("inventory.goods-received.v1") == 1
    again = await send(shop, "opening-stock", file)
    assert (again["created"], again["unchanged"]) == (0, 3)
    as_packs = OPENING + f"{STORE},{ONE},30,pack,A,2026-11-02\n"
    assert (await send(shop, "opening-stock", as_packs))["unchanged"] == 1
    more = OPENING + f"{STORE},{ONE},4,条,A,\n{STORE},{TWO},1,盒,NEW,\n"
    refused = await send(shop, "opening-stock", more, expect=422)
    assert codes(refused) == [(2, "quantity", "already-opened")]
    assert (await shop.stock(TWO))["on_hand"] == 7
    await shop.check()


@pytest.mark.usefixtures("products")
async def test_opening_stock_lists_what_is_wrong_and_remarks_on_what_is_odd(shop: Shop) -> None:
    await shop.receive((ONE, 1, "A"), lines=[
        {"gtin": ONE, "quantity": 1, "lot": "A", "production_date": "2026-01-01"}
    ])  # fmt: skip
    unknown = make_gtin(9)
    file = OPENING + "\n".join(
        [
            f"{STORE},{ONE},1,盒,A,2026-02-02",
            f"NOWHERE,{ONE},1,盒,,",
            f"{STORE},{unknown},1,盒,,",
            f"{STORE},{TWO},0,箱,,11/02/2026",
            f"{STORE},{TWO},1000000000,件,X,",
            f"{STORE},{TWO},200,件,Y,",
        ]
    )
    refused = await send(shop, "opening-stock", file, expect=422)
    assert codes(refused) == [
        (2, "production_date", "lot-date-differs"),
        (2, "expiry_date", "lot-date-differs"),
        (3, "store_id", "unknown-store"),
        (4, "gtin", "unknown-product"),
        (5, "unit", "not-a-choice"),
        (5, "production_date", "ambiguous-date"),
        (5, "quantity", "greater-than-equal"),
        (6, "quantity", "too-much"),
    ]
    warnings = refused["report"]["warnings"]
    assert [(each["row"], each["code"]) for each in warnings] == [(7, "implausible-quantity")]
    assert (await shop.stock(ONE))["on_hand"] == 1


@pytest.mark.usefixtures("products")
async def test_a_caller_of_one_store_imports_into_that_one_alone(shop: Shop) -> None:
    await shop.put_store("S0002")
    bound = shop.auth("manager", stores=[STORE])
    own = OPENING + f"{STORE},{ONE},1,盒,,\n"
    foreign = own + f"S0002,{ONE},1,盒,,\n"
    refused = await send(shop, "opening-stock", foreign, expect=422, auth=bound)
    assert codes(refused) == [(3, "store_id", "store-forbidden")]
    await send(shop, "opening-stock", own, auth=bound)
    levels = f"store_id,gtin,reorder_point,order_up_to\n{STORE},{ONE},1,2\nS0002,{ONE},1,2\n"
    assert codes(await send(shop, "levels", levels, expect=422, auth=bound)) == [
        (3, "store_id", "store-forbidden")
    ]
    stores = "store_id,name\nS0003,North\n"
    assert codes(await send(shop, "stores", stores, expect=422, auth=bound)) == [
        (2, "store_id", "store-forbidden")
    ]


@pytest.mark.usefixtures("products")
async def test_levels_are_set_where_they_differ_and_act_at_once(shop: Shop) -> None:
    level = {"reorder_point": 5, "order_up_to": 50, "unit": "pack", "order_multiple": 10}
    await shop.ask("PUT", f"/v1/levels/{STORE}/{ONE}", json=level, expect=201)
    file = f"门店编号,条码,再订货点,目标库存\n{STORE},{ONE},5,50\n{STORE},{TWO},10,40\n"
    written = await send(shop, "levels", file)
    assert (written["created"], written["unchanged"]) == (1, 1)
    found = await shop.ask("GET", f"/v1/levels/{STORE}/{ONE}")
    assert (found["order_multiple"], found["version"]) == (10, 1)
    alerts = await shop.ask("GET", f"/v1/alerts?store_id={STORE}&gtin={TWO}")
    assert {alert["state"] for alert in alerts["items"]} == {"open"}
    assert (await send(shop, "levels", file))["unchanged"] == 2
    wrong = (
        f"store_id,gtin,reorder_point,order_up_to,unit\n{STORE},{ONE},9,8,\n{STORE},{TWO},1,1000000000,件\n"
    )
    assert codes(await send(shop, "levels", wrong, expect=422)) == [
        (2, None, "value-error"),
        (3, "order_up_to", "too-much"),
    ]


async def test_suppliers_and_stores_are_made_changed_and_left(shop: Shop) -> None:
    file = "供应商编号,供应商名称,交货周期(天),状态\nACME,甲公司,5,在用\nBETA,乙公司,,停用\n"
    assert (await send(shop, "suppliers", file))["created"] == 2
    assert (await shop.ask("GET", "/v1/suppliers/BETA"))["status"] == "inactive"
    report = await send(shop, "suppliers", file.replace("甲公司", "丙公司"))
    assert (report["changed"], report["unchanged"]) == (1, 1)
    headings = "门店编号,门店名称,许可证号,时区,类型\n"
    named = {"name": "乙公司", "contacts": [{"name": "王", "phone": "0571 1"}]}
    await shop.ask("PUT", "/v1/suppliers/BETA", json=named)
    report = await send(shop, "suppliers", "供应商编号,供应商名称,超收处理\nBETA,丁公司,拒收\n")
    beta = await shop.ask("GET", "/v1/suppliers/BETA")
    assert (beta["name"], beta["over_receipt"], len(beta["contacts"])) == ("丁公司", "refuse", 1)
    assert (await send(shop, "suppliers", "supplier_id,name\nBETA,丁公司\n"))["unchanged"] == 1
    stores = headings + f"{STORE},East Gate,,,\nW1,中心仓,440101100001.0,Asia/Shanghai,仓库\n"
    assert (await send(shop, "stores", stores))["created"] == 1
    assert (await shop.ask("GET", "/v1/stores/W1"))["licence_number"] == "440101100001"
    assert await shop.outbox("inventory.store-changed.v1") == 2
    wrong = "store_id,name,licence_number,time_zone\nS9,x,1.2E+11,Mars/Olympus\n"
    assert codes(await send(shop, "stores", wrong, expect=422)) == [
        (2, "licence_number", "number-rounded"),
        (2, "time_zone", "value-error"),
    ]
