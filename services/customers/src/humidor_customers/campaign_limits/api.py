"""Limits of approval over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.inputs import Currency, IfMatch, tag
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_customers.campaign_limits import queries, service
from humidor_customers.campaign_limits.rules import HolderKind
from humidor_customers.campaign_limits.schemas import Holder, LimitInput, LimitView
from humidor_customers.inputs import Admin, Reader

router = APIRouter(prefix="/v1/campaign-limits", tags=["campaigns"])


@router.get("")
async def list_limits(
    conn: Read, principal: Reader, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[LimitView]:
    """Read up to which budget who approves campaigns; who has none approves none, unless there are none."""
    principal.check_every_store()
    kind, holder, currency = decode_cursor(cursor, str, str, str) if cursor else ("", "", "")
    found = await queries.page(conn, after=(kind, holder, currency), limit=limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        items=found[:limit],
        next_cursor=encode_cursor(last.holder_kind, last.holder, last.currency) if last else None,
    )


@router.put("/{holder_kind}/{holder}/{currency}")
async def put_limit(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Tx,
    principal: Admin,
    holder_kind: Annotated[HolderKind, Path()],
    holder: Annotated[Holder, Path()],
    currency: Annotated[Currency, Path()],
    limit: LimitInput,
    response: Response,
    if_match: IfMatch = None,
) -> LimitView:
    """Set up to which budget those of a role, or one person, approve campaigns."""
    view = await service.put_limit(
        conn, principal, ((holder_kind, holder, currency), limit), if_match=if_match, now=utc_now()
    )
    tag(response, view.version, created=view.version == 1)
    return view
