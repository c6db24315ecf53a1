"""Candidates for duplicates over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.inputs import Reason
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_customers.duplicates import queries, service
from humidor_customers.duplicates.schemas import CandidateView, Filters
from humidor_customers.inputs import Reader, RetailerId, Writer

router = APIRouter(prefix="/v1/duplicates", tags=["duplicates"])


@router.get("")
async def list_candidates(
    conn: Read,
    principal: Reader,
    filters: Annotated[Filters, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[CandidateView]:
    """Read pairs of records that may be of one customer, the most alike first, with the reasons."""
    principal.check_every_store()
    score, first, second = decode_cursor(cursor, int, str, str) if cursor else (100, "", "")
    after = (min(max(score, 0), 100), first, second)
    found = await queries.page(conn, filters, after=after, limit=limit + 1)
    more = len(found) > limit
    last = found[limit - 1] if more else None
    return Page(
        items=found[:limit],
        next_cursor=encode_cursor(last.score, last.first_id, last.second_id) if last else None,
    )


@router.post("/{first_id}/{second_id}:dismiss")
async def post_dismissal(
    conn: Tx,
    principal: Writer,
    first_id: Annotated[RetailerId, Path()],
    second_id: Annotated[RetailerId, Path()],
    decision: Reason,
) -> CandidateView:
    """Say that the two are two customers, with a reason."""
    principal.check_every_store()
    return await service.dismiss(
        conn, principal, (first_id, second_id), reason=decision.reason, now=utc_now()
    )
