"""Policies over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_inventory.inputs import Gtin, IfMatch, Reader, StoreId, Writer, tag, visible_stores
from humidor_inventory.policies import service
from humidor_inventory.policies.recalculation import recalculate_policies
from humidor_inventory.policies.schemas import (
    PolicyAnswers,
    PolicyBatch,
    PolicyKind,
    PolicyRow,
    PolicyView,
    Recalculated,
    RecalculateInput,
    StoredPolicyInput,
)

router = APIRouter(prefix="/v1", tags=["policies"])


@router.post("/policies:calculate")
async def calculate(_: Reader, batch: PolicyBatch) -> PolicyAnswers:
    """Calculate policies without storing anything; each answer explains itself."""
    return PolicyAnswers(results=await service.calculate_policies(batch.items))


@router.post("/policies:recalculate")
async def recalculate(conn: Tx, principal: Writer, asked: RecalculateInput) -> Recalculated:
    """Calculate a store's policies anew, and set the levels that come out otherwise."""
    principal.check_store(asked.store_id)
    return await recalculate_policies(conn, principal, asked.store_id, now=utc_now())


@router.put("/policies/{store_id}/{gtin}", responses={201: {"model": PolicyView}})
async def put_policy(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Tx,
    principal: Writer,
    store_id: StoreId,
    gtin: Gtin,
    policy: StoredPolicyInput,
    response: Response,
    if_match: IfMatch = None,
) -> PolicyView:
    """Store a policy and set its level; alert, suggestion and automatic order follow at once."""
    principal.check_store(store_id)
    given = ((store_id, gtin), policy)
    view = await service.put_policy(conn, principal, given, if_match=if_match, now=utc_now())
    tag(response, view.version, created=view.version == 1)
    return view


@router.get("/policies/{store_id}/{gtin}")
async def get_policy(
    conn: Read, principal: Reader, store_id: StoreId, gtin: Gtin, response: Response
) -> PolicyView:
    """Answer with the parameters, and the explanation of the level they set."""
    principal.check_store(store_id)
    view = await service.get_policy(conn, (store_id, gtin))
    tag(response, view.version)
    return view


@router.delete("/policies/{store_id}/{gtin}", status_code=204)
async def delete_policy(
    conn: Tx, principal: Writer, store_id: StoreId, gtin: Gtin, if_match: IfMatch = None
) -> None:
    """Forget a policy; its level stays until somebody sets another."""
    principal.check_store(store_id)
    await service.delete_policy(conn, principal, (store_id, gtin), if_match=if_match)


@router.get("/policies")
async def list_policies(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    gtin: Annotated[Gtin | None, Query()] = None,
    policy: Annotated[PolicyKind | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[PolicyRow]:
    after = decode_cursor(cursor, str, str) if cursor else ("", "")
    visible = visible_stores(principal, store_id)
    found = await service.list_policies(
        conn, visible, (gtin, policy), after=(after[0], after[1]), limit=limit + 1
    )
    items = found[:limit]
    more = len(found) > limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].store_id, items[-1].gtin) if more else None)
