"""Demand over HTTP."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from humidor_common.db.transaction import Read
from humidor_common.web.inputs import Day, StoreId, visible_stores
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_forecasting.demand import queries, service
from humidor_forecasting.demand.levels import ProductLevel, StoreLevel, Today
from humidor_forecasting.demand.queries import Wanted
from humidor_forecasting.demand.schemas import Channel, DemandView, Grain, SeriesView
from humidor_forecasting.inputs import Reader

router = APIRouter(prefix="/v1", tags=["demand"])


@router.get("/series")
async def list_series(
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[SeriesView]:
    """Read which products of which stores have had demand, and since when."""
    stores = visible_stores(principal, store_id)
    after = decode_cursor(cursor, str, str) if cursor else ("", "")
    found = await queries.page_series(
        conn, store_id=store_id, stores=stores, after=(after[0], after[1]), limit=limit + 1
    )
    more, last = len(found) > limit, found[min(limit, len(found)) - 1] if found else None
    return Page(
        items=found[:limit], next_cursor=encode_cursor(last.store_id, last.gtin) if more and last else None
    )


@router.get("/demand")
async def get_demand(  # noqa: PLR0913, PLR0917 - one argument a parameter of the query
    conn: Read,
    stores: StoreLevel,
    products: ProductLevel,
    today: Today,
    first_day: Annotated[Day | None, Query()] = None,
    last_day: Annotated[Day | None, Query()] = None,
    grain: Grain = "day",
    channel: Channel = "both",
) -> DemandView:
    """Read demand of a store, an area or all of them, for a product, a brand, a price class or all of them.

    Without days, of the last 91. `trade` is what trade customers requested, `retail` what tills sold.
    """
    last = last_day or today
    first = first_day or last - timedelta(days=90)
    return await service.read_demand(conn, Wanted(*stores, *products, first, last, channel, grain))
