"""How right the books were: the record that a stocktake leaves, and what a store lost in a period."""

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from pydantic import BaseModel

from humidor_common.db.pool import Connection
from humidor_common.web.problems import not_found
from humidor_inventory.stocktakes.rules import Item, value_of
from humidor_inventory.stocktakes.schemas import ShrinkageItem, ShrinkageView
from humidor_inventory.units.rules import Factors

_SHRINKAGE = """
WITH found AS (
    SELECT gtin, coalesce(sum(delta_sticks) FILTER (WHERE stocktake_id IS NOT NULL), 0)::bigint AS counted,
           coalesce(sum(delta_sticks) FILTER (WHERE stocktake_id IS NULL), 0)::bigint AS booked
    FROM adjustments
    WHERE store_id = $1 AND adjusted_at >= $2 AND adjusted_at < $3
      AND (stocktake_id IS NOT NULL OR reason_code IN ('damage', 'theft', 'loss'))
    GROUP BY gtin
)
SELECT f.*, p.name, p.sticks_per_pack, p.packs_per_carton, p.cartons_per_case, p.retail_price_per_pack,
       p.currency, s.sold
FROM found f JOIN products p USING (gtin) CROSS JOIN LATERAL (
    SELECT coalesce(-sum(delta_sticks), 0)::bigint AS sold FROM stock_ledger
    WHERE store_id = $1 AND gtin = f.gtin AND bucket = 'on_hand' AND reason IN ('sale', 'return', 'void')
      AND recorded_at >= $2 AND recorded_at < $3) s
ORDER BY least(f.counted + f.booked, 0), f.gtin
"""
_BOUNDS = """
SELECT ($2::date::timestamp AT TIME ZONE time_zone) AS since,
       (($3::date + 1)::timestamp AT TIME ZONE time_zone) AS until
FROM stores WHERE store_id = $1
"""
_STOCKTAKES = """
SELECT count(*) FROM stocktakes WHERE store_id = $1 AND posted_at >= $2 AND posted_at < $3
"""


class Finding(NamedTuple):
    """One settled line; `book_value` and `variance_value` are minor units, None without a price."""

    book_sticks: int
    variance_sticks: int
    within: bool
    book_value: int | None
    variance_value: int | None
    currency: str | None


class ValueView(BaseModel):
    """Values in minor units of one currency, at retail prices; a loss is negative in `net_value`."""

    currency: str
    book_value: int
    net_value: int
    absolute_value: int


class AccuracyView(BaseModel):
    """How right the books were.

    `line_accuracy_percent` is the share of lines without any variance, `within_tolerance_percent` of those
    within the thresholds; `unit_accuracy_percent` is 100 * (1 - sum|variance| / sum book), not below 0.
    `shrinkage_sticks` is the net loss. `late_sticks` came in after posting although it moved before the
    count: the ledger counts it twice until a person corrects it.
    """

    lines: int
    accurate_lines: int
    line_accuracy_percent: float
    within_tolerance_percent: float
    unit_accuracy_percent: float
    book_sticks: int
    net_variance_sticks: int
    absolute_variance_sticks: int
    shrinkage_sticks: int
    unpriced_lines: int
    values: list[ValueView]
    late_sticks: int = 0


def add_up(findings: Iterable[Finding]) -> AccuracyView:
    """Add up the lines of a stocktake; without any line the books are wholly right."""
    found = list(findings)
    book = sum(max(each.book_sticks, 0) for each in found)
    absolute = sum(abs(each.variance_sticks) for each in found)
    net = sum(each.variance_sticks for each in found)
    accurate = sum(not each.variance_sticks for each in found)
    values: dict[str, ValueView] = {}
    for each in found:
        if each.currency is None or each.variance_value is None or each.book_value is None:
            continue
        value = values.setdefault(
            each.currency, ValueView(currency=each.currency, book_value=0, net_value=0, absolute_value=0)
        )
        value.book_value += each.book_value
        value.net_value += each.variance_value
        value.absolute_value += abs(each.variance_value)
    return AccuracyView(
        lines=len(found),
        accurate_lines=accurate,
        line_accuracy_percent=_percent(accurate, len(found)),
        within_tolerance_percent=_percent(sum(each.within for each in found), len(found)),
        unit_accuracy_percent=_percent(max(book - absolute, 0), book) if book else _percent(not absolute, 1),
        book_sticks=book,
        net_variance_sticks=net,
        absolute_variance_sticks=absolute,
        shrinkage_sticks=-net,
        unpriced_lines=sum(each.variance_value is None for each in found),
        values=sorted(values.values(), key=lambda value: value.currency),
    )


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 100.0


async def read_shrinkage(conn: Connection, store_id: str, first_day: date, last_day: date) -> ShrinkageView:
    """Read the losses of whole days of the store, the greatest first; walks indexes of the store alone."""
    bounds = await conn.fetchrow(_BOUNDS, store_id, first_day, last_day)
    if bounds is None:
        raise not_found("store", store_id)
    rows = await conn.fetch(_SHRINKAGE, store_id, *bounds)
    items = [_item(row) for row in rows]
    return ShrinkageView(
        store_id=store_id,
        first_day=first_day,
        last_day=last_day,
        stocktakes=await conn.fetchval(_STOCKTAKES, store_id, *bounds),
        shrinkage_sticks=sum(item.shrinkage_sticks for item in items),
        items=items,
    )


def _item(row: Any) -> ShrinkageItem:
    factors = Factors.of(row["sticks_per_pack"], row["packs_per_carton"], row["cartons_per_case"])
    lost = -(row["counted"] + row["booked"])
    return ShrinkageItem(
        gtin=row["gtin"],
        name=row["name"],
        stocktake_sticks=-row["counted"],
        recorded_sticks=-row["booked"],
        shrinkage_sticks=lost,
        sold_sticks=row["sold"],
        shrinkage_percent=round(100 * lost / row["sold"], 2) if row["sold"] > 0 else None,
        shrinkage_value=value_of(lost, Item(factors, row["retail_price_per_pack"], row["currency"])),
        currency=row["currency"],
    )
