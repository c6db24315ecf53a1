"""What is read of the sums: which stretches of time, by what, of which stores; and the statements for it."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from humidor_customers.market.rules.periods import Pieces, Span, quarters_of, split

ProductDimension: TypeAlias = Literal["brand", "maker", "price_class", "product"]
PlaceDimension: TypeAlias = Literal["area", "market_type", "business_format", "sales_line", "store"]
Dimension: TypeAlias = ProductDimension | PlaceDimension

OF_PRODUCTS: dict[str, str] = {
    "brand": "coalesce(p.brand, '')",
    "maker": "coalesce(p.manufacturer, '')",
    "price_class": "coalesce(p.price_class, '')",
    "product": "t.gtin",
}
OF_PLACES: dict[str, str] = {
    "area": "coalesce(r.trade_area, '')",
    "market_type": "coalesce(r.market_type, '')",
    "business_format": "coalesce(r.business_format, '')",
    "sales_line": "coalesce(r.sales_line, '')",
    "store": "s.store_id",
}
UNKNOWN = ""
MOST_LEFT_DAYS = 62
MOST_PLACE_DAYS = 124
MOST_STORE_DAYS = 100_000
MOST_CELLS = 100_000


class Question(NamedTuple):
    """Sums of `spans` (numbered from 0), by up to two dimensions; `stores` None is every store.

    `within` None is the whole market. Filters keep what equals them, by dimension.
    """

    spans: Sequence[Span]
    by: str | None
    within: str | None
    filters: Mapping[str, str]
    stores: list[str] | None
    wholesale: bool = False

    @property
    def of_some(self) -> bool:
        """Whether some stores are left out."""
        return self.stores is not None or any(each in OF_PLACES for each in self.filters)

    @property
    def place(self) -> str | None:
        """The dimension of places that is asked for."""
        return next((each for each in (self.by, self.within) if each in OF_PLACES), None)

    @property
    def of_places(self) -> bool:
        """Whether the sums of places will do: no single store is asked for, nor some of them."""
        dimensions = {each for each in (self.by, self.within, *self.filters) if each in OF_PLACES}
        return self.stores is None and bool(dimensions) and "store" not in dimensions

    @property
    def of_stores(self) -> bool:
        """Whether the sums have to be told apart by store."""
        return self.of_some or self.place is not None


class Statement(NamedTuple):
    """SQL with its arguments."""

    text: str
    arguments: list[Any]


class _Builder:
    """Numbers arguments as they are used."""

    def __init__(self) -> None:
        self.arguments: list[Any] = []

    def add(self, value: Any, kind: str) -> str:
        self.arguments.append(value)
        return f"${len(self.arguments)}::{kind}"


_PLACES = """
places AS MATERIALIZED (
    SELECT s.store_id, {key} AS place
    FROM stores s LEFT JOIN retailer_stores l USING (store_id) LEFT JOIN retailers r USING (retailer_id)
    WHERE {condition}
)"""
_SUMS = ", ".join(f"sum(t.{name})::bigint AS {name}" for name in ("sticks", "net_minor", "sales", "left_out"))
_AMOUNTS = "sum(t.sticks)::bigint AS sticks, sum(t.net_minor)::bigint AS net_minor"
# What the trade pays for what was sold, where a wholesale price in the same currency is known.
_PRICED = "o.currency = t.currency AND o.wholesale_minor_per_carton > 0"
_CARTONS = "t.sticks::float8 / coalesce(p.sticks_per_pack * p.packs_per_carton, 200)"
_VALUED = f"""
sum({_CARTONS}) AS cartons, sum({_CARTONS} * o.wholesale_minor_per_carton) FILTER (WHERE {_PRICED}) AS
wholesale_minor, sum(t.net_minor) FILTER (WHERE {_PRICED})::bigint AS priced_minor
"""


def cells(question: Question) -> Statement:
    """Sum by span, `within`, `by` and currency: what most reports are made of."""
    build = _Builder()
    places = _places(question, build)
    rows = _rows(question, build, keep_store=False)
    text = f"""
WITH {f"{places}," if places else ""} summed AS MATERIALIZED ({rows})
SELECT t.span, {_key(question.within)} AS within, {_key(question.by)} AS key, t.currency, {_SUMS}, {_VALUED}
FROM summed t LEFT JOIN products p USING (gtin) LEFT JOIN offers o USING (gtin)
WHERE {_product_filter(question, build)}
GROUP BY 1, 2, 3, 4
HAVING sum(t.sticks) <> 0 OR sum(t.net_minor) <> 0 OR sum(t.left_out) <> 0
ORDER BY 1, 2, 3, 4 LIMIT {MOST_CELLS + 1}
"""  # noqa: S608 - made of constants
    return Statement(text, build.arguments)


def by_store(question: Question) -> Statement:
    """Sum by span, `within`, `by` and currency how many stores sold it, and what these stores sold of all.

    `y`, `x` and their squares are sums over stores of what was sold of the key and of all that is asked
    about, in sticks. A row with `whole` is that of all keys together.
    """
    build = _Builder()
    places = _places(question, build, always=True)
    rows = _rows(question, build, keep_store=True)
    text = f"""
