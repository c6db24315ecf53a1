"""Reports over stores: how far products are spread, and how much of what is carried is sold."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import partial
from typing import Any

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.pagination import Page
from humidor_common.web.problems import invalid
from humidor_customers.market import queries
from humidor_customers.market.asking import Active, Spread, Stocked
from humidor_customers.market.questions import Question
from humidor_customers.market.rules.estimates import Moments, of_proportion, of_ratio
from humidor_customers.market.rules.figures import ratio
from humidor_customers.market.rules.periods import Span, base_of, ends_month
from humidor_customers.market.schemas import (
    ActivityRow,
    DistributionRow,
    EstimateView,
    RatioView,
    StockRow,
)
from humidor_customers.market.service import Made, named, page_of_spans, question_of, spans_of

_STORE_SPANS_AT_ONCE = 1000
_CLOSINGS_AT_ONCE = 3


async def report_distribution(
    conn: Connection, principal: Principal, asked: Spread, page: tuple[str | None, int], *, today: date
) -> Page[DistributionRow]:
    """Report numeric and weighted distribution of each group, with intervals where stores are a sample.

    Stores have to be told apart in every period, so a page covers few periods where stores are many: it may
    be shorter than what was asked for.

    Raises:
        Problem: 422 where there are more stores than outlets.
    """
    spans = spans_of(asked, asked.period, today)
    question = question_of(principal, asked, spans, by=asked.by, within=asked.within)
    stores = len(question.stores) if question.stores is not None else await queries.count_stores(conn)
    at_once = max(_STORE_SPANS_AT_ONCE // max(stores, 1), 1)

    async def read(part: Question) -> list[Made[DistributionRow]]:
        return await _spread(conn, part, asked)

    return await page_of_spans(question, page, at_once, read)


async def _spread(conn: Connection, question: Question, asked: Spread) -> list[Made[DistributionRow]]:
    spans = question.spans
    rows = await queries.read_stores(conn, question)
    wholes = {(row["span"], row["within"], row["currency"]): row for row in rows if row["whole"]}
    if asked.outlets and any(row["stores"] > asked.outlets for row in wholes.values()):
        raise invalid("outlets", "is less than the stores whose sales are known")
    return [
        partial(
            _distribution, spans[row["span"]], row, wholes[row["span"], row["within"], row["currency"]], asked
        )
        for row in rows
        if not row["whole"]
    ]


def _distribution(
    span: Span, row: Mapping[str, Any], whole: Mapping[str, Any], asked: Spread
) -> DistributionRow:
    return DistributionRow.model_construct(
        start=span.start,
        end=span.end,
        within=named(row["within"]),
        key=named(row["key"]),
        currency=row["currency"],
        **_figures(row, whole, asked),
    )


def _figures(row: Mapping[str, Any], whole: Mapping[str, Any], asked: Spread) -> dict[str, Any]:
    stores, level = whole["stores"], asked.level_of_confidence
    moments = Moments(stores, row["y"], whole["y"], row["yy"], row["xy"], whole["yy"])
    return {
        "numeric": EstimateView.within(
            ratio(row["stores"], stores), of_proportion(row["stores"], stores, asked.outlets, level)
        ),
        "weighted_volume": RatioView.of(ratio(row["x_sold"], whole["x_sold"])),
        "weighted_value": RatioView.of(ratio(row["v_sold"], whole["v_sold"])),
        "share": EstimateView.within(ratio(row["y"], whole["y"]), of_ratio(moments, asked.outlets, level)),
    }


async def report_activity(
    conn: Connection, principal: Principal, asked: Active, *, today: date
) -> list[Callable[[], ActivityRow]]:
    """Report products sold of those carried, and what outlets took on average against the days before."""
    (span,) = spans_of(asked, "none", today)
    since = (span.start - timedelta(days=asked.carried_days)).replace(day=1)
    carried_since = Span(max(since, date(1990, 1, 1)), span.end)
    base = base_of(span, "previous")
    former = base[0] if base else span
    pairs = question_of(principal, asked, [span, carried_since], by=asked.by, within=asked.within)
    carried = await queries.read_carried(conn, pairs)
    pulls: dict[tuple[str, str], list[list[float]]] = {}
    for row in await queries.read_stores(conn, pairs._replace(spans=[span, former])):
        if not row["whole"]:
            pull = pulls.setdefault((row["within"], row["key"]), [[0.0, 0], [0.0, 0]])[row["span"]]
            pull[0] += row["y"]
            pull[1] += row["stores"]
    return [partial(_activity, span, row, pulls.get((row["within"], row["key"]))) for row in carried]


def _activity(span: Span, row: Mapping[str, Any], pulls: list[list[float]] | None) -> ActivityRow:
    return ActivityRow.model_construct(
        start=span.start,
        end=span.end,
        within=named(row["within"]),
        key=named(row["key"]),
        active_sku_rate=RatioView.of(ratio(row["active"], row["carried"], "nothing-carried")),
        active_products=row["active_products"],
        carried_products=row["carried_products"],
        brand_pull_rate=_pull(pulls),
    )


async def report_stock(
    conn: Connection, principal: Principal, asked: Stocked, page: tuple[str | None, int], *, today: date
) -> Page[StockRow]:
    """Report stock at the end of each period against what was sold in it.

    Raises:
        Problem: 422 where the days are not whole months.
    """
    spans = spans_of(asked, asked.period, today)
    for field, bad in (("since", spans[0].start.day != 1), ("until", not ends_month(spans[-1].end))):
        if bad:
            raise invalid(field, "stock is known at the end of months: ask for whole ones")
    question = question_of(principal, asked, spans, by=asked.by, within=asked.within)

    async def read(part: Question) -> list[Made[StockRow]]:
        rows = await queries.read_stocked(conn, part)
        return [partial(_stock, part.spans[row["span"]], row) for row in rows]

    return await page_of_spans(question, page, _CLOSINGS_AT_ONCE, read)


def _stock(span: Span, row: Mapping[str, Any]) -> StockRow:
    stock = (row["stock"] or 0) if row["known"] else None
    missing = "no-sales" if row["known"] else "stock-unknown"
    found = ratio(stock, row["covered"] if row["known"] else None, missing)
    return StockRow.model_construct(
        start=span.start,
        end=span.end,
        within=named(row["within"]),
        key=named(row["key"]),
        stock_to_sales=RatioView.of(
            found._replace(reason="negative-stock") if stock is not None and stock < 0 else found
        ),
        days_of_stock=None if found.value is None or found.value < 0 else found.value * span.days,
        covered=RatioView.of(ratio(row["covered"], row["sticks"])),
    )


def _pull(sums: list[list[float]] | None) -> RatioView:
    """Divide averages of outlets that sold it; without any in one of both there is none."""
    averages = [sticks / outlets if outlets else None for sticks, outlets in sums or [[0, 0], [0, 0]]]
    return RatioView.of(ratio(averages[0], averages[1], "no-sales-before" if averages[0] else "no-sales"))
