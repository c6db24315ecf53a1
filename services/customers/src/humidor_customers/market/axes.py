"""What products, stores and places are called in the dimension that is asked for."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from humidor_common.db.pool import Connection
from humidor_customers.arrays import Floats, Ints
from humidor_customers.market.questions import OF_PLACES, OF_PRODUCTS, Builder, Question
from humidor_customers.market.reading import Holder

_STICKS_PER_CARTON = 200
_PRICED = """
, o.wholesale_minor_per_carton AS price, o.currency, p.sticks_per_pack * p.packs_per_carton AS carton
"""
_HOLDERS = {
    "stores": "m.store_no AS id FROM market_store_places m LEFT JOIN retailer_stores l USING (store_id) "
    "LEFT JOIN retailers r USING (retailer_id)",
    "places": "r.place_id AS id FROM market_places r",
}


class Axis(NamedTuple):
    """The labels of a dimension in their order, and where among them each id stands (-1: not asked about)."""

    labels: Sequence[str]
    codes: Ints

    @staticmethod
    def of(ids: Sequence[int], labels: Sequence[str]) -> "Axis":
        names = sorted(set(labels))
        place = {name: n for n, name in enumerate(names)}
        codes = np.full(max(ids, default=0) + 1, -1, np.int64)
        codes[np.array(ids, np.int64)] = [place[each] for each in labels]
        return Axis(names, codes)

    @staticmethod
    def single(codes: Ints) -> "Axis":
        """Make one that calls everything by the same name."""
        return Axis([""], np.zeros_like(codes))


class Prices(NamedTuple):
    """By product: sticks of a carton, what the trade pays for one (NaN: not known), in which currency."""

    carton_sticks: Floats
    wholesale_minor: Floats
    currency: Sequence[str]


class Products(NamedTuple):
    """Products by id; `asked` whether filters keep them."""

    axes: dict[str, Axis]
    asked: Ints
    prices: Prices | None


async def read_products(conn: Connection, question: Question) -> Products:
    """Read what the catalogue says now of the products that were ever sold."""
    names = [
        each for each in OF_PRODUCTS if each in (question.by, question.within) or each in question.filters
    ]
    columns = ", ".join(("t.product_id AS id", *(f"{OF_PRODUCTS[each]} AS {each}" for each in names)))
    rows = await conn.fetch(
        f"SELECT {columns}{_PRICED if question.valued else ''} FROM market_products t "  # noqa: S608
        f"LEFT JOIN products p USING (gtin) {'LEFT JOIN offers o USING (gtin)' if question.valued else ''} "
        "ORDER BY 1"
    )
    ids = [row["id"] for row in rows]
    axes = {name: Axis.of(ids, [row[name] for row in rows]) for name in names}
    asked = np.zeros(max(ids, default=0) + 1, np.int64)
    asked[np.array(ids, np.int64)] = [
        all(row[name] == value for name, value in question.filters.items() if name in OF_PRODUCTS)
        for row in rows
    ]
    return Products(axes, asked, _prices(rows, len(asked)) if question.valued else None)


def _prices(rows: Sequence[Any], size: int) -> Prices:
    carton, price = np.full(size, float(_STICKS_PER_CARTON)), np.full(size, np.nan)
    currency = [""] * size
    for row in rows:
        carton[row["id"]] = row["carton"] or _STICKS_PER_CARTON
        if row["price"] and row["price"] > 0:
            price[row["id"]], currency[row["id"]] = row["price"], row["currency"]
    return Prices(carton, price, currency)


async def read_holders(conn: Connection, question: Question, holder: Holder) -> tuple[list[int] | None, Axis]:
    """Read which stores or places are asked about (None: all of them), and what they are called."""
    if holder == "all":
        return None, Axis([""], np.zeros(1, np.int64))
    build = Builder()
    conditions = [
        f"{OF_PLACES[name]} = {build.add(value, 'text')}"
        for name, value in question.filters.items()
        if name in OF_PLACES
    ]
    if question.stores is not None:
        conditions.append(f"m.store_id = ANY({build.add(question.stores, 'text[]')})")
    label = OF_PLACES[question.place] if question.place else "''"
    rows = await conn.fetch(
        f"SELECT {label} AS place, {_HOLDERS[holder]} WHERE {' AND '.join(conditions) or 'true'}",
        *build.arguments,
    )
    ids = [row["id"] for row in rows]
    return ids if question.of_some else None, Axis.of(ids, [row["place"] for row in rows])
