"""For tests: sales of tills, told to what keeps purchases, and the sums of the market made of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from humidor_common.events.pos import Payment, SaleLine, SaleRecorded, SaleReturned, SaleVoided
from humidor_common.ids import uuid7
from humidor_customers.catalogue.consumers import SUBSCRIPTION as PRODUCTS
from humidor_customers.market.summing import sum_up
from humidor_customers.purchases.consumers import SUBSCRIPTION
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.ordering import gtin, product, tell

Sold = Sequence[tuple[int, int, int]]
"""Lines: number of the product, packs, price of a pack in minor units."""


def at(text: str) -> datetime:
    """Read a time of Shanghai's clock: `2026-10-05 19:30`."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai"))


def lines(sold: Sold) -> list[SaleLine]:
    return [
        SaleLine(line=n, gtin=gtin(number), quantity=packs, unit="pack", unit_price=price)
        for n, (number, packs, price) in enumerate(sold, 1)
    ]


def sale(
    store_id: str, moment: str, sold: Sold, *, member: str | None = None, sale_id: UUID | None = None
) -> SaleRecorded:
    total = sum(packs * price for _, packs, price in sold)
    return SaleRecorded(
        sale_id=sale_id or uuid7(),
        store_id=store_id,
        terminal_id="T1",
        sold_at=at(moment),
        recorded_at=at(moment),
        currency="CNY",
        total=total,
        lines=lines(sold),
        payments=[Payment(method="cash", amount=total)],
        member_id=member,
    )


def returned(of: SaleRecorded, sold: Sold, *, hours: int = 1) -> SaleReturned:
    moment = of.sold_at + timedelta(hours=hours)
    return SaleReturned(
        return_id=uuid7(),
        sale_id=of.sale_id,
        store_id=of.store_id,
        terminal_id="T1",
        returned_at=moment,
        recorded_at=moment,
        currency="CNY",
        total=sum(packs * price for _, packs, price in sold),
        lines=lines(sold),
        payments=[],
        reason="damaged",
        restock=True,
    )


def voided(of: SaleRecorded) -> SaleVoided:
    return SaleVoided(
        void_id=uuid7(),
        sale_id=of.sale_id,
        store_id=of.store_id,
        terminal_id="T1",
        voided_at=of.sold_at,
        recorded_at=of.sold_at,
        reason="mistake",
        lines=list(of.lines),
    )


async def sell(desk: Desk, *facts: SaleRecorded | SaleReturned | SaleVoided) -> None:
    await tell(desk, SUBSCRIPTION, *facts)


async def sum_market(desk: Desk) -> None:
    """Do what the worker does until nothing is left."""
    while await sum_up(desk.runtime.pool):
        pass


async def know(desk: Desk, **brands: Any) -> None:
    """Make products known: `know(desk, p1=("Harbour", "North", "1"))` is brand, maker and price class."""
    await tell(
        desk,
        PRODUCTS,
        *(
            product(int(name[1:]), brand=brand, manufacturer=maker, price_class=price_class)
            for name, (brand, maker, price_class) in brands.items()
        ),
    )
