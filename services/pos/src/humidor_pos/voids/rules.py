"""What is odd about a void, and what it takes back."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from humidor_pos.facts.rules import Doubt, clock_doubts
from humidor_pos.facts.sold import SaleHistory, SoldLine
from humidor_pos.voids.wire import Void


def judge_void(void: Void, *, now: datetime, late_after: timedelta) -> Iterator[Doubt]:
    """List what is odd about a void by itself."""
    yield from clock_doubts(void.voided_at, now, late_after=late_after)


def judge_against_sale(void: Void, sale: SaleHistory | None) -> Iterator[Doubt]:
    """Compare a void with the sale it takes back."""
    if sale is None:
        yield Doubt("sale_unknown", f"the sale {void.sale_id} has not come yet")
        return
    if sale.voided:
        yield Doubt("already_voided", "the sale was voided before")
    if sale.returned:
        yield Doubt("void_after_return", "goods of this sale have come back already")
    if void.voided_at < sale.sold_at:
        yield Doubt("before_sale", f"the sale was at {sale.sold_at.isoformat()}")


def taken_back(sale: SaleHistory) -> list[SoldLine]:
    """Give what a void takes back: what was sold, less what came back; nothing the second time."""
    if sale.voided:
        return []
    returned = dict(sale.returned)
    lines = []
    for line in sale.lines:
        gone = min(line.quantity, returned.get((line.gtin, line.unit), 0))
        if gone:
            returned[line.gtin, line.unit] -= gone
        if line.quantity > gone:
            lines.append(
                SoldLine(
                    line.line,
                    line.gtin,
                    line.quantity - gone,
                    line.unit,
                    line.unit_price,
                    line.lot,
                    line.code,
                )
            )
    return lines
