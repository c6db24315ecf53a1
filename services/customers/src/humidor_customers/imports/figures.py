"""Imports of the figures by which customers are scored into tiers."""

from collections.abc import Sequence
from datetime import datetime

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.imports.kinds import Finding, Item, Kind
from humidor_common.tables.headings import Column
from humidor_customers.imports.words import CUSTOMER, translate
from humidor_customers.retailers import queries as retailers
from humidor_customers.tiers.figures import current_figures, write_figures
from humidor_customers.tiers.schemas import FigureItem


async def check_customers(conn: Connection, _: Principal, items: Sequence[Item]) -> list[Finding]:
    """Name the customers of a file that are not known."""
    unknown = await retailers.unknown(conn, [item.values.retailer_id for item in items])
    message = "there is no such customer"
    return [
        Finding(place, "retailer_id", "unknown-customer", message, translate(message))
        for place, item in enumerate(items)
        if item.values.retailer_id in unknown
    ]


async def _write(conn: Connection, _: Principal, items: Sequence[Item], now: datetime) -> list[Finding]:
    await write_figures(conn, [item.values for item in items], now)
    return []


TIER_FIGURES = Kind(
    name="tier-figures",
    title=("Figures for tiers", "客户评档指标"),
    model=FigureItem,
    key=("retailer_id", "measure", "begins_on"),
    columns=(
        CUSTOMER,
        Column("measure", ("指标", "评价指标")),
        Column("begins_on", ("期间", "起始日期", "月份"), ("period",)),
        Column("value", ("数值", "指标值")),
    ),
    current=current_figures,
    check=check_customers,
    write=_write,
    permit=Principal.check_every_store,
    example={
        "retailer_id": "C0001",
        "measure": "purchase_value_minor",
        "begins_on": "2026-09-01",
        "value": 3_250_000,
    },
)
