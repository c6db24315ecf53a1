"""What is odd about a return."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from humidor_pos.facts.rules import Doubt, amount_doubts, clock_doubts
from humidor_pos.facts.sold import SaleHistory
from humidor_pos.facts.units import Factors, sticks
from humidor_pos.returns.wire import Return


def judge_return(returned: Return, total: int, *, now: datetime, late_after: timedelta) -> list[Doubt]:
    """List what is odd about a return by itself."""
    doubts = list(amount_doubts(total, returned.payments)) if returned.payments else []
    doubts.extend(clock_doubts(returned.returned_at, now, late_after=late_after))
    return doubts


def judge_against_sale(
    returned: Return, sale: SaleHistory | None, factors: Mapping[str, Factors]
) -> Iterator[Doubt]:
    """Compare a return with the sale it refers to, and with what has come back of that before."""
    if sale is None:
        yield Doubt("sale_unknown", f"the sale {returned.sale_id} has not come yet")
        return
    if sale.voided:
        yield Doubt("sale_voided", "the sale was voided")
    if returned.returned_at < sale.sold_at:
        yield Doubt("before_sale", f"the sale was at {sale.sold_at.isoformat()}")
    if returned.currency != sale.currency:
        yield Doubt("currency_mismatch", f"the sale was in {sale.currency}")
    yield from _quantity_doubts(returned, sale, factors)


def _quantity_doubts(returned: Return, sale: SaleHistory, factors: Mapping[str, Factors]) -> Iterator[Doubt]:
    left: dict[object, int] = {}
    for line in sale.lines:
        key, quantity = sticks(line.gtin, line.unit, line.quantity, factors)
        left[key] = left.get(key, 0) + quantity
    sold = set(left)
    for (gtin, unit), count in sale.returned.items():
        key, quantity = sticks(gtin, unit, count, factors)
        left[key] = left.get(key, 0) - quantity
    foreign: list[int] = []
    too_many: list[int] = []
    for returned_line in returned.lines:
        key, quantity = sticks(returned_line.gtin, returned_line.unit, returned_line.quantity, factors)
        if key not in sold:
            foreign.append(returned_line.line)
            continue
        left[key] -= quantity
        if left[key] < 0:
            too_many.append(returned_line.line)
    if foreign:
        yield Doubt("not_in_sale", "the sale has no such product", tuple(foreign))
    if too_many:
        yield Doubt("return_exceeds_sale", "more came back than was sold", tuple(too_many))
