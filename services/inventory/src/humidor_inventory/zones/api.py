"""Zones of stores and what lies in them, over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_common.web.problems import invalid, not_found
from humidor_inventory.inputs import Gtin, IfMatch, Moment, Reader, StoreId, Writer, tag, visible_stores
from humidor_inventory.zones import queries, service
from humidor_inventory.zones.schemas import (
    LyingLot,
    PlacementsInput,
    PlacementView,
    ZoneId,
    ZoneInput,
    ZoneView,
)

router = APIRouter(prefix="/v1/climate", tags=["climate"])

FIRST = datetime(1, 1, 2, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
LONGEST_BACK = timedelta(days=31)


class Placed(BaseModel):
    """How many sayings changed anything; those that said what is known already did not."""

    changed: int


@router.put("/zones/{store_id}/{zone_id}", responses={201: {"model": ZoneView}})
async def put_zone(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Tx,
    principal: Writer,
    store_id: StoreId,
    zone_id: ZoneId,
    zone: ZoneInput,
    response: Response,
    if_match: IfMatch = None,
) -> ZoneView:
    """Make or change a zone; readings are judged by the limits of their own time."""
    principal.check_store(store_id)
    now = utc_now()
    given = (store_id, zone_id, zone)
    view = await service.put_zone(conn, principal, given, if_match=if_match, now=now)
    tag(response, view.version, created=view.version == 1 and view.changed_at == now)
    return view


@router.get("/zones/{store_id}/{zone_id}")
async def get_zone(
    conn: Read, principal: Reader, store_id: StoreId, zone_id: ZoneId, response: Response
) -> ZoneView:
    principal.check_store(store_id)
    view = await queries.load_zone(conn, store_id, zone_id)
    if view is None:
        raise not_found("zone", zone_id)
    tag(response, view.version)
    return view


@router.get("/zones")
async def list_zones(
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ZoneView]:
    store, zone = decode_cursor(cursor, str, str) if cursor else ("", "")
    visible = visible_stores(principal, store_id)
    found = await queries.list_zones(conn, visible, after=(store, zone), limit=limit + 1)
    items = found[:limit]
    more = len(found) > limit
    return Page(
        items=items, next_cursor=encode_cursor(items[-1].store_id, items[-1].zone_id) if more else None
    )


@router.get("/zones/{store_id}/{zone_id}/lots")
async def list_lots(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Read,
    principal: Reader,
    store_id: StoreId,
    zone_id: ZoneId,
    at: Annotated[Moment | None, Query(description="Up to 31 days back; now unless given.")] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[LyingLot]:
    """Read which lots lie in a zone, or lay there at a moment."""
    principal.check_store(store_id)
    now = utc_now()
    moment = now if at is None else at
    if not now - LONGEST_BACK <= moment <= now:
        raise invalid("at", f"may lie up to {LONGEST_BACK.days} days back, and not ahead")
    gtin, lot = decode_cursor(cursor, str, str) if cursor else ("", "")
    between = (moment, moment + INSTANT)
    found = await queries.list_lying(conn, (store_id, zone_id), between, after=(gtin, lot), limit=limit + 1)
    items = found[:limit]
    more = len(found) > limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].gtin, items[-1].lot) if more else None)


@router.post("/placements")
async def post_placements(conn: Tx, principal: Writer, given: PlacementsInput) -> Placed:
    """Say where lots, products or all of a store lie; the same again changes nothing."""
    principal.check_store(given.store_id)
    return Placed(changed=await service.put_placements(conn, principal, given, now=utc_now()))


@router.get("/placements")
async def list_placements(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId, Query()],
    gtin: Annotated[Gtin | None, Query()] = None,
    current: Annotated[bool, Query(description="Leave out what no longer holds.")] = True,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[PlacementView]:
    principal.check_store(store_id)
    product, lot, moment = decode_cursor(cursor, str, str, datetime) if cursor else ("", "", FIRST)
    found = await queries.list_placements(
        conn, store_id, gtin, current=current, after=(product, lot, moment), limit=limit + 1
    )
    items = found[:limit]
    if len(found) <= limit:
        return Page(items=items)
    last = items[-1]
    return Page(items=items, next_cursor=encode_cursor(last.gtin or "", last.lot or "", last.placed_from))
