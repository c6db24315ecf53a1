"""Forecasts and models over HTTP."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from humidor_common.db.transaction import Read
from humidor_common.web.inputs import StoreId, visible_stores
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_common.web.problems import not_found
from humidor_forecasting.forecasts import queries, service
from humidor_forecasting.forecasts.schemas import ForecastSummary, ForecastView, ModelView, ReproductionView
from humidor_forecasting.inputs import Database, Gtin, Reader
from humidor_forecasting.models.names import OWN, plug_ins

router = APIRouter(prefix="/v1", tags=["forecasts"])


@router.get("/models")
async def list_models(_: Reader) -> list[ModelView]:
    """Read which models there are and what each is good for."""
    own = [ModelView(name=name, own=True, **about._asdict()) for name, about in OWN.items()]
    return own + [
        ModelView(name=name, title=name, good_for="see its package", source="a package of yours", own=False)
        for name in sorted(plug_ins())
    ]


@router.get("/forecasts")
async def list_forecasts(
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ForecastSummary]:
    """Read the newest forecast of each store and product, without figures."""
    stores = visible_stores(principal, store_id)
    after = decode_cursor(cursor, str, str) if cursor else ("", "")
    found = await queries.page(
        conn, store_id=store_id, stores=stores, after=(after[0], after[1]), limit=limit + 1
    )
    more = len(found) > limit
    last = found[limit - 1] if more else None
    return Page(items=found[:limit], next_cursor=encode_cursor(last.store_id, last.gtin) if last else None)


@router.get("/forecasts/{store_id}/{gtin}", response_model=ForecastView)
async def get_forecast(conn: Read, principal: Reader, store_id: StoreId, gtin: Gtin) -> Response:
    """Read the newest forecast of a store and product, with its reasons and what its model scored."""
    principal.check_store(store_id)
    found = await queries.newest(conn, store_id, gtin)
    if found is None:
        raise not_found("forecast", f"{store_id}/{gtin}")
    return _answer(found)


@router.get("/issued-forecasts/{forecast_id}", response_model=ForecastView)
async def get_issued(conn: Read, principal: Reader, forecast_id: UUID) -> Response:
    """Read a forecast that was issued, also when there is a newer one."""
    found = await queries.by_id(conn, forecast_id)
    if found is None:
        raise not_found("forecast", forecast_id)
    principal.check_store(found["store_id"])
    return _answer(found)


@router.post("/issued-forecasts/{forecast_id}:reproduce")
async def post_reproduction(pool: Database, principal: Reader, forecast_id: UUID) -> ReproductionView:
    """Make a forecast again from the data that its model was given, and say whether it is the same."""
    return await service.reproduce(pool, principal, forecast_id)


def _answer(document: queries.Document) -> Response:
    return Response(msgspec.json.encode(document), media_type="application/json")
