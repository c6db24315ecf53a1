"""The statements that read the sums of the market."""

from humidor_customers.market.questions import (
    MOST_CELLS,
    OF_PRODUCTS,
    Builder,
    Question,
    Statement,
)
from humidor_customers.market.sources import SUMS, places_of, rows_of

# What the trade pays for what was sold, where a wholesale price in the same currency is known.
_PRICED = "o.currency = t.currency AND o.wholesale_minor_per_carton > 0"
_CARTONS = "t.sticks::float8 / coalesce(p.sticks_per_pack * p.packs_per_carton, 200)"
_VALUED = f"""
sum({_CARTONS}) AS cartons, sum({_CARTONS} * o.wholesale_minor_per_carton) FILTER (WHERE {_PRICED}) AS
wholesale_minor, sum(t.net_minor) FILTER (WHERE {_PRICED})::bigint AS priced_minor
"""

_GROUP = f"""
GROUP BY 1, 2, 3, 4 HAVING sum(t.sticks) <> 0 OR sum(t.net_minor) <> 0 OR sum(t.left_out) <> 0
ORDER BY 1, 2, 3, 4 LIMIT {MOST_CELLS + 1}
"""


def cells(question: Question) -> Statement:
    """Sum by span, `within`, `by` and currency: what most reports are made of."""
    if question.of_stores and not question.of_places and not question.valued:
        return _of_single_stores(question)
    build = Builder()
    places = places_of(question, build)
    rows = rows_of(question, build, keep_store=False)
    text = f"""
WITH {f"{places}," if places else ""} summed AS MATERIALIZED ({rows})
SELECT t.span, {_key(question.within)} AS within, {_key(question.by)} AS key, t.currency, {SUMS}, {_VALUED}
FROM summed t LEFT JOIN products p USING (gtin) LEFT JOIN offers o USING (gtin)
WHERE {_product_filter(question, build)} {_GROUP}
"""  # noqa: S608 - made of constants
    return Statement(text, build.arguments)


def _of_single_stores(question: Question) -> Statement:
    """Sum single stores, of which there are most rows, in one pass, and by product only if that is asked."""
    build = Builder()
    places = places_of(question, build)
    rows = rows_of(question, build, keep_store=False, summed=False)
    products = "LEFT JOIN products p USING (gtin)" if question.of_products else ""
    text = f"""
WITH {places}
SELECT t.span, {_key(question.within)} AS within, {_key(question.by)} AS key, t.currency, {SUMS}
FROM ({rows}) t {products} WHERE {_product_filter(question, build)} {_GROUP}
"""  # noqa: S608 - made of constants
    return Statement(text, build.arguments)


def by_store(question: Question) -> Statement:
    """Sum by span, `within`, `by` and currency how many stores sold it, and what these stores sold of all.

    `y`, `x` and their squares are sums over stores of what was sold of the key and of all that is asked
    about, in sticks. A row with `whole` is that of all keys together.
    """
    build = Builder()
    places = places_of(question, build, always=True)
    rows = rows_of(question, build, keep_store=True, summed=False)
    text = f"""
WITH {places}, sold AS MATERIALIZED (
    SELECT t.span, t.place AS within, {_key(question.by)} AS key, t.currency, t.store_id,
           sum(t.sticks)::float8 AS y, sum(t.net_minor)::float8 AS v
    FROM ({rows}) t LEFT JOIN products p USING (gtin) WHERE {_product_filter(question, build)}
    GROUP BY 1, 2, 3, 4, 5
), stores_sum AS MATERIALIZED (
    SELECT span, within, currency, store_id, sum(y) AS x, sum(v) AS v FROM sold GROUP BY 1, 2, 3, 4
    HAVING sum(y) > 0
)
SELECT span, within, NULL AS key, currency, true AS whole, count(*) AS stores, sum(x) AS y, sum(x) AS x_sold,
       sum(v) AS v_sold, sum(x * x) AS yy, sum(x * x) AS xy
FROM stores_sum GROUP BY 1, 2, 4
UNION ALL
SELECT span, within, key, currency, false, count(*) FILTER (WHERE y > 0), sum(y),
       coalesce(sum(x) FILTER (WHERE y > 0), 0), coalesce(sum(t.v) FILTER (WHERE y > 0), 0), sum(y * y),
       sum(y * x)
FROM sold JOIN stores_sum t USING (span, within, currency, store_id) GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 5 DESC, 3, 4
"""  # noqa: S608 - made of constants
    return Statement(text, build.arguments)


