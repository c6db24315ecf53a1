"""Devices that measure, for operators."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_inventory.inputs import IfMatch, Reader, StoreId, Writer, tag, visible_stores
from humidor_inventory.sensors import service
from humidor_inventory.sensors.schemas import DeviceId, DeviceInput, DeviceKey, DeviceView, NewDevice

router = APIRouter(prefix="/v1/climate/devices", tags=["climate"])


# There is no Idempotency-Key on purpose, as it would keep the key's only copy in the database.
@router.post("", status_code=201)
async def register_device(conn: Tx, principal: Writer, new: NewDevice) -> DeviceKey:
    """Register a device; its key is in this answer alone."""
    principal.check_store(new.store_id)
    return await service.register_device(conn, principal, new, now=utc_now())


@router.put("/{device_id}")
async def put_device(
    conn: Tx,
    principal: Writer,
    device_id: DeviceId,
    device: DeviceInput,
    response: Response,
    if_match: IfMatch = None,
) -> DeviceView:
    """Change a device, or hang it in another zone."""
    principal.check_store(device.store_id)
    given = (device_id, device)
    view = await service.change_device(conn, principal, given, if_match=if_match, now=utc_now())
    tag(response, view.version)
    return view


@router.post("/{device_id}:rotate")
async def rotate_key(conn: Tx, principal: Writer, device_id: DeviceId) -> DeviceKey:
    return await service.rotate_key(conn, principal, device_id, now=utc_now())


@router.post("/{device_id}:revoke")
async def revoke_device(conn: Tx, principal: Writer, device_id: DeviceId) -> DeviceView:
    return await service.revoke_device(conn, principal, device_id, now=utc_now())


@router.get("/{device_id}")
async def get_device(conn: Read, principal: Reader, device_id: DeviceId, response: Response) -> DeviceView:
    view = await service.get_device(conn, principal, device_id)
    tag(response, view.version)
    return view


@router.get("")
async def list_devices(
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[DeviceView]:
    after = decode_cursor(cursor, str)[0] if cursor else ""
    found = await service.list_devices(
        conn, visible_stores(principal, store_id), after=after, limit=limit + 1
    )
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].device_id) if more else None)
