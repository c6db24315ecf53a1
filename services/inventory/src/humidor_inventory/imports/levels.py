"""Imports of levels."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.imports.kinds import Finding, Item, Key, Kind, Values
from humidor_common.tables.headings import Column
from humidor_inventory.imports.catalogue import foreign_store
from humidor_inventory.imports.words import CHINESE, GTIN, STORE_ID, UNIT
from humidor_inventory.levels.schemas import LevelItem
from humidor_inventory.levels.service import read_levels, set_levels
from humidor_inventory.stock.service import lock_stores
from humidor_inventory.units.queries import load_factors
from humidor_inventory.units.rules import MAX_STICKS, to_sticks

_NUMBERS = ("reorder_point", "order_up_to", "minimum_order", "order_multiple")


async def find_unknown(conn: Connection, principal: Principal, items: Sequence[Item]) -> list[Finding]:
    """Find rows about stores that are not the caller's or do not exist, and products that do not."""
    stores = {item.values.store_id for item in items}
    rows = await conn.fetch("SELECT store_id FROM stores WHERE store_id = ANY($1::text[])", list(stores))
    known = {row[0] for row in rows}
    factors = await load_factors(conn, {item.values.gtin for item in items})
    found = []
    for i, item in enumerate(items):
        if not principal.may_use_store(item.values.store_id):
            found.append(foreign_store(i, item.values.store_id))
        elif item.values.store_id not in known:
            found.append(Finding(i, "store_id", "unknown-store", "there is no such store", "没有这个门店"))
        if item.values.gtin not in factors:
            found.append(Finding(i, "gtin", "unknown-product", "there is no such product", "没有这个商品"))
    return found


async def _current(conn: Connection, keys: Sequence[Key]) -> Mapping[Key, Values]:
    found = await read_levels(conn, [(key[0], key[1]) for key in keys])
    return {pair: view.model_dump() for pair, view in found.items()}


def _same(item: Item) -> bool:
    if item.before is None:
        return False
    wanted = item.values.model_dump()
    wanted["order_multiple"] = wanted["order_multiple"] or 1
    return all(item.before[name] == value for name, value in wanted.items())


async def _check(conn: Connection, principal: Principal, items: Sequence[Item]) -> list[Finding]:
    found = await find_unknown(conn, principal, items)
    factors = await load_factors(conn, {item.values.gtin for item in items})
    for i, item in enumerate(items):
        level, units = item.values, factors.get(item.values.gtin)
        for name in _NUMBERS:
            quantity = getattr(level, name) or 0
            if units and to_sticks(quantity, level.unit, units) > MAX_STICKS:
                found.append(too_much(i, name))
    return found


def too_much(index: int, field: str) -> Finding:
    return Finding(index, field, "too-much", "is more than stock can hold", "超过库存上限")


async def lock_named_stores(conn: Connection, keys: Sequence[Key]) -> None:
    await lock_stores(conn, {key[0] for key in keys})


async def _write(
    conn: Connection, principal: Principal, items: Sequence[Item], now: datetime
) -> list[Finding]:
    await set_levels(conn, principal, [item.values for item in items], now=now)
    return []


LEVELS = Kind(
    name="levels",
    title=("Levels", "库存水位"),
    model=LevelItem,
    key=("store_id", "gtin"),
    columns=(
        STORE_ID,
        GTIN,
        Column("reorder_point", ("再订货点", "最低库存"), ("rop",)),
        Column("order_up_to", ("目标库存", "最高库存"), ("order up to level",)),
        UNIT,
        Column("order_multiple", ("订货倍数",)),
        Column("minimum_order", ("最小订货量",)),
        Column("auto_approve", ("自动审批",)),
    ),
    current=_current,
    check=_check,
    same=_same,
    lock=lock_named_stores,
    write=_write,
    chinese=CHINESE,
    example={
        "store_id": "S0001",
        "gtin": "06901028000017",
        "reorder_point": 40,
        "order_up_to": 120,
        "unit": "pack",
        "order_multiple": 10,
        "minimum_order": 0,
        "auto_approve": False,
    },
)