WITH {places}, summed AS MATERIALIZED ({rows}),
sold AS MATERIALIZED (
    SELECT t.span, t.place AS within, {_key(question.by)} AS key, t.currency, t.store_id,
           sum(t.sticks)::float8 AS y, sum(t.net_minor)::float8 AS v
    FROM summed t LEFT JOIN products p USING (gtin) WHERE {_product_filter(question, build)}
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
    build = _Builder()
    places = _places(question, build, always=True)
    rows = _rows(question, build, keep_store=True)
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


def _key(dimension: str | None) -> str:
    if dimension is None:
        return "''"
    return OF_PRODUCTS.get(dimension, "t.place")


def _places(question: Question, build: _Builder, *, always: bool = False) -> str:
    """Name the stores that are asked about, each with its place."""
    if not (question.of_stores or always):
        return ""
    conditions = [
        f"{OF_PLACES[name]} = {build.add(value, 'text')}"
        for name, value in question.filters.items()
        if name in OF_PLACES
    ]
    if question.of_places and not always:
        key = OF_PLACES[question.place] if question.place else "''"
        where = " AND ".join(conditions) or "true"
        return f"places AS MATERIALIZED (SELECT place_id, {key} AS place FROM market_places r WHERE {where})"  # noqa: S608
    if question.stores is not None:
        conditions.append(f"s.store_id = ANY({build.add(question.stores, 'text[]')})")
    key = OF_PLACES[question.place] if question.place else "''"
    return _PLACES.format(key=key, condition=" AND ".join(conditions) or "true")


def _product_filter(question: Question, build: _Builder) -> str:
    conditions = [
        f"{OF_PRODUCTS[name]} = {build.add(value, 'text')}"
        for name, value in question.filters.items()
        if name in OF_PRODUCTS
    ]
    return " AND ".join(conditions) or "true"


def pieces_of(question: Question, *, keep_store: bool) -> Pieces:
    return split(question.spans, by_month=question.of_stores or keep_store)


class _Source(NamedTuple):
    """Where rows come from: tables of days and months, and what names a place in them."""

    days: str
    months: str | None
    store: str | None


def _source(question: Question, *, keep_store: bool) -> _Source:
    """Choose the smallest tables that will do."""
    if question.of_places and not keep_store:
        return _Source("market_place_days", "market_place_months", "place_id")
    if question.of_stores or keep_store:
        return _Source("market_days", "market_months", "store_id")
    return _Source("market_product_days", None, None)


def _rows(question: Question, build: _Builder, *, keep_store: bool) -> str:
    """Sum by span, place (and store), product and currency."""
    source = _source(question, keep_store=keep_store)
    pieces = pieces_of(question, keep_store=keep_store)
    whole = quarters_of(pieces.months) if source.months == "market_months" else ([], pieces.months)
    parts = []
    for period, table, found in (
        ("quarter", "market_quarters", whole[0]),
        ("month", source.months, whole[1]),
    ):
        if found:
            starts = build.add([start for start, _ in found], "date[]")
            numbers = build.add([span for _, span in found], "int[]")
            times = f"unnest({starts}, {numbers}) AS w({period}, span) JOIN {table} t USING ({period})"
            parts.append(_from(times, question, source, keep_store=keep_store))
    if pieces.days:
        starts = build.add([span.start for span, _ in pieces.days], "date[]")
        ends = build.add([span.end for span, _ in pieces.days], "date[]")
        numbers = build.add([place for _, place in pieces.days], "int[]")
        # By range, so that each stretch is one walk down the index and not a look at every day.
        times = (
            f"unnest({starts}, {ends}, {numbers}) AS w(since, until, span) "
            f"JOIN {source.days} t ON t.day BETWEEN w.since AND w.until"
        )
        parts.append(_from(times, question, source, keep_store=keep_store))
    return " UNION ALL ".join(parts)


def _from(times: str, question: Question, source: _Source, *, keep_store: bool) -> str:
    unknown = "t.store_id" if question.place == "store" else "''"
    place = f"coalesce(o.place, {unknown}) AS place" if source.store else "''::text AS place"
    store = ", t.store_id" if keep_store else ""
    which = "JOIN" if question.of_some else "LEFT JOIN"
    join = f"{which} places o USING ({source.store})" if source.store else ""
    sums = _AMOUNTS if keep_store else _SUMS
    return f"""
SELECT w.span, {place}{store}, t.gtin, t.currency, {sums}
FROM {times} {join}
WHERE {"" if question.wholesale else "NOT "}t.wholesale GROUP BY 1, 2, 3, 4{", 5" if keep_store else ""}"""  # noqa: S608
