"""Freshness over HTTP."""

from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_inventory.freshness import queries, service
from humidor_inventory.freshness.queries import Where
from humidor_inventory.freshness.schemas import (
    BandsView,
    Days,
    FreshLotView,
    LotState,
    PickInput,
    PickView,
    RuleInput,
    RuleView,
    ViolationView,
)
from humidor_inventory.inputs import Label, Moment, Reader, StoreId, Writer, visible_stores

router = APIRouter(prefix="/v1", tags=["freshness"])

Brand = Annotated[Label | None, Query()]
Store = Annotated[StoreId | None, Query()]
DEFAULT_PERIOD = timedelta(days=30)


@router.put("/freshness/rules")
async def put_rule(conn: Tx, principal: Writer, rule: RuleInput, brand: Brand = None) -> RuleView:
    """Set the rule of a brand, or without a brand the default one."""
    return await service.put_rule(conn, principal, brand, rule, now=utc_now())


@router.delete("/freshness/rules", status_code=204)
async def delete_rule(conn: Tx, principal: Writer, brand: Brand = None) -> None:
    """Let a brand follow the default again."""
    await service.delete_rule(conn, principal, brand)


@router.get("/freshness/rules")
async def list_rules(conn: Read, principal: Reader) -> Page[RuleView]:  # noqa: ARG001 - proves the caller
    return Page(items=await queries.list_rules(conn))


@router.get("/freshness/bands")
async def list_bands(
    conn: Read,
    principal: Reader,
    store_id: Store = None,
    brand: Brand = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[BandsView]:
    """Read the share of stock by age since production, for each store and brand."""
    after = decode_cursor(cursor, str, str) if cursor else ("", "")
    where = Where(visible_stores(principal, store_id), brand)
    found = await queries.list_bands(conn, where, now=utc_now(), after=(after[0], after[1]), limit=limit + 1)
    items = found[:limit]
    more = len(found) > limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].store_id, items[-1].brand) if more else None)


@router.get("/freshness/lots")
async def list_lots(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Read,
    principal: Reader,
    state: Annotated[LotState, Query()] = "expiring",
    within_days: Annotated[Days | None, Query(description="For `expiring`; else by the rule.")] = None,
    store_id: Store = None,
    brand: Brand = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[FreshLotView]:
    """Read lots that have expired, will soon, or are older than the rule of their brand allows."""
    where = Where(visible_stores(principal, store_id), brand)
    page = (_after(cursor), limit + 1)
    found = await queries.list_lots(conn, where, state, now=utc_now(), within_days=within_days, page=page)
    return _page(found, limit)


@router.get("/freshness/rotation")
async def list_rotation(
    conn: Read,
    principal: Reader,
    store_id: Store = None,
    brand: Brand = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[FreshLotView]:
    """Read what to do in the shop today, the most urgent first: withdraw, sell first, inspect, move."""
    where = Where(visible_stores(principal, store_id), brand)
    page = (_after(cursor), limit + 1)
    found = await queries.list_lots(conn, where, "rotation", now=utc_now(), within_days=None, page=page)
    return _page(found, limit)


@router.get("/freshness/violations")
async def list_violations(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Read,
    principal: Reader,
    store_id: Store = None,
    brand: Brand = None,
    since: Annotated[Moment | None, Query(description="Recorded since; else 30 days ago.")] = None,
    until: Annotated[Moment | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ViolationView]:
    """Read sales of lots that had expired or were held, in the order in which they became known."""
    now = utc_now()
    after = decode_cursor(cursor, datetime, int) if cursor else (now - timedelta(days=36_500), 0)
    found = await queries.list_violations(
        conn,
        Where(visible_stores(principal, store_id), brand),
        (since or now - DEFAULT_PERIOD, until or now + DEFAULT_PERIOD),
        after=(after[0], after[1]),
        limit=limit + 1,
    )
    items = found[:limit]
    more = len(found) > limit
    return Page(
        items=items, next_cursor=encode_cursor(items[-1].recorded_at, items[-1].entry_id) if more else None
    )


@router.post("/picks", status_code=201, response_model=PickView)
async def post_pick(conn: Tx, principal: Writer, given: PickInput, idempotency: Idempotency) -> Response:
    """Suggest which lots to pick, or record which ones were picked instead and why; it moves no stock."""
    principal.check_store(given.store_id)
    return await idempotency.run(conn, lambda: service.pick(conn, principal, given, now=utc_now()))


@router.get("/picks")
async def list_picks(
    conn: Read,
    principal: Reader,
    store_id: Store = None,
    overridden: Annotated[bool | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[PickView]:
    after = decode_cursor(cursor, UUID)[0] if cursor else None
    visible = visible_stores(principal, store_id)
    found = await queries.list_picks(conn, visible, overridden=overridden, after=after, limit=limit + 1)
    items = found[:limit]
    more = len(found) > limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].pick_id) if more else None)


def _after(cursor: str | None) -> tuple[int, date, str, str, str]:
    if cursor is None:
        return queries.FIRST
    urgency, expires, store_id, gtin, lot = decode_cursor(cursor, int, date, str, str, str)
    return urgency, expires, store_id, gtin, lot


def _page(found: list[FreshLotView], limit: int) -> Page[FreshLotView]:
    items = found[:limit]
    if len(found) <= limit:
        return Page(items=items)
    last = items[-1]
    expires = last.expiry_date or queries.NEVER
    key = (queries.ACTIONS.index(last.action), expires, last.store_id, last.gtin, last.lot)
    return Page(items=items, next_cursor=encode_cursor(*key))
