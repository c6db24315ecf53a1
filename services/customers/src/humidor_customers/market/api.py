"""The market, over HTTP: every report is a list, so each of them is a file as well."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from humidor_common.clock import latest_date, utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.inputs import Day
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit
from humidor_customers.inputs import Admin, Reader
from humidor_customers.jobs.schemas import JobView
from humidor_customers.market import comparing, queries, rebuilding, service, spreading, stocking
from humidor_customers.market.asking import Active, Compared, Cut, Shifting, Spread, Stocked
from humidor_customers.market.paging import Report, page_of
from humidor_customers.market.schemas import (
    ActivityRow,
    CompoundRow,
    ConcentrationRow,
    Coverage,
    DistributionRow,
    GrowthRow,
    PriceRow,
    ShareRow,
    ShiftRow,
    StockRow,
)

router = APIRouter(prefix="/v1/market", tags=["market"])


def _today() -> date:
    return latest_date(utc_now())


@router.get("/shares")
async def list_shares(
    conn: Read,
    principal: Reader,
    asked: Annotated[Cut, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Report[ShareRow]:
    """Read market shares by volume and by value, the largest first in each market and period."""
    return await service.report(conn, principal, asked, (cursor, limit), service.word_shares)


@router.get("/prices")
async def list_prices(
    conn: Read,
    principal: Reader,
    asked: Annotated[Cut, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Report[PriceRow]:
    """Read 条均价, 单箱销售额 and 顺价指数."""
    return await service.report(conn, principal, asked, (cursor, limit), service.word_prices)


@router.get("/concentration")
async def list_concentration(
    conn: Read,
    principal: Reader,
    asked: Annotated[Cut, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Report[ConcentrationRow]:
    """Read CR4 and HHI of each market and period."""
    return await service.report(conn, principal, asked, (cursor, limit), service.word_concentration)


@router.get("/growth")
async def list_growth(
    conn: Read,
    principal: Reader,
    asked: Annotated[Compared, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Report[GrowthRow]:
    """Read growth and what each group contributes to it, against the period, year or lunar year before."""
    rows = await comparing.report_growth(conn, principal, asked, today=_today())
    return await page_of(conn, asked, (cursor, limit), rows)


@router.get("/compound-growth")
async def list_compound_growth(
    conn: Read,
    principal: Reader,
    asked: Annotated[Cut, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Report[CompoundRow]:
    """Read yearly growth (CAGR) from the first twelve months to the last."""
    rows = await comparing.report_compound(conn, principal, asked, today=_today())
    return await page_of(conn, asked, (cursor, limit), rows)


@router.get("/share-shifts")
async def list_share_shifts(
    conn: Read,
    principal: Reader,
    asked: Annotated[Shifting, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Report[ShiftRow]:
    """Read what moved shares: within segments, by their weight, and by segments that came or went."""
    rows = await comparing.report_shifts(conn, principal, asked, today=_today())
    return await page_of(conn, asked, (cursor, limit), rows)


@router.get("/distribution")
async def list_distribution(
    conn: Read,
    principal: Reader,
    asked: Annotated[Spread, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Report[DistributionRow]:
    """Read 铺市率, numeric and weighted, with intervals."""
    return await spreading.report_distribution(conn, principal, asked, (cursor, limit), today=_today())


@router.get("/activity")
async def list_activity(
    conn: Read,
    principal: Reader,
    asked: Annotated[Active, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Report[ActivityRow]:
    """Read both figures that are called 动销率."""
    rows = await spreading.report_activity(conn, principal, asked, today=_today())
    return await page_of(conn, asked, (cursor, limit), rows)


@router.get("/stock-to-sales")
async def list_stock_to_sales(
    conn: Read,
    principal: Reader,
    asked: Annotated[Stocked, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Report[StockRow]:
    """Read 存销比 by quantity: stock at the end of months, quarters or years ÷ what was sold in them."""
    return await stocking.report_stock(conn, principal, asked, (cursor, limit), today=_today())


@router.get("/coverage")
async def get_coverage(conn: Read, principal: Reader, since: Annotated[Day, Query()], until: Day) -> Coverage:
    """Read what the sums hold, what waits to be summed up, and what of it has no brand, maker or class."""
    principal.check_every_store()
    return Coverage(**await queries.read_coverage(conn, since, until))


@router.post(":rebuild", status_code=202)
async def post_rebuild(conn: Tx, principal: Admin) -> JobView:
    """Have a job drop every sum and make it anew of what was bought; until it is done reports show less."""
    return await rebuilding.start_rebuild(conn, principal)
