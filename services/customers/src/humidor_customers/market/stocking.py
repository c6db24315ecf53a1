"""Reports stock against sales."""

from datetime import date

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.problems import invalid
from humidor_customers.market import stocks
from humidor_customers.market.asking import Stocked
from humidor_customers.market.paging import Report, Rows, page_of_spans
from humidor_customers.market.questions import Question
from humidor_customers.market.rules.figures import ratio
from humidor_customers.market.rules.periods import Span, ends_month
from humidor_customers.market.schemas import RatioView, StockRow
from humidor_customers.market.service import named, question_of, spans_of
from humidor_customers.market.stocks import Stock

_CLOSINGS_AT_ONCE = 3


async def report_stock(
    conn: Connection, principal: Principal, asked: Stocked, page: tuple[str | None, int], *, today: date
) -> Report[StockRow]:
    """Report stock at the end of each period against what was sold in it.

    Raises:
        Problem: 422 where the days are not whole months.
    """
    spans = spans_of(asked, asked.period, today)
    for field, bad in (("since", spans[0].start.day != 1), ("until", not ends_month(spans[-1].end))):
        if bad:
            raise invalid(field, "stock is known at the end of months: ask for whole ones")
    question = question_of(principal, asked, spans, by=asked.by, within=asked.within)

    async def read(part: Question) -> Rows[StockRow]:
        rows = await stocks.read_stocks(conn, part)
        return Rows.of([(part.spans[row.whose[0]], row) for row in rows], _stock)

    return await page_of_spans(conn, question, page, _CLOSINGS_AT_ONCE, read)


def _stock(span: Span, row: Stock) -> StockRow:
    stock = row.stock if row.known else None
    missing = "no-sales" if row.known else "stock-unknown"
    found = ratio(stock, row.covered if row.known else None, missing)
    return StockRow.build(
        start=span.start,
        end=span.end,
        within=named(row.whose[1]),
        key=named(row.whose[2]),
        stock_to_sales=RatioView.of(
            found._replace(reason="negative-stock") if stock is not None and stock < 0 else found
        ),
        days_of_stock=None if found.value is None or found.value < 0 else found.value * span.days,
        covered=RatioView.of(ratio(row.covered, row.sticks)),
    )
