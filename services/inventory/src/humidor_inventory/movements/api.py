"""Movements over HTTP: transfers here, the rest in the modules beside."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_inventory.inputs import Gtin, Reader, Reason, StoreId, Writer, visible_stores
from humidor_inventory.movements import lots_api
from humidor_inventory.movements import transfer_queries as queries
from humidor_inventory.movements.arrivals import receive_transfer
from humidor_inventory.movements.transfer_schemas import (
    ArrivalInput,
    InTransitView,
    TransferInput,
    TransferState,
    TransferView,
)
from humidor_inventory.movements.transfers import (
    cancel_transfer,
    check_visible,
    create_transfer,
    dispatch_transfer,
)
from humidor_inventory.units.rules import Unit

router = APIRouter()
transfers = APIRouter(prefix="/v1", tags=["movements"])


@transfers.post("/transfers", status_code=201, response_model=TransferView)
async def post_transfer(
    conn: Tx, principal: Writer, transfer: TransferInput, idempotency: Idempotency
) -> Response:
    """Plan goods to go from one store or warehouse to another, and send them at once on `dispatch`."""
    principal.check_store(transfer.from_store_id)
    return await idempotency.run(conn, lambda: create_transfer(conn, principal, transfer, now=utc_now()))


@transfers.post("/transfers/{transfer_id}:dispatch", response_model=TransferView)
async def post_dispatch(conn: Tx, principal: Writer, transfer_id: UUID, idempotency: Idempotency) -> Response:
    """Send it: the oldest sound lots or those that are named leave, all lines or none."""
    return await idempotency.run(
        conn, lambda: dispatch_transfer(conn, principal, transfer_id, now=utc_now()), status=200
    )


@transfers.post("/transfers/{transfer_id}:receive", response_model=TransferView)
async def post_arrival(
    conn: Tx, principal: Writer, transfer_id: UUID, arrival: ArrivalInput, idempotency: Idempotency
) -> Response:
    """Book what came, in whole or in part, and what was lost on the way."""
    return await idempotency.run(
        conn, lambda: receive_transfer(conn, principal, transfer_id, arrival, now=utc_now()), status=200
    )


@transfers.post("/transfers/{transfer_id}:cancel")
async def post_cancel(conn: Tx, principal: Writer, transfer_id: UUID, decision: Reason) -> TransferView:
    """Call it off before it has left."""
    return await cancel_transfer(conn, principal, transfer_id, decision.reason, now=utc_now())


@transfers.get("/transfers/{transfer_id}")
async def get_transfer(conn: Read, principal: Reader, transfer_id: UUID) -> TransferView:
    view = await queries.load_transfer(conn, transfer_id)
    check_visible(principal, view)
    return view


@transfers.get("/transfers")
async def list_transfers(
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    state: Annotated[TransferState | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[TransferView]:
    """Read what leaves from or comes to a store."""
    after = decode_cursor(cursor, UUID)[0] if cursor else None
    visible = visible_stores(principal, store_id)
    found = await queries.list_transfers(conn, visible, state, after=after, limit=limit + 1)
    more = len(found) > limit
    items = found[:limit]
    return Page(items=items, next_cursor=encode_cursor(items[-1].transfer_id) if more else None)


@transfers.get("/in-transit")
async def list_in_transit(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Read,
    principal: Reader,
    from_store_id: Annotated[StoreId | None, Query()] = None,
    to_store_id: Annotated[StoreId | None, Query()] = None,
    gtin: Annotated[Gtin | None, Query()] = None,
    unit: Annotated[Unit, Query()] = "pack",
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[InTransitView]:
    """Read what is on the way between each two stores."""
    after = decode_cursor(cursor, str, str, str) if cursor else ("", "", "")
    found = await queries.list_in_transit(
        conn,
        queries.Route(from_store_id, to_store_id, gtin),
        visible_stores(principal, None),
        unit=unit,
        after=(after[0], after[1], after[2]),
        limit=limit + 1,
    )
    items = found[:limit]
    if len(found) <= limit:
        return Page(items=items)
    last = items[-1]
    return Page(items=items, next_cursor=encode_cursor(last.from_store_id, last.to_store_id, last.gtin))


for each in (transfers, lots_api.router):
    router.include_router(each)
