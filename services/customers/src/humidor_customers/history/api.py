"""Histories of customers over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import StringConstraints

from humidor_common.db.pool import Connection
from humidor_common.db.transaction import Read
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_common.web.problems import invalid
from humidor_customers.consumers import service as consumers
from humidor_customers.consumers.schemas import MemberId
from humidor_customers.history.schemas import ChangeView
from humidor_customers.history.service import NEWEST, list_changes
from humidor_customers.inputs import Reader, RetailerId
from humidor_customers.retailers.seeing import seen

router = APIRouter(prefix="/v1", tags=["history"])

Field = Annotated[
    Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z_]+$")] | None,
    Query(description="Only changes of this field, such as `credit_limit_minor`."),
]


@router.get("/retailers/{retailer_id}/history")
async def list_retailer_changes(
    conn: Read,
    principal: Reader,
    retailer_id: Annotated[RetailerId, Path()],
    field: Field = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ChangeView]:
    """Read every change of a trade customer field by field, the newest first: who, when, from, to, why."""
    await seen(conn, principal, retailer_id)
    return await _page(conn, ("retailer", retailer_id), field, cursor, limit)


@router.get("/consumers/{member_id}/history")
async def list_consumer_changes(
    conn: Read,
    principal: Reader,
    member_id: Annotated[MemberId, Path()],
    field: Field = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ChangeView]:
    """Read every change of a member; who the member is stands nowhere in it."""
    await consumers.seen(conn, principal, member_id)
    return await _page(conn, ("consumer", member_id), field, cursor, limit)


async def _page(
    conn: Connection, of: tuple[str, str], field: str | None, cursor: str | None, limit: int
) -> Page[ChangeView]:
    before = decode_cursor(cursor, int)[0] if cursor else NEWEST
    if not 0 <= before <= NEWEST:
        raise invalid("cursor", "is not one that this service gave out")
    found = await list_changes(conn, of, field, before=before, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].change_id) if more else None)