def carried(question: Question) -> Statement:
    """Count pairs of store and product by key: sold in span 0, out of those sold in span 1 (the longer)."""
    build = Builder()
    places = places_of(question, build, always=True)
    rows = rows_of(question, build, keep_store=True)
    text = f"""
WITH {places}, summed AS MATERIALIZED ({rows}),
pairs AS (
    SELECT t.place AS within, {_key(question.by)} AS key, t.store_id, t.gtin,
           bool_or(t.span = 0 AND t.sticks > 0) AS active, bool_or(t.sticks > 0) AS carried
    FROM summed t LEFT JOIN products p USING (gtin) WHERE {_product_filter(question, build)}
    GROUP BY 1, 2, 3, 4
)
SELECT within, key, count(*) FILTER (WHERE active) AS active, count(*) FILTER (WHERE carried) AS carried,
       count(DISTINCT gtin) FILTER (WHERE active) AS active_products,
       count(DISTINCT gtin) FILTER (WHERE carried) AS carried_products
FROM pairs GROUP BY 1, 2 ORDER BY 1, 2
"""  # noqa: S608 - made of constants
    return Statement(text, build.arguments)


def stocked(question: Question) -> Statement:
    """Sum by span, `within` and `by` what stores had when the span was over, and what they sold in it.

    Spans are whole months; stock of warehouses counts at the level of wholesale alone. `covered` is what
    those sold whose closing stock is known, `sticks` what all did.
    """
    build = Builder()
    places = places_of(question, build, always=True)
    starts = build.add([span.start for span in question.spans], "date[]")
    lasts = build.add([span.end.replace(day=1) for span in question.spans], "date[]")
    which = "JOIN" if question.of_some else "LEFT JOIN"
    unknown = "t.store_id" if question.place == "store" else "''"
    text = f"""
WITH {places}, spans AS MATERIALIZED (
    SELECT since, last, (n - 1)::int AS span
    FROM unnest({starts}, {lasts}) WITH ORDINALITY AS w(since, last, n)
), told AS MATERIALIZED (
    SELECT w.span, w.last, t.store_id, coalesce(o.place, {unknown}) AS place
    FROM spans w JOIN stock_closings t ON t.month = w.last {which} places o USING (store_id)
    LEFT JOIN stores k USING (store_id)
    WHERE (k.kind = 'warehouse') IS {"" if question.wholesale else "NOT"} TRUE
), known AS (SELECT DISTINCT span, place, true AS known FROM told
), held AS (
    SELECT d.span, d.place, c.gtin, sum(c.sticks) AS stock
    FROM told d JOIN stock_closing_products c ON c.month = d.last AND c.store_id = d.store_id GROUP BY 1, 2, 3
), sold AS (
    SELECT w.span, coalesce(o.place, {unknown}) AS place, t.gtin, sum(t.sticks) AS sticks,
           sum(t.sticks) FILTER (WHERE d.store_id IS NOT NULL) AS covered
    FROM spans w JOIN market_months t ON t.month BETWEEN w.since AND w.last
    {which} places o USING (store_id) LEFT JOIN told d ON d.span = w.span AND d.store_id = t.store_id
    WHERE {"" if question.wholesale else "NOT "}t.wholesale GROUP BY 1, 2, 3
)
SELECT t.span, {_key(question.within)} AS within, {_key(question.by)} AS key, sum(t.stock)::bigint AS stock,
       coalesce(sum(t.covered), 0)::bigint AS covered, coalesce(sum(t.sticks), 0)::bigint AS sticks,
       coalesce(bool_or(k.known), false) AS known
FROM (SELECT * FROM held FULL JOIN sold USING (span, place, gtin)) t
LEFT JOIN known k USING (span, place) LEFT JOIN products p USING (gtin)
WHERE {_product_filter(question, build)}
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT {MOST_CELLS + 1}
"""  # noqa: S608 - made of constants
    return Statement(text, build.arguments)


def _key(dimension: str | None) -> str:
    if dimension is None:
        return "''"
    return OF_PRODUCTS.get(dimension, "t.place")


def _product_filter(question: Question, build: Builder) -> str:
    conditions = [
        f"{OF_PRODUCTS[name]} = {build.add(value, 'text')}"
        for name, value in question.filters.items()
        if name in OF_PRODUCTS
    ]
    return " AND ".join(conditions) or "true"
