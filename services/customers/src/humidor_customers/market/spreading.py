"""Reports over stores: how far products are spread, and how much of what is carried is sold."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.problems import invalid
from humidor_customers.arrays import Ints
from humidor_customers.market import queries
from humidor_customers.market.asking import Active, Spread
from humidor_customers.market.cubes import Carried
from humidor_customers.market.cubes import Spread as Sums
from humidor_customers.market.paging import Report, Rows, page_of_spans
from humidor_customers.market.questions import Question
from humidor_customers.market.rules.estimates import Moments, of_proportion, of_ratio
from humidor_customers.market.rules.figures import ratio
from humidor_customers.market.rules.periods import Span, base_of
from humidor_customers.market.schemas import (
    ActivityRow,
    DistributionRow,
    EstimateView,
    RatioView,
)
from humidor_customers.market.service import named, question_of, spans_of

_STORE_SPANS_AT_ONCE = 1000
_OVER_STORES = ("stores", "y", "x_sold", "v_sold", "yy", "xy")


async def report_distribution(
    conn: Connection, principal: Principal, asked: Spread, page: tuple[str | None, int], *, today: date
) -> Report[DistributionRow]:
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

    async def read(part: Question) -> Rows[DistributionRow]:
        return await _spread(conn, part, asked)

    return await page_of_spans(conn, question, page, at_once, read)


async def _spread(conn: Connection, question: Question, asked: Spread) -> Rows[DistributionRow]:
    groups, wholes, labels = await queries.read_stores(conn, question)
    if asked.outlets and int(wholes.stores.max(initial=0)) > asked.outlets:
        raise invalid("outlets", "is less than the stores whose sales are known")
    whole_of = {
        (span, within, currency): n for n, (span, within, _, currency) in enumerate(_codes(wholes.parts))
    }
    rows = [
        (
            (question.spans[span], labels[0][within], labels[1][key], labels[2][currency]),
            (groups, row),
            (wholes, whole_of[span, within, currency]),
            asked,
        )
        for row, (span, within, key, currency) in enumerate(_codes(groups.parts))
    ]
    return Rows.of(rows, _distribution)


def _codes(parts: Sequence[Ints]) -> Iterator[tuple[int, ...]]:
    return zip(*(each.tolist() for each in parts), strict=True)


def _distribution(
    whose: tuple[Span, str, str, str], row: tuple[Sums, int], whole: tuple[Sums, int], asked: Spread
) -> DistributionRow:
    span, within, key, currency = whose
    return DistributionRow.build(
        start=span.start,
        end=span.end,
        within=named(within),
        key=named(key),
        currency=currency,
        **_figures(_row(*row), _row(*whole), asked),
    )


def _row(sums: Sums, row: int) -> dict[str, float]:
    return {name: getattr(sums, name)[row].item() for name in _OVER_STORES}


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
) -> Rows[ActivityRow]:
    """Report products sold of those carried, and what outlets took on average against the days before."""
    (span,) = spans_of(asked, "none", today)
    since = (span.start - timedelta(days=asked.carried_days)).replace(day=1)
    carried_since = Span(max(since, date(1990, 1, 1)), span.end)
    base = base_of(span, "previous")
    former = base[0] if base else span
    pairs = question_of(principal, asked, [span, carried_since], by=asked.by, within=asked.within)
    carried, labels = await queries.read_carried(conn, pairs)
    pulls = await _pulls(conn, pairs._replace(spans=[span, former]))
    whose = [(labels[0][within], labels[1][key]) for within, key in _codes(carried.parts)]
    rows = [(span, each, (carried, row), pulls.get(each)) for row, each in enumerate(whose)]
    return Rows.of(rows, _activity)


async def _pulls(conn: Connection, question: Question) -> dict[tuple[str, str], list[list[float]]]:
    """Read the sticks and outlets of each group, in both spans."""
    groups, _, labels = await queries.read_stores(conn, question)
    found: dict[tuple[str, str], list[list[float]]] = {}
    sums = zip(_codes(groups.parts), groups.y.tolist(), groups.stores.tolist(), strict=True)
    for (span, within, key, _), sticks, stores in sums:
        pull = found.setdefault((labels[0][within], labels[1][key]), [[0.0, 0], [0.0, 0]])[span]
        pull[0] += sticks
        pull[1] += stores
    return found


def _activity(
    span: Span, whose: tuple[str, str], of: tuple[Carried, int], pulls: list[list[float]] | None
) -> ActivityRow:
    carried, row = of
    return ActivityRow.build(
        start=span.start,
        end=span.end,
        within=named(whose[0]),
        key=named(whose[1]),
        active_sku_rate=RatioView.of(
            ratio(int(carried.active[row]), int(carried.carried[row]), "nothing-carried")
        ),
        active_products=int(carried.active_products[row]),
        carried_products=int(carried.carried_products[row]),
        brand_pull_rate=_pull(pulls),
    )


def _pull(sums: list[list[float]] | None) -> RatioView:
    """Divide averages of outlets that sold it; without any in one of both there is none."""
    averages = [sticks / outlets if outlets else None for sticks, outlets in sums or [[0, 0], [0, 0]]]
    return RatioView.of(ratio(averages[0], averages[1], "no-sales-before" if averages[0] else "no-sales"))
