"""Reads what stores had at the end of months, beside what they sold."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from humidor_common.db.pool import Connection
from humidor_common.web.problems import invalid
from humidor_customers.market.cubes import Named, group
from humidor_customers.market.queries import STICKS_OF_STORES, read_named
from humidor_customers.market.questions import MOST_CELLS, OF_PLACES, OF_PRODUCTS, Builder, Question

_Whose = tuple[int, str, str]
"""Of which span, market and group."""


class Stock(NamedTuple):
    """Sticks of a group: had when the span was over, and sold in it.

    `covered` is what those sold whose closing stock is known, `sticks` what all did.
    """

    whose: _Whose
    stock: int
    covered: int
    sticks: int
    known: bool


async def read_stocks(conn: Connection, question: Question) -> list[Stock]:
    """Read stock and sales of spans that are whole months; warehouses count at the level of wholesale alone.

    Raises:
        Problem: 422 where these are too many figures.
    """
    told = await _fetch(conn, question, _TOLD)
    held = await _fetch(conn, question, _HELD)
    sold = await read_named(conn, question, STICKS_OF_STORES, lambda named, _: _covered(named, told))
    found = _join(question, told, held, sold)
    if len(found) > MOST_CELLS:
        raise invalid("period", f"that would be more than {MOST_CELLS:,} figures; ask for a part of it")
    return found


_CLOSED = """
WITH spans AS MATERIALIZED (
    SELECT last, (n - 1)::int AS span FROM unnest({lasts}) WITH ORDINALITY AS w(last, n)
), told AS MATERIALIZED (
    SELECT w.span, w.last, m.store_id, {label} AS place
    FROM spans w JOIN stock_closings m ON m.month = w.last
    LEFT JOIN stores k USING (store_id) LEFT JOIN retailer_stores l USING (store_id)
    LEFT JOIN retailers r USING (retailer_id)
    WHERE (k.kind = 'warehouse') IS {level} TRUE AND {condition}
)
"""
_TOLD = """
SELECT d.span, d.place, s.store_no FROM told d LEFT JOIN market_store_places s USING (store_id)
"""
_HELD = f"""
SELECT t.span, {{within}} AS within, {{by}} AS key, sum(t.stock)::bigint AS stock
FROM (SELECT d.span, d.place, c.gtin, sum(c.sticks) AS stock
      FROM told d JOIN stock_closing_products c ON c.month = d.last AND c.store_id = d.store_id
      GROUP BY 1, 2, 3) t LEFT JOIN products p USING (gtin)
WHERE {{products}} GROUP BY 1, 2, 3 LIMIT {MOST_CELLS + 1}
"""  # noqa: S608 - made of constants


async def _fetch(conn: Connection, question: Question, text: str) -> list[Any]:
    build = Builder()
    lasts = build.add([span.end.replace(day=1) for span in question.spans], "date[]")
    stores = "true"
    if question.stores is not None:
        stores = f"m.store_id = ANY({build.add(question.stores, 'text[]')})"
    closed = _CLOSED.format(
        lasts=lasts,
        label=OF_PLACES[question.place] if question.place else "''",
        level="" if question.wholesale else "NOT",
        condition=f"{stores} AND {_equal(question.filters, OF_PLACES, build)}",
    )
    within, by = (
        "''" if d is None else OF_PRODUCTS.get(d, "t.place") for d in (question.within, question.by)
    )
    products = _equal(question.filters, OF_PRODUCTS, build) if "{products}" in text else ""
    return await conn.fetch(closed + text.format(within=within, by=by, products=products), *build.arguments)


def _equal(filters: Mapping[str, str], columns: Mapping[str, str], build: Builder) -> str:
    conditions = (
        f"{columns[name]} = {build.add(value, 'text')}" for name, value in filters.items() if name in columns
    )
    return " AND ".join(conditions) or "true"


def _covered(named: Named, told: Iterable[Mapping[str, Any]]) -> dict[_Whose, tuple[int, int]]:
    """Add up what all sold, and what those did whose stock is known."""
    spans, holders = named.spans[1], int(named.sold.holder.max(initial=0)) + 1
    known = np.zeros((spans, holders), np.int64)
    for each in told:
        if each["store_no"] is not None and each["span"] < spans and each["store_no"] < holders:
            known[each["span"], each["store_no"]] = 1
    found = group(named.spans, named.markets, named.groups)
    covered = found.sum(named.sold.sticks * known[named.sold.span, named.sold.holder])
    figures = zip(covered.tolist(), found.sum(named.sold.sticks).tolist(), strict=True)
    names = zip(*(part.tolist() for part in found.parts), strict=True)
    return {
        (span, named.withins[within], named.keys[key]): both
        for (span, within, key), both in zip(names, figures, strict=True)
    }


def _join(
    question: Question,
    told: Iterable[Mapping[str, Any]],
    held: Iterable[Mapping[str, Any]],
    sold: Mapping[_Whose, tuple[int, int]],
) -> list[Stock]:
    known = {(each["span"], each["place"]) for each in told}
    stock = {(each["span"], each["within"], each["key"]): each["stock"] for each in held}
    at = {question.by: 2, question.within: 1}.get(question.place)
    return [
        Stock(
            whose,
            stock.get(whose, 0),
            *sold.get(whose, (0, 0)),
            (whose[0], whose[at] if at else "") in known,
        )
        for whose in sorted(stock.keys() | sold.keys())
    ]
