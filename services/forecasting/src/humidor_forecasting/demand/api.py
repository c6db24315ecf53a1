"""Demand over HTTP."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read
from humidor_common.web.inputs import Day, Name, StoreId, visible_stores
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_common.web.problems import invalid
from humidor_forecasting.demand import queries, service
from humidor_forecasting.demand.queries import Wanted
from humidor_forecasting.demand.schemas import Channel, DemandView, Grain, SeriesView
from humidor_forecasting.inputs import Gtin, Reader

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


async def _of_stores(
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    area: Annotated[Name | None, Query()] = None,
) -> tuple[str, str | None]:
    """Read the level of stores that is asked for; without any, the total."""
    if store_id is not None and area is not None:
        raise invalid("area", "give a store or an area")
    if store_id is not None:
        principal.check_store(store_id)
        return "store", store_id
    principal.check_every_store()
    return ("area", area) if area is not None else ("total", None)


async def _of_products(
    gtin: Annotated[Gtin | None, Query()] = None,
    brand: Annotated[Name | None, Query()] = None,
    price_class: Annotated[Name | None, Query()] = None,
) -> tuple[str, str | None]:
    given = [("product", gtin), ("brand", brand), ("class", price_class)]
    asked = [each for each in given if each[1] is not None]
    if len(asked) > 1:
        raise invalid("gtin", "give one of gtin, brand and price_class")
    return asked[0] if asked else ("all", None)


@router.get("/demand")
async def get_demand(  # noqa: PLR0913, PLR0917 - one argument a parameter of the query
    conn: Read,
    stores: Annotated[tuple[str, str | None], Depends(_of_stores)],
    products: Annotated[tuple[str, str | None], Depends(_of_products)],
    first_day: Annotated[Day | None, Query()] = None,
    last_day: Annotated[Day | None, Query()] = None,
    grain: Grain = "day",
    channel: Channel = "both",
) -> DemandView:
    """Read demand of a store, an area or all of them, for a product, a brand, a price class or all of them.

    Without days, of the last 91. `trade` is what trade customers requested, `retail` what tills sold.
    """
    last = last_day or utc_now().date()
    first = first_day or last - timedelta(days=90)
    return await service.read_demand(conn, Wanted(*stores, *products, first, last, channel, grain))
