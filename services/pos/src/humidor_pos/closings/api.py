"""Day closings: posted by terminals, read by them and by operators."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from starlette.types import ASGIApp

from humidor_common.auth import Principal
from humidor_common.db.transaction import Read, transaction
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_pos.closings import service
from humidor_pos.closings.schemas import ClosingView
from humidor_pos.closings.wire import EXAMPLE, DayClosing
from humidor_pos.facts.http import (
    RawAnswer,
    authenticate,
    check_content_type,
    check_store,
    raw_route,
    read_body,
)
from humidor_pos.facts.reading import decode, unreadable
from humidor_pos.facts.rules import Unreadable
from humidor_pos.recording.service import intake
from humidor_pos.terminals.dependencies import terminal_or
from humidor_pos.terminals.directory import Terminals
from humidor_pos.terminals.schemas import StoreId

router = APIRouter(tags=["day closings"])

Caller = Annotated[Principal, Depends(terminal_or("pos:read"))]

_decoder = msgspec.json.Decoder(DayClosing)


async def post_closing(request: Request) -> ASGIApp:
    runtime, terminal = await authenticate(request)
    check_content_type(request)
    closing = decode(_decoder, await read_body(request))
    check_store(terminal, closing.store_id)
    around = await intake(runtime, terminal)
    try:
        async with transaction(runtime.pool) as conn:
            new, view = await service.close_day(conn, around, closing)
    except Unreadable as error:
        raise unreadable(error) from None
    if new:
        runtime.get(Terminals).expire()
        runtime.wake_relay()
    return RawAnswer(201 if new else 200, ClosingView(**view).model_dump_json().encode())


router.routes.append(
    raw_route(
        "/v1/day-closings",
        post_closing,
        document=DayClosing,
        example=EXAMPLE,
        answers={200: {"model": ClosingView}, 201: {"model": ClosingView}},
    )
)


@router.get("/v1/day-closings")
async def list_closings(  # noqa: PLR0913 - one parameter a filter
    *,
    conn: Read,
    caller: Caller,
    store_id: Annotated[StoreId, Query()],
    date_from: Annotated[date | None, Query(alias="from")] = None,
    date_to: Annotated[date | None, Query(alias="to")] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ClosingView]:
    caller.check_store(store_id)
    after = decode_cursor(cursor, date, UUID) if cursor else None
    rows = await service.list_closings(conn, store_id, (date_from, date_to), after, limit + 1)
    items = [ClosingView(**row) for row in rows[:limit]]
    last = items[-1] if len(rows) > limit else None
    return Page(items=items, next_cursor=encode_cursor(last.business_date, last.closing_id) if last else None)


@router.get("/v1/day-closings/{closing_id}")
async def get_closing(
    conn: Read, caller: Caller, closing_id: UUID, store_id: Annotated[StoreId, Query()]
) -> ClosingView:
    caller.check_store(store_id)
    return ClosingView(**await service.get_closing(conn, store_id, closing_id))
