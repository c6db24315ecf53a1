"""Timelines over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.db.transaction import Read
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, encode_cursor
from humidor_customers.consumers.schemas import MemberId
from humidor_customers.inputs import BEGIN, END, NEWEST, Reader, RetailerId, decode_moment
from humidor_customers.parties import Party, seen
from humidor_customers.timeline.queries import Wanted
from humidor_customers.timeline.schemas import EntryView, Filters
from humidor_customers.timeline.service import read_timeline

router = APIRouter(prefix="/v1", tags=["timeline"])


@router.get("/retailers/{retailer_id}/timeline")
async def get_retailer_timeline(
    conn: Read,
    principal: Reader,
    retailer_id: Annotated[RetailerId, Path()],
    filters: Annotated[Filters, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[EntryView]:
    """Read all that happened with a trade customer, the newest first; merged records are part of it."""
    return await _page(conn, principal, Party("retailer", retailer_id), (filters, cursor, limit))


@router.get("/consumers/{member_id}/timeline")
async def get_consumer_timeline(
    conn: Read,
    principal: Reader,
    member_id: Annotated[MemberId, Path()],
    filters: Annotated[Filters, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[EntryView]:
    """Read all that happened with a member, the newest first: sales, returns, messages, calls."""
    return await _page(conn, principal, Party("consumer", member_id), (filters, cursor, limit))


async def _page(
    conn: Connection, principal: Principal, party: Party, asked: tuple[Filters, str | None, int]
) -> Page[EntryView]:
    filters, cursor, limit = asked
    await seen(conn, principal, party)
    wanted = Wanted(filters.since or BEGIN, _before(filters, cursor), filters.kind)
    found = await read_timeline(conn, principal, party, wanted, limit=limit + 1)
    more = len(found) > limit
    last = found[limit - 1] if more else None
    return Page(
        items=found[:limit], next_cursor=encode_cursor(last.happened_at, last.entry_id) if last else None
    )


def _before(filters: Filters, cursor: str | None) -> tuple[datetime, UUID]:
    """Give the entry before which the page begins; without a cursor everything at `until` is past it."""
    if cursor is None:
        return (filters.until, UUID(int=0)) if filters.until else (END, NEWEST)
    return decode_moment(cursor)
