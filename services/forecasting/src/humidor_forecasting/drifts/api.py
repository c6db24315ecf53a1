"""Drifting forecasts over HTTP."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from humidor_common.db.transaction import Read
from humidor_common.web.inputs import StoreId, visible_stores
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_forecasting.drifts import queries
from humidor_forecasting.drifts.schemas import DriftView
from humidor_forecasting.inputs import NEWEST, Reader

router = APIRouter(prefix="/v1/drifts", tags=["drifts"])


@router.get("")
async def list_drifts(
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    state: Annotated[Literal["open", "closed"] | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[DriftView]:
    """Read episodes in which forecasts were further off than their backtests led to expect, newest first."""
    found = await queries.page(
        conn,
        stores=visible_stores(principal, store_id),
        is_open=None if state is None else state == "open",
        before=decode_cursor(cursor, UUID)[0] if cursor else NEWEST,
        limit=limit + 1,
    )
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].drift_id) if more else None)
