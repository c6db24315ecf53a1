"""Pages of reports, which say why where there is nothing in them."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Any, Generic, Literal, NamedTuple, TypeAlias, TypeVar

from humidor_common.db.pool import Connection
from humidor_common.web.pagination import Page, decode_cursor, encode_cursor
from humidor_common.web.problems import invalid
from humidor_customers.market.asking import Filters
from humidor_customers.market.questions import Question

T = TypeVar("T")
NoRows: TypeAlias = Literal["no-sales", "not-summed-yet"]


class Report(Page[T], Generic[T]):
    """A page of a report; `reason` says why a report has no row at all.

    `no-sales`: nothing was sold, or all of it came back; `not-summed-yet`: sales of these days wait for it.
    """

    reason: NoRows | None = None


class Rows(NamedTuple, Generic[T]):
    """The rows of a report by number; only those of the page are made."""

    size: int
    make: Callable[[int], T]

    def slice(self, begin: int, end: int) -> list[T]:
        return [self.make(row) for row in range(begin, min(end, self.size))]

    @staticmethod
    def of(parts: Sequence[tuple[Any, ...]], make: Callable[..., T]) -> "Rows[T]":
        return Rows(len(parts), lambda row: make(*parts[row]))


async def page_of(conn: Connection, asked: Filters, page: tuple[str | None, int], rows: Rows[T]) -> Report[T]:
    """Cut a page out of a report and make its rows; what they are made of is read anew for each page."""
    cursor, limit = page
    begin = decode_cursor(cursor, int)[0] if cursor else 0
    if begin < 0:
        raise invalid("cursor", "is not one that this service gave out")
    end = begin + limit
    return Report.model_construct(
        items=rows.slice(begin, end),
        next_cursor=encode_cursor(end) if end < rows.size else None,
        reason=None if rows.size else await _why_empty(conn, asked.since, asked.until),
    )


async def page_of_spans(
    conn: Connection,
    question: Question,
    page: tuple[str | None, int],
    at_once: int,
    read: Callable[[Question], Awaitable[Rows[T]]],
) -> Report[T]:
    """Read a report some spans at a time, so that a page takes no longer for what comes after it.

    It may be shorter than was asked for, but never empty while there is more.
    """
    cursor, limit = page
    first, skip = decode_cursor(cursor, int, int) if cursor else (0, 0)
    if first < 0 or skip < 0:
        raise invalid("cursor", "is not one that this service gave out")
    items: list[T] = []
    while not items and first < len(question.spans):
        rows = await read(question._replace(spans=question.spans[first : first + at_once]))
        items = rows.slice(skip, skip + limit)
        first, skip = (first, skip + limit) if rows.size > skip + limit else (first + at_once, 0)
    more = encode_cursor(first, skip) if first < len(question.spans) else None
    days = question.spans[0].start, question.spans[-1].end
    reason = None if items or cursor else await _why_empty(conn, *days)
    return Report.model_construct(items=items, next_cursor=more, reason=reason)


async def _why_empty(conn: Connection, since: date, until: date) -> NoRows:
    waiting = await conn.fetchval(
        """SELECT EXISTS (SELECT FROM purchase_days_changed WHERE local_day BETWEEN $1 AND $2)
           OR EXISTS (SELECT FROM market_stores_to_sum)""",
        since,
        until,
    )
    return "not-summed-yet" if waiting else "no-sales"
