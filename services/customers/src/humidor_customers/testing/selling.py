"""For tests: sales at a time of Shanghai's clock, and the sums of the market made of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import structs

from humidor_common.events.pos import SaleRecorded, SaleReturned, SaleVoided
from humidor_common.ids import uuid7
from humidor_customers.catalogue.consumers import SUBSCRIPTION as PRODUCTS
from humidor_customers.market.folding import HOLDERS, PERIODS
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


_ELEMENTS = "market_unpack(t.products, t.sticks, t.net_minor, t.sales, t.left_out) x"
_SUMS = f"""
SELECT t.{{period}}, coalesce(s.store_id, t.holder::text), t.wholesale, t.currency, m.gtin, x.sticks,
       x.net_minor, x.sales, x.left_out
FROM {{table}} t LEFT JOIN market_store_places s ON s.store_no = t.holder AND {{of_stores}},
     {_ELEMENTS} JOIN market_products m USING (product_id)
ORDER BY 1, 2, 3, 4, 5
"""  # noqa: S608 - made of constants
_TOTALS = f"""
SELECT count(*) FROM {{table}} t CROSS JOIN LATERAL (
    SELECT coalesce(sum(x.sticks), 0), coalesce(sum(x.net_minor), 0), coalesce(sum(x.sales), 0),
           coalesce(sum(x.left_out), 0)
    FROM {_ELEMENTS}) s(a, b, c, d) WHERE (all_sticks, all_net_minor, all_sales, all_left_out) <> (a, b, c, d)
"""  # noqa: S608 - made of constants


async def market_sums(desk: Desk) -> dict[str, list[tuple[Any, ...]]]:
    """Read every sum of every table: period, whose, level, currency, product and figures.

    Of a table where figures do not add up to the totals of their row there is nothing.
    """
    found = {}
    for period in PERIODS:
        for holder in HOLDERS:
            table = f"market_{period}s_of_{holder}"
            text = _SUMS.format(period=period, table=table, of_stores=str(holder == "stores").lower())
            rows = await desk.runtime.pool.fetch(text)
            wrong = await desk.runtime.pool.fetchval(_TOTALS.format(table=table))
            found[table] = [] if wrong else [tuple(row) for row in rows]
    return found
