"""Readings over HTTP: from devices with their own keys, and as series for people."""

from datetime import datetime, timedelta
from typing import Annotated, Any, cast

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from humidor_common.auth.machine_keys import fits, owner_of
from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.authorization import Credentials, bearer, unauthorized
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_common.web.problems import Problem, invalid, not_found
from humidor_inventory.inputs import Moment, Reader, StoreId, visible_stores
from humidor_inventory.readings import queries, service
from humidor_inventory.readings.schemas import CompletenessView, RefusalView, Resolution, SeriesView
from humidor_inventory.readings.service import Push, take_readings
from humidor_inventory.readings.wire import Reading, Receipt, Unreadable, openapi, read_payload
from humidor_inventory.sensors.rules import PREFIX
from humidor_inventory.sensors.schemas import DeviceId
from humidor_inventory.sensors.service import get_device
from humidor_inventory.settings import InventorySettings

router = APIRouter(prefix="/v1/climate", tags=["climate"])

_EXAMPLE = [{"ts": "2026-11-26T10:15:00+08:00", "temp_c": 24.6, "rh_pct": 58.2, "lux": 3, "seq": 411}]
_BODY = {"oneOf": [openapi(Reading), {"type": "array", "items": openapi(Reading), "maxItems": 10_000}]}
_REQUEST = {"required": True, "content": {"application/json": {"schema": _BODY, "example": _EXAMPLE}}}
_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "What became of each; those in neither list were accepted",
        "content": {
            "application/json": {"example": {"accepted": 1, "duplicates": [], "refused": []}},
        },
    },
    400: {"description": "The body is no JSON"},
    401: {"description": "The key is missing, wrong or revoked"},
    413: {"description": "Too much at once"},
}
_STATUS = {"too_large": 413, "too_many": 413}
# About this many points are shown unless another resolution is asked for.
_POINTS = 1500
FarBack = Annotated[Moment | None, Query()]


async def _calling_device(request: Request, credentials: Credentials) -> str:
    """Prove a device by its key."""
    if credentials is None:
        raise unauthorized("This needs a device's key: Authorization: Bearer <key>.")
    device_id = owner_of(PREFIX, credentials.credentials)
    row = None
    if device_id is not None:
        row = await request.app.state.runtime.pool.fetchrow(
            "SELECT key_hash FROM climate_devices WHERE device_id = $1 AND state = 'active'", device_id
        )
    if device_id is None or row is None or not fits(credentials.credentials, row[0]):
        raise unauthorized("The device's key is wrong or revoked.", error="invalid_token")
    return device_id


CallingDevice = Annotated[str, Depends(_calling_device)]


@router.post(
    "/readings",
    dependencies=[Depends(bearer)],
    responses=_ANSWER,
    openapi_extra={"requestBody": _REQUEST},
    response_class=Response,
)
async def post_readings(request: Request, device_id: CallingDevice, conn: Tx) -> Response:
    """Take one reading or up to 10,000, each for itself; a repeat is a duplicate and changes nothing."""
    settings = cast("InventorySettings", request.app.state.runtime.settings)
    try:
        found = read_payload(await request.body())
    except Unreadable as error:
        raise Problem(_STATUS.get(error.code, 400), error.code.replace("_", "-"), error.detail) from error
    pushes = [Push(device_id, None, each) if isinstance(each, Reading) else each for each in found]
    late = timedelta(days=settings.inventory_climate_late_days)
    taken = await take_readings(conn, pushes, channel="http", now=utc_now(), late=late)
    receipt = Receipt(accepted=taken.accepted, duplicates=taken.duplicates, refused=taken.refused)
    return Response(msgspec.json.encode(receipt), media_type="application/json")


@router.get("/devices/{device_id}/readings")
async def list_readings(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Read,
    principal: Reader,
    device_id: DeviceId,
    since: FarBack = None,
    until: FarBack = None,
    resolution: Annotated[Resolution | None, Query(description="Else by the span of time.")] = None,
    cursor: Cursor = None,
    limit: Limit = 1000,
) -> SeriesView:
    """Read a series: raw for hours, five minutes for days, hours for months."""
    device_no = await _device_no(conn, principal, device_id)
    begin, end = _between(since, until)
    chosen = resolution or _resolution(end - begin)
    begin = decode_cursor(cursor, datetime)[0] if cursor else begin
    found = await queries.load_points(conn, device_no, (begin, end), chosen, limit=limit + 1)
    more = encode_cursor(found[limit].at) if len(found) > limit else None
    return SeriesView(device_id=device_id, resolution=chosen, items=found[:limit], next_cursor=more)


@router.get("/devices/{device_id}/completeness")
async def get_completeness(
    conn: Read, principal: Reader, device_id: DeviceId, since: FarBack = None, until: FarBack = None
) -> CompletenessView:
    """Say how many of the readings that a device numbered are missing; late ones that come fill the holes."""
    device_no = await _device_no(conn, principal, device_id)
    between = _between(since, until)
    if between[1] - between[0] > timedelta(days=31):
        raise invalid("since", "at most 31 days are looked through at once")
    found = await queries.load_missing(conn, device_no, between)
    return CompletenessView(device_id=device_id, **found)


@router.get("/refusals")
async def list_refusals(
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[RefusalView]:
    """Read what was refused and why, counted."""
    first = decode_cursor(cursor, str, str, str, str) if cursor else ("", "", "", "")
    after = (first[0], first[1], first[2], first[3])
    visible = visible_stores(principal, store_id)
    found = await queries.list_refusals(conn, visible, after=after, limit=limit + 1)
    items = found[:limit]
    if len(found) <= limit:
        return Page(items=items)
    last = items[-1]
    return Page(
        items=items, next_cursor=encode_cursor(last.store_id, last.device_id, last.channel, last.code)
    )


async def _device_no(conn: Read, principal: Reader, device_id: str) -> int:
    await get_device(conn, principal, device_id)
    found = await service.load_devices(conn, [device_id], utc_now())
    if device_id not in found:
        raise not_found("device", device_id)
    return found[device_id].device_no


def _between(since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
    end = until or utc_now()
    begin = since or end - timedelta(days=1)
    if begin >= end:
        raise invalid("since", "must lie before until")
    return begin, end


def _resolution(span: timedelta) -> Resolution:
    if span <= timedelta(hours=6):
        return "raw"
    return "5m" if span <= timedelta(minutes=5) * _POINTS else "1h"
