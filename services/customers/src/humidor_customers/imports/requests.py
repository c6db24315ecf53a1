"""Imports of what customers requested, ordered and got in cycles of another system."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from humidor_common.auth import Principal
from humidor_common.db.columns import columns_of
from humidor_common.db.pool import Connection
from humidor_common.imports.kinds import Finding, Item, Key, Kind, Values
from humidor_common.tables.headings import Column
from humidor_common.web.inputs import Input
from humidor_customers.allocation.requests import Requested, record_requests
from humidor_customers.imports.figures import check_customers
from humidor_customers.imports.words import CUSTOMER
from humidor_customers.inputs import Code, Gtin, RetailerId

_STICKS = {"stick": 1, "pack": 20, "carton": 200}
Quantity = Annotated[int, Field(ge=0, le=10**9)]


class RequestItem(Input):
    """What a customer requested of a product in a cycle; what it got is as much unless the file says it.

    A pack is counted as 20 sticks and a carton as 200.
    """

    cycle_code: Code
    retailer_id: RetailerId
    gtin: Gtin
    requested: Quantity
    ordered: Quantity | None = None
    supplied: Quantity | None = None
    unit: Literal["stick", "pack", "carton"] = "carton"

    @model_validator(mode="after")
    def _check(self) -> "RequestItem":
        if self.ordered is not None and self.ordered > self.requested:
            raise ValueError("ordered is not more than requested")
        return self

    def sticks(self) -> tuple[int, int, int]:
        """Give requested, ordered and supplied sticks."""
        ordered = self.requested if self.ordered is None else self.ordered
        supplied = ordered if self.supplied is None else self.supplied
        factor = _STICKS[self.unit]
        return self.requested * factor, ordered * factor, supplied * factor


async def _cycles(conn: Connection, codes: Sequence[str]) -> dict[str, Any]:
    rows = await conn.fetch(
        "SELECT code, cycle_id FROM order_cycles WHERE code = ANY($1::text[])", sorted(set(codes))
    )
    return {row[0]: row[1] for row in rows}


async def _current(conn: Connection, keys: Sequence[Key]) -> Mapping[Key, Values]:
    rows = await conn.fetch(
        """SELECT k.cycle_code, k.retailer_id, k.gtin, q.requested_sticks, q.ordered_sticks, q.supplied_sticks
           FROM unnest($1::text[], $2::text[], $3::text[]) AS k(cycle_code, retailer_id, gtin)
           JOIN order_cycles c ON c.code = k.cycle_code
           JOIN cycle_requests q
             ON (q.cycle_id, q.retailer_id, q.gtin) = (c.cycle_id, k.retailer_id, k.gtin)""",
        *columns_of(keys),
    )
    return {tuple(row)[:3]: {"sticks": tuple(row)[3:]} for row in rows}


def _same(item: Item) -> bool:
    return item.before is not None and item.before["sticks"] == item.values.sticks()


async def _check(conn: Connection, principal: Principal, items: Sequence[Item]) -> list[Finding]:
    findings = await check_customers(conn, principal, items)
    cycles = await _cycles(conn, [item.values.cycle_code for item in items])
    for place, item in enumerate(items):
        if item.values.cycle_code not in cycles:
            message = "there is no such order cycle"
            findings.append(Finding(place, "cycle_code", "unknown-cycle", message, "没有这个订货周期"))
    return findings


async def _write(conn: Connection, _: Principal, items: Sequence[Item], now: datetime) -> list[Finding]:
    cycles = await _cycles(conn, [item.values.cycle_code for item in items])
    rows = [
        Requested(cycles[each.cycle_code], each.retailer_id, each.gtin, *each.sticks())
        for each in (item.values for item in items)
    ]
    await record_requests(conn, rows, now=now)
    return []


CYCLE_REQUESTS = Kind(
    name="cycle-requests",
    title=("Requests of cycles", "订货周期需求"),
    model=RequestItem,
    key=("cycle_code", "retailer_id", "gtin"),
    columns=(
        Column("cycle_code", ("周期", "订货周期", "周期编码"), ("cycle",)),
        CUSTOMER,
        Column("gtin", ("商品编码", "卷烟编码", "条码"), ("product",), digits=True),
        Column("requested", ("需求量", "要货量")),
        Column("ordered", ("订单量", "订购量")),
        Column("supplied", ("供货量", "配送量", "满足量")),
        Column("unit", ("单位",), words={"支": "stick", "包": "pack", "盒": "pack", "条": "carton"}),
    ),
    current=_current,
    same=_same,
    check=_check,
    write=_write,
    permit=Principal.check_every_store,
    chinese=((r"ordered is not more than requested", "订单量不能大于需求量"),),
    example={
        "cycle_code": "2026-W47",
        "retailer_id": "C0001",
        "gtin": "06901028001234",
        "requested": 10,
        "ordered": 6,
        "supplied": 6,
        "unit": "carton",
    },
    max_rows=200_000,
)
