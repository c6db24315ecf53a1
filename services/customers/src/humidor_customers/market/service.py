"""Reports shares, prices and concentration of the market."""

from collections.abc import Callable, Sequence
from datetime import date
from itertools import pairwise
from math import isnan
from typing import Any, NamedTuple, TypeVar

import numpy as np

from humidor_common.auth import Principal
from humidor_common.clock import latest_date, utc_now
from humidor_common.db.pool import Connection
from humidor_common.web.inputs import visible_stores
from humidor_common.web.problems import invalid
from humidor_customers.arrays import Ints
from humidor_customers.market import queries
from humidor_customers.market.asking import Cut, Filters
from humidor_customers.market.cubes import Cells
from humidor_customers.market.paging import Report, Rows, page_of_spans
from humidor_customers.market.questions import OF_PLACES, UNKNOWN, Question
from humidor_customers.market.rules.figures import STICKS_PER_CASE, concentrate, ratio
from humidor_customers.market.rules.periods import Period, Span, cut
from humidor_customers.market.schemas import (
    ConcentrationRow,
    ConcentrationView,
    PriceRow,
    RatioView,
    ShareRow,
)

T = TypeVar("T")
MOST_DAYS = 3 * 366
MOST_PERIODS = 400
_SPANS_AT_ONCE = 6
_FILTERS = ("brand", "maker", "price_class", "area", "market_type", "business_format", "sales_line")


class Sums(NamedTuple):
    """The groups of one market in one span and currency: cells from `begin` to before `end`, by key."""

    span: int
    within: str
    currency: str
    cells: Cells
    begin: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.begin

    def key(self, group: int) -> str:
        return self.cells.labels[2][int(self.cells.key[group])]

    def of(self, figures: Ints) -> Ints:
        return figures[self.begin : self.end]

    def total(self, figures: Ints) -> int:
        return int(self.of(figures).sum())


def spans_of(filters: Filters, period: Period, today: date, *, most_days: int = MOST_DAYS) -> list[Span]:
    """Cut the days of a report.

    Raises:
        Problem: 422 where they are none, too many or to come.
    """
    if filters.since > filters.until:
        raise invalid("until", "is before since")
    if filters.until > today:
        raise invalid("until", "is in the future")
    span = Span(filters.since, filters.until)
    if span.days > most_days:
        raise invalid("since", f"a report covers at most {most_days} days")
    spans = cut(span, period)
    if len(spans) > MOST_PERIODS:
        raise invalid("period", f"that would be {len(spans)} periods; {MOST_PERIODS} are the most")
    return spans


def question_of(
    principal: Principal, filters: Filters, spans: Sequence[Span], *, by: str | None, within: str | None
) -> Question:
    """Turn what is asked into what is read, for the stores that the caller may see.

    Raises:
        Problem: 403; 422 where both dimensions are of places, or areas are asked of warehouses.
    """
    stores = visible_stores(principal, filters.store_id)
    if within == by:
        raise invalid("within", "is what the report is by")
    if by in OF_PLACES and within in OF_PLACES:
        raise invalid("within", "cannot be of places where `by` is")
    given = {name: value for name in _FILTERS if (value := getattr(filters, name)) is not None}
    if filters.gtin:
        given["product"] = filters.gtin
    wholesale = filters.level == "wholesale"
    if wholesale and any(each in OF_PLACES and each != "store" for each in (by, within, *given)):
        raise invalid("level", "wholesale is known by the warehouse that delivered, not by place")
    return Question(spans, by, within, given, stores, wholesale)


def markets(cells: Cells) -> list[Sums]:
    """Cut the groups of each market out of all of them."""
    withins, currencies, _ = cells.labels
    parts = np.stack([cells.span, cells.within, cells.currency])
    begins = np.flatnonzero(np.any(parts[:, 1:] != parts[:, :-1], axis=0)) + 1
    bounds = [0, *begins.tolist(), cells.size] if cells.size else []
    return [
        Sums(span, withins[within], currencies[currency], cells, begin, end)
        for begin, end in pairwise(bounds)
        for span, within, currency in [parts[:, begin].tolist()]
    ]


