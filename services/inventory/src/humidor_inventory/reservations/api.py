"""Reservations over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_common.web.problems import not_found
from humidor_inventory.inputs import Gtin, Reader, Reason, StoreId, Writer, visible_stores
from humidor_inventory.reservations import service as reservations
from humidor_inventory.reservations.schemas import (
    ReservationInput,
    ReservationState,
    ReservationView,
)

router = APIRouter(prefix="/v1/reservations", tags=["movements"])


@router.post("", status_code=201, response_model=ReservationView)
async def post_reservation(
    conn: Tx, principal: Writer, reservation: ReservationInput, idempotency: Idempotency
) -> Response:
    """Keep goods back for a time; never more than sound lots hold beyond what is kept back already."""
    principal.check_store(reservation.store_id)
    return await idempotency.run(
        conn, lambda: reservations.reserve(conn, principal, reservation, now=utc_now())
    )


@router.post("/{reservation_id}:confirm")
async def post_confirmation(conn: Tx, principal: Writer, reservation_id: UUID) -> ReservationView:
    """Make it firm: it no longer expires. Confirming again changes nothing."""
    return await reservations.confirm(conn, principal, reservation_id, now=utc_now())


@router.post("/{reservation_id}:release")
async def post_release(
    conn: Tx, principal: Writer, reservation_id: UUID, decision: Reason
) -> ReservationView:
    """Let the goods go, handed over or not wanted. Releasing again changes nothing."""
    return await reservations.release(conn, principal, reservation_id, decision.reason, now=utc_now())


@router.get("/{reservation_id}")
async def get_reservation(conn: Read, principal: Reader, reservation_id: UUID) -> ReservationView:
    view = await reservations.get_reservation(conn, reservation_id, utc_now())
    if not principal.may_use_store(view.store_id):
        raise not_found("reservation", reservation_id)
    return view


@router.get("")
async def list_reservations(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    gtin: Annotated[Gtin | None, Query()] = None,
    state: Annotated[ReservationState | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ReservationView]:
    after = decode_cursor(cursor, UUID)[0] if cursor else None
    filters = (visible_stores(principal, store_id), gtin, state)
    found = await reservations.list_reservations(conn, filters, now=utc_now(), after=after, limit=limit + 1)
    items = found[:limit]
    more = len(found) > limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].reservation_id) if more else None)
