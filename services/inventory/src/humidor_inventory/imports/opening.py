"""Imports of opening stock: receipts of kind `opening`, each lot of a store's product once."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import groupby

from pydantic import Field

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.imports.kinds import Finding, Item, Key, Kind, Values
from humidor_common.tables.headings import Column
from humidor_inventory.imports import queries
from humidor_inventory.imports.levels import find_unknown, lock_named_stores, too_much
from humidor_inventory.imports.rules import MOST_STORES, date_conflicts, implausible
from humidor_inventory.imports.words import CHINESE, GTIN, STORE_ID, UNIT
from humidor_inventory.inputs import StoreId
from humidor_inventory.receipts.queries import load_shelf_lives
from humidor_inventory.receipts.rules import expiry
from humidor_inventory.receipts.schemas import ReceiptInput, ReceiptLine
from humidor_inventory.receipts.service import receive_goods
from humidor_inventory.units.queries import load_factors
from humidor_inventory.units.rules import MAX_STICKS, Factors, to_sticks

LINES_OF_A_RECEIPT = 5000


class OpeningLine(ReceiptLine):
    """One lot of one product that a store opens with."""

    store_id: StoreId
    codes: list[str] = Field(default_factory=list, max_length=0)


async def _current(conn: Connection, keys: Sequence[Key]) -> Mapping[Key, Values]:
    """Read what was booked as opening stock of these lots, with the factors by which to compare."""
    booked = await queries.load_opened(conn, [(key[0], key[1], key[2] or "") for key in keys])
    factors = await load_factors(conn, {key[1] for key in keys})
    return {
        (store_id, gtin, lot or None): {"quantity_sticks": sticks, "factors": factors[gtin]}
        for (store_id, gtin, lot), sticks in booked.items()
    }


def _same(item: Item) -> bool:
    if item.before is None:
        return False
    line, factors = item.values, item.before["factors"]
    return bool(to_sticks(line.quantity, line.unit, factors) == item.before["quantity_sticks"])


async def _check(conn: Connection, principal: Principal, items: Sequence[Item]) -> list[Finding]:
    found = await find_unknown(conn, principal, items)
    stores = {item.values.store_id for item in items}
    factors = await load_factors(conn, {item.values.gtin for item in items})
    warehouses = await queries.load_warehouses(conn, stores)
    for i, item in enumerate(items):
        if item.values.gtin in factors:
            found += _check_quantity(i, item, factors[item.values.gtin], warehouses)
    return found + await _check_dates(conn, items)


def _check_quantity(index: int, item: Item, factors: Factors, warehouses: set[str]) -> list[Finding]:
    line = item.values
    sticks = to_sticks(line.quantity, line.unit, factors)
    if sticks > MAX_STICKS:
        return [too_much(index, "quantity")]
    if item.before and sticks != item.before["quantity_sticks"]:
        booked = item.before["quantity_sticks"]
        return [
            Finding(
                index,
                "quantity",
                "already-opened",
                f"the opening stock of this lot was booked already: {booked} sticks; adjust or count it",
                f"该批次的期初库存已登记（{booked} 支），请改用调整或盘点",
            )
        ]
    if line.store_id not in warehouses and implausible(sticks, factors):
        return [
            Finding(
                index,
                "quantity",
                "implausible-quantity",
                f"that is {sticks // factors.carton} cartons in one shop; is the unit right?",
                f"相当于 {sticks // factors.carton} 条，请核对单位",
                warning=True,
            )
        ]
    return []


async def _check_dates(conn: Connection, items: Sequence[Item]) -> list[Finding]:
    """Find lots whose dates differ from the books or from an earlier row."""
    lots = [(item.values.store_id, item.values.gtin, item.values.lot) for item in items if item.values.lot]
    known = await queries.load_lot_dates(conn, lots)
    lives = await load_shelf_lives(conn, {gtin for _, gtin, _ in lots})
    found = []
    for i, item in enumerate(items):
        line = item.values
        dates = known.get((line.store_id, line.gtin, line.lot or ""))
        if dates is None:
            continue
        expires = expiry(line.production_date, line.expiry_date, lives.get(line.gtin))
        for name, day in date_conflicts(dates, line.production_date, expires):
            found.append(_conflict(i, name, day))
    return found


def _conflict(index: int, field: str, day: date) -> Finding:
    message = f"the books say {day} for this lot"
    return Finding(index, field, "lot-date-differs", message, f"账上该批次的日期是 {day}")


async def _write(
    conn: Connection, principal: Principal, items: Sequence[Item], now: datetime
) -> list[Finding]:
    ordered = sorted(items, key=lambda item: (item.values.store_id, item.row))
    for store_id, group in groupby(ordered, key=lambda item: item.values.store_id):
        lines = [_line(item) for item in group]
        for start in range(0, len(lines), LINES_OF_A_RECEIPT):
            part = lines[start : start + LINES_OF_A_RECEIPT]
            receipt = ReceiptInput.model_construct(
                store_id=store_id,
                kind="opening",
                purchase_order_id=None,
                close_purchase_order=False,
                lines=part,
                differences=[],
            )
            await receive_goods(conn, principal, receipt, now=now)
    return []


def _line(item: Item) -> ReceiptLine:
    """Make the receipt's line; `_check` has judged its quantity, so the receipt need not ask again."""
    values = {name: getattr(item.values, name) for name in ReceiptLine.model_fields}
    return ReceiptLine.model_construct(**values | {"confirm": True})


OPENING_STOCK = Kind(
    name="opening-stock",
    title=("Opening stock", "期初库存"),
    model=OpeningLine,
    key=("store_id", "gtin", "lot"),
    columns=(
        STORE_ID,
        GTIN,
        Column("quantity", ("数量", "库存数量", "期初数量"), ("qty",)),
        UNIT,
        Column("lot", ("批次", "批号"), ("batch",)),
        Column("production_date", ("生产日期",), ("produced",)),
        Column("expiry_date", ("到期日期", "有效期至", "失效日期"), ("expires", "best before")),
    ),
    current=_current,
    check=_check,
    same=_same,
    lock=lock_named_stores,
    write=_write,
    chinese=CHINESE,
    max_rows=20_000,
    most={"store_id": MOST_STORES},
    example={
        "store_id": "S0001",
        "gtin": "06901028000017",
        "quantity": 10,
        "unit": "carton",
        "lot": "L2611A",
        "production_date": "2026-11-02",
    },
)
