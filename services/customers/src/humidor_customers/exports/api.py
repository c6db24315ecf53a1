"""Files of long lists over HTTP: asked for, watched, fetched."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response, StreamingResponse

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.lists import ask_page, find_list
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_common.web.problems import FieldError, Problem, invalid
from humidor_customers.exports import queries, service
from humidor_customers.exports.asking import scope_of
from humidor_customers.exports.queries import Order
from humidor_customers.exports.schemas import ExportInput, ExportView
from humidor_customers.inputs import NEWEST, Reader

router = APIRouter(prefix="/v1/exports", tags=["exports"])


class _Refused(msgspec.Struct):
    code: str
    detail: str
    errors: list[FieldError] = []


async def _order(request: Request, principal: Reader, given: ExportInput) -> Order:
    """Ask the list for its first row: what the caller may not read is refused now, not in the job."""
    headers = [each for each in request.headers.raw if each[0] == b"authorization"]
    scope = scope_of(given.path, headers)
    if find_list(request.app, scope["path"]) is None:
        raise invalid("path", "is not the path of a list of this service")
    start, body = await ask_page(request.app, scope, rows=1)
    if start["status"] != 200:
        refused = msgspec.json.decode(body, type=_Refused)
        raise Problem(start["status"], refused.code, refused.detail, errors=refused.errors)
    return Order(given.path, given.format, principal)


@router.post("", status_code=202, response_model=ExportView)
async def post_export(
    order: Annotated[Order, Depends(_order)], conn: Tx, idempotency: Idempotency
) -> Response:
    """Have a job make a file of a list, of whatever length."""
    return await idempotency.run(conn, lambda: service.start_export(conn, order, now=utc_now()), status=202)


@router.get("")
async def list_exports(
    conn: Read, principal: Reader, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[ExportView]:
    """Read the caller's own files, the newest first."""
    before = decode_cursor(cursor, UUID)[0] if cursor else NEWEST
    found = await queries.page(conn, principal, before=before, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].export_id) if more else None)


@router.get("/{export_id}")
async def get_export(conn: Read, principal: Reader, export_id: UUID) -> ExportView:
    """Read how far a file is."""
    return await service.get_export(conn, principal, export_id)


@router.get(
    "/{export_id}/file",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "The file."}},
)
async def get_file(request: Request, conn: Tx, principal: Reader, export_id: UUID) -> Response:
    """Fetch a finished file; whoever asked for it may, as long as they may see what is in it."""
    found = await service.open_file(conn, principal, export_id)
    headers = {
        "Content-Disposition": f'attachment; filename="{found.name}"',
        "Content-Length": str(found.bytes),
    }
    parts = service.read_parts(request.app.state.runtime.pool, export_id)
    return StreamingResponse(parts, media_type=found.media_type, headers=headers)


@router.post("/{export_id}:cancel")
async def post_cancellation(conn: Tx, principal: Reader, export_id: UUID) -> ExportView:
    """End the making of a file."""
    return await service.cancel_export(conn, principal, export_id, now=utc_now())
