"""Reports turnover: reads sums, works out stock and figures."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby
from typing import Any, NamedTuple

from humidor_common.db.pool import Connection
from humidor_common.web.pagination import decode_cursor, encode_cursor
from humidor_common.web.problems import invalid
from humidor_inventory.turnover import queries
from humidor_inventory.turnover.rules.figures import E4, Sums, figures
from humidor_inventory.turnover.rules.periods import (
    MOST_DAYS,
    ORDER,
    Bucket,
    Dimension,
    Period,
    Span,
    buckets,
    plan_reading,
)
from humidor_inventory.turnover.schemas import Keys, TurnoverRow
from humidor_inventory.turnover.sources import Query

_END_OF_KEYS = "\U0010ffff"
_MOST_BUCKETS = 1000
_COUNTED = [name for name in TurnoverRow.model_fields if name in Sums._fields]


class Asked(NamedTuple):
    """What a caller asks for; `stores` None is every store, `store_named` that the caller chose them."""

    since: date
    until: date
    group_by: Sequence[Dimension]
    period: Period
    stores: list[str] | None
    filters: dict[str, str]
    cursor: str | None
    limit: int
    today: date


class Read(NamedTuple):
    """One group: its keys, and the sums of each bucket."""

    keys: dict[str, Any]
    periods: list[tuple[Bucket, Sums]]


class Pages(NamedTuple):
    """The groups of a page, where the next one begins, and what they were read from."""

    groups: list[Read]
    next_cursor: str | None
    query: Query


async def report(conn: Connection, asked: Asked) -> dict[str, Any]:
    """Report every figure of each group and period: what `TurnoverReport` describes, as it is sent.

    A page may have a thousand rows of twelve figures; models of them took as long as reading their sums.
    """
    page = await read_groups(conn, asked)
    items = [_row(group.keys, bucket, sums) for group in page.groups for bucket, sums in group.periods]
    return {"items": items, "next_cursor": page.next_cursor, "read_from": page.query.source}


async def read_groups(conn: Connection, asked: Asked) -> Pages:
    """Read a page of whole groups, in one statement.

    Raises:
        Problem: 422 where the days cannot be told apart for so many stores and products, or are too many.
    """
    cut = _cut(asked)
    groups = max(asked.limit // len(cut), 1)
    query, rest = await _plan(conn, asked, groups)
    rows = await queries.read_report(conn, query)
    found = [
        Read(dict(zip(query.keys, key, strict=True)), list(_integrate(list(part), cut)))
        for key, part in groupby(rows, key=lambda row: tuple(row[name] for name in query.keys))
    ]
    page = found[:groups]
    if len(found) > groups:
        return Pages(page, encode_cursor(*page[-1].keys.values()), query)
    return Pages(page, None if rest is None else encode_cursor(*rest), query)


def _cut(asked: Asked) -> list[Bucket]:
    if asked.since > asked.until:
        raise invalid("until", "is before since")
    if (asked.until - asked.since).days >= MOST_DAYS:
        raise invalid("since", f"a report covers at most {MOST_DAYS} days")
    if asked.until > asked.today:
        raise invalid("until", "is in the future")
    cut = buckets(asked.since, asked.until, asked.period)
    if len(cut) > _MOST_BUCKETS:
        raise invalid("period", f"that would be {len(cut)} periods; {_MOST_BUCKETS} are the most")
    return cut


async def _plan(conn: Connection, asked: Asked, groups: int) -> tuple[Query, tuple[str, ...] | None]:
    """Choose what is read for the page; gives where the next one begins if all of that has been told, too."""
    by = tuple(each for each in ORDER if each in asked.group_by)
    span = Span(asked.since, asked.until, asked.today, asked.period)
    reading = plan_reading(
        by,
        asked.filters,
        span,
        stores=None if asked.stores is None else len(asked.stores),
        scale=await queries.measure_scale(conn),
        groups=groups,
    )
    if reading is None:
        raise invalid(
            "since", "that is too much for one answer: ask for whole months, a shorter time or by store"
        )
    query = Query(reading.source, by, span, asked.stores, None, asked.filters, None, groups + 1)
    if asked.cursor:
        query = query._replace(after=decode_cursor(asked.cursor, *[str] * len(query.keys)))
    if reading.stores is not None:
        return await _page_of_stores(conn, query, reading.stores)
    if reading.groups is not None:
        return await _page_of_groups(conn, query, reading.groups)
    return query, None


async def _page_of_stores(conn: Connection, query: Query, most: int) -> tuple[Query, tuple[str, ...] | None]:
    after = query.after or ("",)
    found = await queries.list_stores(conn, query.stores, after[0], most + 1, whole=after[-1] == _END_OF_KEYS)
    stores = found[:most]
    rest = (stores[-1], *[_END_OF_KEYS] * (len(query.keys) - 1)) if len(found) > most else None
    return query._replace(stores=stores), rest


async def _page_of_groups(conn: Connection, query: Query, most: int) -> tuple[Query, tuple[str, ...] | None]:
    found = await queries.list_groups(conn, query, most + 1)
    page = found[:most]
    rest = page[-1][0] if len(found) > most else None
    return query._replace(gtins=[gtin for _, gtins in page for gtin in gtins]), rest


def _integrate(rows: Sequence[dict[str, Any]], cut: Sequence[Bucket]) -> Iterator[tuple[Bucket, Sums]]:
    """Go back from the stock of now through the flows; gives the buckets in their order."""
    by_start = {row["bucket"]: row for row in rows}
    nothing: dict[str, Any] = {}
    after = by_start.get(None, nothing)
    sticks = int(rows[0]["now_sticks"] or 0) - int(after.get("net") or 0)
    value = int(rows[0]["now_value_e4"] or 0) - int(after.get("value_e4") or 0)
    found = []
    for bucket in reversed(cut):
        row = by_start.get(bucket.start, nothing)
        figure = {name: int(row.get(name) or 0) for name in Sums._fields}
        opening, opened_at = sticks - int(row.get("net") or 0), value - int(row.get("value_e4") or 0)
        figure |= {
            "days": bucket.days,
            "opening_sticks": opening,
            "closing_sticks": sticks,
            "stick_days": bucket.days * opening + int(row.get("moment") or 0),
            "opening_value_e4": opened_at,
            "closing_value_e4": value,
            "value_days_e4": bucket.days * opened_at + int(row.get("value_moment") or 0),
        }
        found.append((bucket, Sums(**figure)))
        sticks, value = opening, opened_at
    return reversed(found)


def named(keys: dict[str, Any]) -> dict[str, str | None]:
    """Give the keys as callers see them: what is not known is null."""
    return {name: value or None for name, value in keys.items()}


def _row(keys: dict[str, Any], bucket: Bucket, sums: Sums) -> dict[str, Any]:
    """Give what `TurnoverRow` describes, as it is sent."""
    cost = sums.cost_e4 / E4
    row: dict[str, Any] = dict.fromkeys(Keys.model_fields) | named(keys)
    row |= {name: getattr(sums, name) for name in _COUNTED}
    return row | {
        "start": bucket.start,
        "end": bucket.end,
        "average_sticks": round(sums.average_sticks, 4),
        "cost_of_goods_sold_minor": round(cost, 4),
        "gross_margin_minor": round(sums.costed_revenue_minor - cost, 4),
        "opening_value_minor": sums.opening_value_e4 / E4,
        "closing_value_minor": sums.closing_value_e4 / E4,
        "average_value_minor": round(sums.average_value_minor, 4),
        "figures": figures(sums),
    }
