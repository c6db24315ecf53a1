"""Returns, for operators."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime

from humidor_common.auth import Principal
from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read
from humidor_common.web.authorization import require
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_pos.facts.listing import RETURNS, get_fact, list_facts
from humidor_pos.returns.schemas import ReturnView
from humidor_pos.sales.lookup import DEFAULT_SPAN, one_place, stores_of
from humidor_pos.sales.queries import find_places
from humidor_pos.terminals.schemas import StoreId

router = APIRouter(prefix="/v1/returns", tags=["returns"])

Reader = Annotated[Principal, Depends(require("pos:read"))]


@router.get("")
async def list_returns(  # noqa: PLR0913 - one parameter a filter
    *,
    conn: Read,
    reader: Reader,
    store_id: Annotated[StoreId, Query()],
    since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to", description="Exclusive.")] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ReturnView]:
    """Returns in one store, newest first."""
    reader.check_store(store_id)
    after = decode_cursor(cursor, datetime, UUID) if cursor else None
    span = (since or utc_now() - DEFAULT_SPAN, until)
    rows = await list_facts(conn, RETURNS, store_id, span, after, limit + 1)
    items = [ReturnView(**row) for row in rows[:limit]]
    last = items[-1] if len(rows) > limit else None
    return Page(items=items, next_cursor=encode_cursor(last.returned_at, last.return_id) if last else None)


@router.get("/{return_id}")
async def get_return(
    conn: Read, reader: Reader, return_id: UUID, store_id: Annotated[StoreId | None, Query()] = None
) -> ReturnView:
    places = await find_places(conn, return_id, "return", stores_of(reader, store_id))
    store, moment = one_place(places, "return", return_id)
    return ReturnView(**await get_fact(conn, RETURNS, store, moment, return_id))
