"""Custom fields over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.inputs import IfMatch, tag
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_customers.fields import service
from humidor_customers.fields.schemas import FieldInput, FieldName, FieldView
from humidor_customers.inputs import Reader, Writer

router = APIRouter(prefix="/v1/custom-fields", tags=["custom fields"])


@router.put("/{field}", responses={201: {"model": FieldView}})
async def put_field(
    conn: Tx,
    principal: Writer,
    field: Annotated[FieldName, Path()],
    definition: FieldInput,
    response: Response,
    if_match: IfMatch = None,
) -> FieldView:
    """Make or change a custom field of trade customers."""
    principal.check_every_store()
    now = utc_now()
    view = await service.put_field(conn, principal, (field, definition), if_match=if_match, now=now)
    tag(response, view.version, created=view.version == 1 and view.changed_at == now)
    return view


@router.get("")
async def list_fields(
    conn: Read, _: Reader, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[FieldView]:
    after = decode_cursor(cursor, str)[0] if cursor else ""
    found = await service.list_fields(conn, after=after, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].field) if more else None)
