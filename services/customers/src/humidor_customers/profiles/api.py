"""Profiles over HTTP."""

from typing import Annotated, cast

from fastapi import APIRouter, Path, Query

from humidor_common.db.transaction import Read
from humidor_common.web.inputs import visible_stores
from humidor_common.web.pagination import (
    DEFAULT_LIMIT,
    Cursor,
    Limit,
    Page,
    decode_cursor,
    encode_cursor,
    page_of,
)
from humidor_customers.consumers.schemas import MemberId
from humidor_customers.inputs import PartyKind, Reader
from humidor_customers.parties import Party, seen
from humidor_customers.profiles import queries, service
from humidor_customers.profiles.schemas import Filters, ProfileRow, ProfileView, TraitFigure

router = APIRouter(prefix="/v1/profiles", tags=["analytics"])


@router.get("")
async def list_profiles(
    conn: Read,
    principal: Reader,
    filters: Annotated[Filters, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ProfileRow]:
    """Read profiles of customers, in the order of kind and id."""
    kind, identity = decode_cursor(cursor, str, str) if cursor else ("", "")
    after = Party(cast("PartyKind", kind), identity)
    visible = visible_stores(principal, None)
    found = await queries.page(conn, filters, visible, after=after, limit=limit + 1)
    more = len(found) > limit
    last = found[limit - 1] if more else None
    return Page(
        items=found[:limit], next_cursor=encode_cursor(last.party_kind, last.party_id) if last else None
    )


@router.get("/{kind}/{customer_id}")
async def get_profile(
    conn: Read,
    principal: Reader,
    kind: Annotated[PartyKind, Path()],
    customer_id: Annotated[MemberId, Path()],
) -> ProfileView:
    """Read the profile of one customer: each trait with its evidence and when it was computed."""
    party = Party(kind, customer_id)
    await seen(conn, principal, party)
    return await service.get_profile(conn, party)


@router.get("/{kind}/{customer_id}/traits")
async def list_traits(
    conn: Read,
    principal: Reader,
    kind: Annotated[PartyKind, Path()],
    customer_id: Annotated[MemberId, Path()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[TraitFigure]:
    """Read the traits of one customer with their evidence as a table."""
    party = Party(kind, customer_id)
    await seen(conn, principal, party)
    return page_of(await service.list_traits(conn, party), cursor, limit)
