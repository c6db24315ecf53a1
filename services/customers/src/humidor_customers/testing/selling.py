"""For tests: sales at a time of Shanghai's clock, and the sums of the market made of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import structs

from humidor_common.events.pos import SaleRecorded, SaleReturned, SaleVoided
from humidor_common.ids import uuid7
from humidor_customers.catalogue.consumers import SUBSCRIPTION as PRODUCTS
from humidor_customers.market.summing import sum_up
from humidor_customers.testing import till
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.ordering import product, tell

Sold = Sequence[tuple[int, int, int]]
"""Lines: number of the product, packs, price of a pack in minor units."""


def at(text: str) -> datetime:
    """Read a time of Shanghai's clock: `2026-10-05 19:30`."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai"))


def sale(store_id: str, moment: str, sold: Sold, *, member: str | None = None) -> SaleRecorded:
    lines = [
        till.line(number, packs, price=price, place=n) for n, (number, packs, price) in enumerate(sold, 1)
    ]
    return till.sale(uuid7().int, member, *lines, at=at(moment), store_id=store_id)


def returned(of: SaleRecorded, sold: Sold, *, hours: int = 1) -> SaleReturned:
    """Give some of a sale back where it was bought."""
    lines = [
        till.line(number, packs, price=price, place=n) for n, (number, packs, price) in enumerate(sold, 1)
    ]
    back = till.returned(of.sale_id.int, store_id=of.store_id)
    return structs.replace(back, lines=lines, returned_at=of.sold_at + timedelta(hours=hours))


def voided(of: SaleRecorded) -> SaleVoided:
    return structs.replace(till.voided(of.sale_id.int), store_id=of.store_id, voided_at=of.sold_at)


async def sell(desk: Desk, *facts: SaleRecorded | SaleReturned | SaleVoided) -> None:
    await till.buy(desk, *facts)


async def sum_market(desk: Desk) -> None:
    """Do what the worker does until nothing is left."""
    while await sum_up(desk.runtime.pool):
        pass


async def know(desk: Desk, **brands: Any) -> None:
    """Make products known: `know(desk, p1=("Harbour", "North", "1"))` is brand, maker and price class."""
    told = [
        product(int(name[1:]), brand=brand, manufacturer=maker, price_class=price_class)
        for name, (brand, maker, price_class) in brands.items()
    ]
    await tell(desk, PRODUCTS, *told)
