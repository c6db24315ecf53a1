"""Limited supply, order cycles, lanes and priorities over HTTP; they concern every store."""

from fastapi import APIRouter, Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_inventory.inputs import Gtin, IfMatch, Reader, StoreId, SupplierId, Writer, tag
from humidor_inventory.supply import service
from humidor_inventory.supply.schemas import (
    CycleInput,
    CycleView,
    LaneInput,
    LaneView,
    PriorityInput,
    PriorityView,
    SupplyInput,
    SupplyView,
)

router = APIRouter(prefix="/v1", tags=["supply"])


@router.put("/supply/{gtin}", responses={201: {"model": SupplyView}})
async def put_supply(
    conn: Tx,
    principal: Writer,
    gtin: Gtin,
    supply: SupplyInput,
    response: Response,
    if_match: IfMatch = None,
) -> SupplyView:
    """Say how much of a product there is for all stores; plans share it by the rule."""
    principal.check_every_store()
    view = await service.put_supply(conn, principal, gtin, supply, match=if_match, now=utc_now())
    tag(response, view.version, created=view.version == 1)
    return view


@router.get("/supply/{gtin}")
async def get_supply(conn: Read, _: Reader, gtin: Gtin, response: Response) -> SupplyView:
    view = await service.get_supply(conn, gtin)
    tag(response, view.version)
    return view


@router.get("/supply")
async def list_supplies(
    conn: Read, _: Reader, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[SupplyView]:
    after = decode_cursor(cursor, str)[0] if cursor else ""
    found = await service.list_supplies(conn, after=after, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].gtin) if more else None)


@router.delete("/supply/{gtin}", status_code=204)
async def delete_supply(conn: Tx, principal: Writer, gtin: Gtin, if_match: IfMatch = None) -> None:
    """Say that there is as much of the product as stores ask for."""
    principal.check_every_store()
    await service.delete_kept(conn, principal, service.SUPPLIES, {"gtin": gtin}, match=if_match)


@router.put("/suppliers/{supplier_id}/order-cycle", responses={201: {"model": CycleView}})
async def put_cycle(
    conn: Tx,
    principal: Writer,
    supplier_id: SupplierId,
    cycle: CycleInput,
    response: Response,
    if_match: IfMatch = None,
) -> CycleView:
    """Say when the supplier takes orders, and the least that one store's order brings."""
    principal.check_every_store()
    view = await service.put_cycle(conn, principal, supplier_id, cycle, match=if_match, now=utc_now())
    tag(response, view.version, created=view.version == 1)
    return view


@router.get("/suppliers/{supplier_id}/order-cycle")
async def get_cycle(conn: Read, _: Reader, supplier_id: SupplierId, response: Response) -> CycleView:
    view = await service.get_cycle(conn, supplier_id)
    tag(response, view.version)
    return view


@router.put("/lanes/{from_store_id}/{to_store_id}", responses={201: {"model": LaneView}})
async def put_lane(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Tx,
    principal: Writer,
    from_store_id: StoreId,
    to_store_id: StoreId,
    lane: LaneInput,
    response: Response,
    if_match: IfMatch = None,
) -> LaneView:
    """Let plans move goods from one store or warehouse to another, and say what that costs."""
    principal.check_every_store()
    ends = (from_store_id, to_store_id)
    view = await service.put_lane(conn, principal, ends, lane, match=if_match, now=utc_now())
    tag(response, view.version, created=view.version == 1)
    return view


@router.get("/lanes")
async def list_lanes(
    conn: Read, _: Reader, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[LaneView]:
    after = decode_cursor(cursor, str, str) if cursor else ("", "")
    found = await service.list_lanes(conn, after=(after[0], after[1]), limit=limit + 1)
    items, more = found[:limit], len(found) > limit
    last = items[-1] if items else None
    cursor = encode_cursor(last.from_store_id, last.to_store_id) if more and last else None
    return Page(items=items, next_cursor=cursor)


@router.delete("/lanes/{from_store_id}/{to_store_id}", status_code=204)
async def delete_lane(
    conn: Tx, principal: Writer, from_store_id: StoreId, to_store_id: StoreId, if_match: IfMatch = None
) -> None:
    principal.check_every_store()
    key = {"from_store_id": from_store_id, "to_store_id": to_store_id}
    await service.delete_kept(conn, principal, service.LANES, key, match=if_match)


@router.put("/stores/{store_id}/supply-priority")
async def put_priority(
    conn: Tx, principal: Writer, store_id: StoreId, priority: PriorityInput
) -> PriorityView:
    """Set the store's rank where supply is shared by priority."""
    principal.check_every_store()
    return await service.put_priority(conn, principal, store_id, priority, now=utc_now())