def named(value: str) -> str | None:
    """Give a key as callers see it: what is not known is null."""
    return value if value != UNKNOWN else None


async def report(
    conn: Connection,
    principal: Principal,
    asked: Cut,
    page: tuple[str | None, int],
    word: Callable[[Sequence[Span], Cells], Rows[T]],
) -> Report[T]:
    """Report every market of every period, in the words of `word`."""
    spans = spans_of(asked, asked.period, latest_date(utc_now()))
    question = question_of(principal, asked, spans, by=asked.by, within=asked.within)
    question = question._replace(valued=word is word_prices)

    async def read(part: Question) -> Rows[T]:
        return word(part.spans, await queries.read_cells(conn, part))

    at_once = _SPANS_AT_ONCE if question.of_stores else len(spans)
    return await page_of_spans(conn, question, page, at_once, read)


def word_shares(spans: Sequence[Span], cells: Cells) -> Rows[ShareRow]:
    """Give each group's share of its market, the largest first."""
    found = markets(cells)
    whose = np.repeat(np.arange(len(found)), [market.size for market in found])
    order = np.lexsort((-cells.net_minor, -cells.sticks, whose))
    totals = [(market.total(cells.sticks), market.total(cells.net_minor)) for market in found]

    def make(row: int) -> ShareRow:
        market, total, group = found[whose[row]], totals[whose[row]], int(order[row])
        return ShareRow.build(
            **_head(spans, market, group),
            rank=row - market.begin + 1,
            sales=int(cells.sales[group]),
            left_out_lines=int(cells.left_out[group]),
            volume=RatioView.of(ratio(int(cells.sticks[group]), total[0])),
            value=RatioView.of(ratio(int(cells.net_minor[group]), total[1])),
        )

    return Rows(cells.size, make)


def _head(spans: Sequence[Span], market: Sums, group: int) -> dict[str, Any]:
    return {
        "start": spans[market.span].start,
        "end": spans[market.span].end,
        "within": named(market.within),
        "key": named(market.key(group)),
        "currency": market.currency,
    }


def word_prices(spans: Sequence[Span], cells: Cells) -> Rows[PriceRow]:
    """Give 条均价, 单箱销售额 and 顺价指数 of each group."""
    found = markets(cells)
    whose = np.repeat(np.arange(len(found)), [market.size for market in found])
    return Rows(cells.size, lambda row: _price(_head(spans, found[whose[row]], row), cells, row))


def _price(head: dict[str, Any], cells: Cells, row: int) -> PriceRow:
    sticks, net_minor = int(cells.sticks[row]), int(cells.net_minor[row])
    cartons, wholesale_minor, priced_minor = (each[row].item() for each in cells.valued or ())
    known = not isnan(wholesale_minor)
    index = ratio(priced_minor if known else None, wholesale_minor if known else None, "no-wholesale-price")
    return PriceRow.build(
        **head,
        per_carton=RatioView.of(ratio(net_minor, cartons)),
        per_case=RatioView.of(ratio(net_minor, sticks / STICKS_PER_CASE)),
        retail_to_wholesale=RatioView.of(index),
        priced=RatioView.of(ratio(priced_minor, net_minor)),
    )


def word_concentration(spans: Sequence[Span], cells: Cells) -> Rows[ConcentrationRow]:
    """Give CR4 and HHI of each market."""
    return Rows.of([(spans[each.span], each) for each in markets(cells)], _concentration)


def _concentration(span: Span, market: Sums) -> ConcentrationRow:
    return ConcentrationRow.build(
        start=span.start,
        end=span.end,
        within=named(market.within),
        currency=market.currency,
        volume=ConcentrationView.of(concentrate(market.of(market.cells.sticks).tolist())),
        value=ConcentrationView.of(concentrate(market.of(market.cells.net_minor).tolist())),
    )
