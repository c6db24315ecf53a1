"""Exceptions, for the people who settle them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from humidor_common.auth import Principal
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.authorization import require
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_pos.exceptions import service
from humidor_pos.exceptions.schemas import ExceptionView, Resolution, State
from humidor_pos.terminals.schemas import StoreId

router = APIRouter(prefix="/v1/exceptions", tags=["exceptions"])

Reader = Annotated[Principal, Depends(require("pos:read"))]
Writer = Annotated[Principal, Depends(require("pos:write"))]


@router.get("")
async def list_exceptions(
    conn: Read,
    reader: Reader,
    store_id: Annotated[StoreId, Query()],
    state: State | None = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ExceptionView]:
    reader.check_store(store_id)
    after = decode_cursor(cursor, UUID)[0] if cursor else None
    found = await service.list_exceptions(conn, store_id, state, after, limit + 1)
    items = [ExceptionView(**row) for row in found[:limit]]
    more = len(found) > limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].exception_id) if more else None)


@router.post("/{exception_id}:resolve")
async def resolve_exception(
    conn: Tx, writer: Writer, exception_id: UUID, resolution: Resolution
) -> ExceptionView:
    return ExceptionView(**await service.resolve_exception(conn, writer, exception_id, resolution.note))
