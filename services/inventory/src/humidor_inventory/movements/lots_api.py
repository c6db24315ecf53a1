"""Write-offs, lots that are split or merged, and the trace of a lot over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_inventory.inputs import Gtin, LotCode, Reader, StoreId, Writer, visible_stores
from humidor_inventory.movements.lot_schemas import (
    LotChangeView,
    MergeInput,
    SplitInput,
    TraceEntry,
    WriteOffInput,
    WriteOffView,
)
from humidor_inventory.movements.lots import merge_lots, split_lot
from humidor_inventory.movements.trace import START, trace_lot
from humidor_inventory.movements.write_offs import list_write_offs, write_off

router = APIRouter(prefix="/v1", tags=["movements"])


@router.post("/write-offs", status_code=201, response_model=WriteOffView)
async def post_write_off(
    conn: Tx, principal: Writer, given: WriteOffInput, idempotency: Idempotency
) -> Response:
    """Take goods that are gone for good out of the books, with a reason and the evidence."""
    principal.check_store(given.store_id)
    return await idempotency.run(conn, lambda: write_off(conn, principal, given, now=utc_now()))


@router.get("/write-offs")
async def get_write_offs(
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    gtin: Annotated[Gtin | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[WriteOffView]:
    after = decode_cursor(cursor, UUID)[0] if cursor else None
    visible = visible_stores(principal, store_id)
    found = await list_write_offs(conn, visible, gtin, after=after, limit=limit + 1)
    items = found[:limit]
    more = len(found) > limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].write_off_id) if more else None)


@router.post("/lots:split", status_code=201, response_model=LotChangeView)
async def post_split(conn: Tx, principal: Writer, given: SplitInput, idempotency: Idempotency) -> Response:
    """Make a part of a lot a lot of its own, with the same dates.

    Breaking a carton needs no booking: stock is kept in sticks, and every unit is a view of them.
    """
    principal.check_store(given.store_id)
    return await idempotency.run(conn, lambda: split_lot(conn, principal, given, now=utc_now()))


@router.post("/lots:merge", status_code=201, response_model=LotChangeView)
async def post_merge(conn: Tx, principal: Writer, given: MergeInput, idempotency: Idempotency) -> Response:
    """Make one lot of several; it takes the earliest dates of them all."""
    principal.check_store(given.store_id)
    return await idempotency.run(conn, lambda: merge_lots(conn, principal, given, now=utc_now()))


@router.get("/lots/{gtin}/{lot:path}/trace")
async def get_trace(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Read,
    principal: Reader,
    gtin: Gtin,
    lot: LotCode,
    store_id: Annotated[StoreId | None, Query()] = None,
    follow: Annotated[bool, Query(description="Also the lots that it came from and went into.")] = True,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[TraceEntry]:
    """Follow a lot through every store, the oldest step first: where it came from and to whom it was sold."""
    after = decode_cursor(cursor, datetime, int) if cursor else START
    visible = visible_stores(principal, store_id)
    found = await trace_lot(
        conn, gtin, lot, visible, follow=follow, after=(after[0], after[1]), limit=limit + 1
    )
    items = found[:limit]
    more = len(found) > limit
    return Page(
        items=items, next_cursor=encode_cursor(items[-1].recorded_at, items[-1].entry_id) if more else None
    )
