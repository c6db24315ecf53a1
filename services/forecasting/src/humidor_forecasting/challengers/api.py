"""Forecasts made elsewhere over HTTP: who they are, how good, and who is champion."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.inputs import IfMatch, StoreId, tag, visible_stores
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_forecasting.challengers import queries, service
from humidor_forecasting.challengers.schemas import (
    ChallengerView,
    ChampionInput,
    ChampionView,
    PolicyInput,
    VerdictView,
)
from humidor_forecasting.inputs import Code, Gtin, Reader, Writer

router = APIRouter(prefix="/v1", tags=["challengers"])

Source = Annotated[Code, Path()]


@router.get("/challengers")
async def list_challengers(
    conn: Read, principal: Reader, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[ChallengerView]:
    """Read the sources of forecasts that were imported, and how each is chosen."""
    principal.check_every_store()
    after = decode_cursor(cursor, str)[0] if cursor else ""
    found = await queries.page(conn, after=after, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].source) if more else None)


@router.get("/challengers/{source}")
async def get_challenger(conn: Read, principal: Reader, source: Source, response: Response) -> ChallengerView:
    principal.check_every_store()
    view = await service.get_challenger(conn, source)
    tag(response, view.version)
    return view


@router.put("/challengers/{source}/policy")
async def put_policy(
    conn: Tx,
    principal: Writer,
    source: Source,
    policy: PolicyInput,
    response: Response,
    if_match: IfMatch = None,
) -> ChallengerView:
    """Say whether a source becomes champion by hand alone, or wherever its verdict is trusted."""
    principal.check_every_store()
    view = await service.put_policy(conn, principal, source, policy, if_match=if_match, now=utc_now())
    tag(response, view.version)
    return view


@router.get("/challengers/{source}/verdicts")
async def list_verdicts(
    conn: Read,
    principal: Reader,
    source: Source,
    store_id: Annotated[StoreId | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[VerdictView]:
    """Read, for each series, who forecast better on the days that have come true, and why."""
    after = decode_cursor(cursor, str, str) if cursor else ("", "")
    pairs = await queries.page_series(
        conn, source, stores=visible_stores(principal, store_id), after=(after[0], after[1]), limit=limit + 1
    )
    found = await service.read_verdicts(conn, source, pairs[:limit], now=utc_now())
    more = len(pairs) > limit
    return Page(items=found, next_cursor=encode_cursor(*pairs[limit - 1]) if more else None)


@router.get("/champions")
async def list_champions(
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ChampionView]:
    """Read which series' forecasts are those of a source because somebody chose so."""
    after = decode_cursor(cursor, str, str) if cursor else ("", "")
    found = await queries.champions(
        conn, stores=visible_stores(principal, store_id), after=(after[0], after[1]), limit=limit + 1
    )
    last = found[limit - 1] if len(found) > limit else None
    return Page(items=found[:limit], next_cursor=encode_cursor(last.store_id, last.gtin) if last else None)


@router.put("/champions/{store_id}/{gtin}")
async def put_champion(
    conn: Tx, principal: Writer, store_id: StoreId, gtin: Gtin, champion: ChampionInput
) -> ChampionView:
    """Have the forecasts of a source published for a series, from the next run on."""
    principal.check_store(store_id)
    return await service.choose_champion(conn, principal, (store_id, gtin), champion, now=utc_now())


@router.delete("/champions/{store_id}/{gtin}", status_code=204)
async def delete_champion(conn: Tx, principal: Writer, store_id: StoreId, gtin: Gtin) -> None:
    """Let our own forecasts be published again, from the next run on."""
    principal.check_store(store_id)
    await service.drop_champion(conn, principal, (store_id, gtin))
