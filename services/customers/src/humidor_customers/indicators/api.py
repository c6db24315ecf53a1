"""Indicators of supply over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from humidor_common.db.transaction import Read
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_customers.allocation.running import get_run
from humidor_customers.allocation.schemas import RunView
from humidor_customers.indicators import queries
from humidor_customers.indicators.rules import indicators_of
from humidor_customers.indicators.schemas import By, IndicatorView, RatioView
from humidor_customers.inputs import Reader

router = APIRouter(prefix="/v1/allocation-runs", tags=["allocation"])


@router.get("/{run_id}")
async def read_run(conn: Read, principal: Reader, run_id: UUID) -> RunView:
    """Read what a simulation or sharing started from."""
    principal.check_every_store()
    return await get_run(conn, run_id)


@router.get("/{run_id}/indicators")
async def list_indicators(
    conn: Read,
    principal: Reader,
    run_id: UUID,
    by: Annotated[By, Query()] = "product",
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[IndicatorView]:
    """Read 订足面, 订足率, 订单满足率 and 订购率 of a run, with numerators and denominators."""
    principal.check_every_store()
    await get_run(conn, run_id)
    gtin, tier, segment = decode_cursor(cursor, str, int, str) if cursor else ("", -2, "")
    after = (gtin, max(-2, min(tier, 2**31 - 1)), segment)
    rows = await queries.page(conn, run_id, by, after=after, limit=limit + 1)
    more = len(rows) > limit
    last = rows[limit - 1] if more else None
    end = (last["gtin"], last["tier"], last["price_segment"] or "" if by == "segment" else "") if last else ()
    return Page(items=[_view(row) for row in rows[:limit]], next_cursor=encode_cursor(*end) if last else None)


def _view(row: Any) -> IndicatorView:
    sums = {name: row[name] for name in queries.SUMS}
    ratios = {
        name: RatioView(numerator=each.numerator, denominator=each.denominator, value=each.value)
        for name, each in indicators_of(sums).items()
    }
    return IndicatorView(
        gtin=row["gtin"] or None,
        tier=None if row["tier"] < 0 else row["tier"],
        price_segment=row["price_segment"] or None,
        **ratios,
        **{name: sums[name] for name in ("requested_sticks", "ordered_sticks", "supplied_sticks")},
    )
