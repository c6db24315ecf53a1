"""Merges of trade customers over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.inputs import Reason
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_customers.inputs import NEWEST, Reader, Writer
from humidor_customers.merges import queries, service, undoing
from humidor_customers.merges.schemas import Filters, MergeInput, MergeView

router = APIRouter(prefix="/v1/merges", tags=["duplicates"])


@router.post("", status_code=201, response_model=MergeView)
async def post_merge(conn: Tx, principal: Writer, merge: MergeInput, idempotency: Idempotency) -> Response:
    """Merge two records of one customer; the id of the one leads to the survivor from now on."""
    principal.check_every_store()
    return await idempotency.run(conn, lambda: service.merge(conn, principal, merge, now=utc_now()))


@router.get("")
async def list_merges(
    conn: Read,
    principal: Reader,
    filters: Annotated[Filters, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[MergeView]:
    """Read merges, the newest first, with what moved and, where they are undone, what was kept."""
    principal.check_every_store()
    before = decode_cursor(cursor, UUID)[0] if cursor else NEWEST
    found = await queries.page(conn, filters, before=before, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].merge_id) if more else None)


@router.get("/{merge_id}")
async def get_merge(conn: Read, principal: Reader, merge_id: UUID) -> MergeView:
    principal.check_every_store()
    return await service.get_merge(conn, merge_id)


@router.post("/{merge_id}:undo")
async def post_undo(conn: Tx, principal: Writer, merge_id: UUID, decision: Reason) -> MergeView:
    """Make two records of one again; `kept` names what changed since and stays."""
    principal.check_every_store()
    return await undoing.undo(conn, principal, merge_id, reason=decision.reason, now=utc_now())
