"""The rows that statements are made of: sums of products, places or stores, of days, months and quarters."""

from typing import NamedTuple

from humidor_customers.market.questions import OF_PLACES, Builder, Question
from humidor_customers.market.rules.periods import Pieces, quarters_of, split

_PLACES = """
places AS MATERIALIZED (
    SELECT s.store_id, {key} AS place
    FROM stores s LEFT JOIN retailer_stores l USING (store_id) LEFT JOIN retailers r USING (retailer_id)
    WHERE {condition}
)"""
SUMS = ", ".join(f"sum(t.{name})::bigint AS {name}" for name in ("sticks", "net_minor", "sales", "left_out"))
_RAW = "t.sticks, t.net_minor, t.sales, t.left_out"
_AMOUNTS = "sum(t.sticks)::bigint AS sticks, sum(t.net_minor)::bigint AS net_minor"


def places_of(question: Question, build: Builder, *, always: bool = False) -> str:
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


def rows_of(question: Question, build: Builder, *, keep_store: bool, summed: bool = True) -> str:
    """Sum by span, place (and store), product and currency; or give what such sums are made of."""
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
            parts.append(_from(times, question, source, keep_store=keep_store, summed=summed))
    if pieces.days:
        starts = build.add([span.start for span, _ in pieces.days], "date[]")
        ends = build.add([span.end for span, _ in pieces.days], "date[]")
        numbers = build.add([place for _, place in pieces.days], "int[]")
        # By range, so that each stretch is one walk down the index and not a look at every day.
        times = (
            f"unnest({starts}, {ends}, {numbers}) AS w(since, until, span) "
            f"JOIN {source.days} t ON t.day BETWEEN w.since AND w.until"
        )
        parts.append(_from(times, question, source, keep_store=keep_store, summed=summed))
    return " UNION ALL ".join(parts)


def _from(times: str, question: Question, source: _Source, *, keep_store: bool, summed: bool) -> str:
    unknown = "t.store_id" if question.place == "store" else "''::text"
    store = ", t.store_id" if keep_store else ""
    named = source.store and (question.of_some or question.place not in (None, "store"))
    place = f"coalesce(o.place, {unknown}) AS place" if named else f"{unknown} AS place"
    which = "JOIN" if question.of_some else "LEFT JOIN"
    join = f"{which} places o USING ({source.store})" if named else ""
    sums = (_AMOUNTS if keep_store else SUMS) if summed else _RAW
    group = f"GROUP BY 1, 2, 3, 4{', 5' if keep_store else ''}" if summed else ""
    return f"""
SELECT w.span, {place}{store}, t.gtin, t.currency, {sums}
FROM {times} {join}
WHERE {"" if question.wholesale else "NOT "}t.wholesale {group}"""  # noqa: S608
