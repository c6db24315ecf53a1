"""Excursions, the lots that met them, and gaps, over HTTP."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from humidor_common.db.transaction import Read
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_common.web.problems import not_found
from humidor_inventory.excursions import queries
from humidor_inventory.excursions.schemas import (
    ExcursionState,
    ExcursionView,
    ExposureView,
    GapView,
    Measure,
)
from humidor_inventory.inputs import Gtin, LotCode, Moment, Reader, StoreId, visible_stores
from humidor_inventory.zones.schemas import ZoneId

router = APIRouter(prefix="/v1/climate", tags=["climate"])

FIRST = datetime(1, 1, 2, tzinfo=UTC)
NIL = UUID(int=0)


@router.get("/excursions")
async def list_excursions(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    zone_id: Annotated[ZoneId | None, Query()] = None,
    state: Annotated[ExcursionState | None, Query()] = None,
    measure: Annotated[Measure | None, Query()] = None,
    since: Annotated[Moment | None, Query(description="Not ended before.")] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ExcursionView]:
    """Read when zones were outside their limits beyond the grace period, the first found first."""
    where = {
        "stores": visible_stores(principal, store_id),
        "zone_id": zone_id,
        "state": state,
        "measure": measure,
        "since": since,
    }
    after = decode_cursor(cursor, UUID)[0] if cursor else None
    found = await queries.list_excursions(conn, where, after=after, limit=limit + 1)
    items = found[:limit]
    more = len(found) > limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].excursion_id) if more else None)


@router.get("/excursions/{excursion_id}")
async def get_excursion(conn: Read, principal: Reader, excursion_id: UUID) -> ExcursionView:
    found = await queries.load_excursion(conn, excursion_id)
    if found is None:
        raise not_found("excursion", excursion_id)
    principal.check_store(found.store_id)
    return found


@router.get("/excursions/{excursion_id}/lots")
async def list_lots(
    conn: Read,
    principal: Reader,
    excursion_id: UUID,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ExposureView]:
    """Read which lots lay there meanwhile, from when until when."""
    await get_excursion(conn, principal, excursion_id)
    gtin, lot, moment = decode_cursor(cursor, str, str, datetime) if cursor else ("", "", FIRST)
    found = await queries.list_lots(conn, excursion_id, after=(gtin, lot, moment), limit=limit + 1)
    items = found[:limit]
    if len(found) <= limit:
        return Page(items=items)
    last = items[-1]
    return Page(items=items, next_cursor=encode_cursor(last.gtin, last.lot, last.exposed_from))


@router.get("/exposures")
async def list_exposures(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Read,
    principal: Reader,
    gtin: Annotated[Gtin, Query()],
    lot: Annotated[LotCode, Query()],
    store_id: Annotated[StoreId | None, Query()] = None,
    follow: Annotated[bool, Query(description="The lots it was split from or merged of, too.")] = True,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ExposureView]:
    """Read which excursions a lot has met on its way through the stores, the first first."""
    visible = visible_stores(principal, store_id)
    moment, excursion, code = decode_cursor(cursor, datetime, UUID, str) if cursor else (FIRST, NIL, "")
    found = await queries.list_exposures(
        conn, (gtin, lot), visible, follow=follow, after=(moment, excursion, code), limit=limit + 1
    )
    items = found[:limit]
    if len(found) <= limit:
        return Page(items=items)
    last = items[-1]
    return Page(items=items, next_cursor=encode_cursor(last.exposed_from, last.excursion_id, last.lot))


@router.get("/gaps")
async def list_gaps(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    going_on: Annotated[bool, Query(description="Leave out those that ended.")] = False,
    since: Annotated[Moment | None, Query(description="Begun since.")] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[GapView]:
    """Read when devices were not heard of, the first first."""
    visible = visible_stores(principal, store_id)
    after = decode_cursor(cursor, datetime, int) if cursor else (since or FIRST, -1)
    found = await queries.list_gaps(
        conn, visible, going_on=going_on, after=(after[0], after[1]), limit=limit + 1
    )
    items = found[:limit]
    if len(found) <= limit:
        return Page(items=items)
    return Page(items=items, next_cursor=encode_cursor(items[-1].started_at, items[-1].device_no))
