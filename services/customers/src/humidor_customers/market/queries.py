"""Reads the sums of the market, and adds them up by what is asked for."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from humidor_common.db.pool import Connection
from humidor_common.web.problems import invalid
from humidor_customers.market import cubes
from humidor_customers.market.axes import Axis, Products, read_holders, read_products
from humidor_customers.market.cubes import Carried, Cells, Named, Spread
from humidor_customers.market.questions import (
    MOST_CELLS,
    MOST_LEFT_DAYS,
    MOST_PLACE_DAYS,
    MOST_STORE_DAYS,
    OF_PRODUCTS,
    Question,
)
from humidor_customers.market.reading import (
    FIGURES,
    Sold,
    Wanted,
    decode,
    holder_of,
    pieces_of,
    read_sold,
)

T = TypeVar("T")
STICKS_OF_STORES = Wanted("stores", None, True, ("sticks",))

_COVERAGE = """
SELECT (SELECT min(day) FROM market_days_of_all) AS first_day,
       (SELECT max(day) FROM market_days_of_all) AS last_day,
       (SELECT count(*) FROM (SELECT FROM purchase_days_changed LIMIT 10000) c) AS days_waiting,
       (SELECT count(*) FROM market_stores_to_sum) AS stores_waiting,
       coalesce(sum(t.left_out), 0)::bigint AS left_out_lines,
       coalesce(sum(t.sticks) FILTER (WHERE p.gtin IS NULL OR p.brand = ''), 0)::bigint AS
       sticks_without_brand, coalesce(sum(t.sticks) FILTER (WHERE p.manufacturer IS NULL), 0)::bigint AS
       sticks_without_maker, coalesce(sum(t.sticks) FILTER (WHERE p.price_class IS NULL), 0)::bigint AS
       sticks_without_price_class, coalesce(sum(t.sticks), 0)::bigint AS sticks
FROM (SELECT x.product_id, sum(x.left_out) AS left_out, sum(x.sticks) AS sticks
      FROM market_days_of_all d, market_unpack(d.products, d.sticks, d.net_minor, d.sales, d.left_out) x
      WHERE NOT d.wholesale AND d.day BETWEEN $1 AND $2 GROUP BY 1) t
JOIN market_products USING (product_id) LEFT JOIN products p USING (gtin)
"""


async def read_cells(conn: Connection, question: Question, *, sales: bool = True) -> Cells:
    """Read sums by span, `within`, currency and `by`; those of `sales` are 0 where nobody needs them.

    Raises:
        Problem: 422 where single days of too many stores would have to be added up.
    """
    wanted = Wanted(
        holder_of(question, keep_store=False),
        None,
        question.of_products or question.valued,
        FIGURES if sales else ("sticks", "net_minor", "left_out"),
    )
    found = await read_named(
        conn, question, wanted, lambda named, products: cubes.sum_cells(named, products.prices)
    )
    if found.size > MOST_CELLS:
        raise invalid("period", f"that would be more than {MOST_CELLS:,} figures; ask for a part of it")
    return found


async def read_stores(conn: Connection, question: Question) -> tuple[Spread, Spread, Sequence[Sequence[str]]]:
    """Read sums over stores, of groups and of markets, and what codes mean; raises as `read_cells`."""

    def spread(named: Named, _products: Products) -> tuple[Spread, Spread, Sequence[Sequence[str]]]:
        return *cubes.spread(named), (named.withins, named.keys, named.sold.currencies)

    return await read_named(conn, question, Wanted("stores", None, True, ("sticks", "net_minor")), spread)


async def read_carried(conn: Connection, question: Question) -> tuple[Carried, Sequence[Sequence[str]]]:
    """Read pairs of store and product, sold and carried; raises as `read_cells`."""

    def carry(named: Named, _products: Products) -> tuple[Carried, Sequence[Sequence[str]]]:
        return cubes.carry(named), (named.withins, named.keys)

    return await read_named(conn, question, STICKS_OF_STORES, carry)


async def read_named(
    conn: Connection, question: Question, wanted: Wanted, add_up: Callable[[Named, Products], T]
) -> T:
    """Read the sums that are wanted of all whom the question is about, and add them up in a thread."""
    await check_size(conn, question, keep_store=wanted.holder == "stores")
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        holders, places = await read_holders(conn, question, wanted.holder)
        products = await read_products(conn, question)
        wanted = wanted._replace(holders=holders)
        sent = await read_sold(conn, question, wanted)
    return await asyncio.to_thread(
        lambda: add_up(_name(question, decode(sent, wanted), places, products), products)
    )


def _name(question: Question, sold: Sold, places: Axis, products: Products) -> Named:
    """Leave out what filters do not keep, and say of which market and group each element is."""
    if any(each in OF_PRODUCTS for each in question.filters):
        sold = sold.where(products.asked[sold.product] > 0)
    axes = []
    for dimension in (question.within, question.by):
        axis, ids = places, sold.holder
        if dimension in products.axes:
            axis, ids = products.axes[dimension], sold.product
        elif dimension is None:
            axis = Axis.single(places.codes)
        axes.append((axis.codes[ids], axis.labels))
    (within, withins), (key, keys) = axes
    return Named(sold, within, key, withins, keys)


async def count_stores(conn: Connection) -> int:
    found: int = await conn.fetchval("SELECT count(*) FROM stores")
    return found


async def check_size(conn: Connection, question: Question, *, keep_store: bool) -> None:
    left = pieces_of(question).left_days
    if left <= MOST_LEFT_DAYS or not (question.of_stores or keep_store):
        return
    if question.of_places and not keep_store and left <= MOST_PLACE_DAYS:
        return
    stores = len(question.stores) if question.stores is not None else await count_stores(conn)
    if left * stores > MOST_STORE_DAYS:
        raise invalid(
            "since",
            "that is too many days of single stores: ask for whole months, a shorter time or fewer stores",
        )


async def read_coverage(conn: Connection, since: Any, until: Any) -> dict[str, Any]:
    row = await conn.fetchrow(_COVERAGE, since, until)
    return dict(row) if row else {}
