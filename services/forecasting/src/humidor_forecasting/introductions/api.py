"""Introductions over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.inputs import IfMatch, tag
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_forecasting.inputs import Code, Reader, Writer
from humidor_forecasting.introductions import queries, service
from humidor_forecasting.introductions.schemas import IntroductionInput, IntroductionView

router = APIRouter(prefix="/v1/introductions", tags=["introductions"])

IntroductionPath = Annotated[Code, Path()]


@router.get("")
async def list_introductions(
    conn: Read, _: Reader, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[IntroductionView]:
    """Read introductions, past and planned."""
    after = decode_cursor(cursor, str)[0] if cursor else ""
    found = await queries.page(conn, after=after, limit=limit + 1)
    more = len(found) > limit
    last = found[limit - 1] if more else None
    return Page(items=found[:limit], next_cursor=encode_cursor(last.introduction_id) if last else None)


@router.get("/{introduction_id}")
async def get_introduction(
    conn: Read, _: Reader, introduction_id: IntroductionPath, response: Response
) -> IntroductionView:
    view = await service.get_introduction(conn, introduction_id)
    tag(response, view.version)
    return view


@router.put("/{introduction_id}", responses={201: {"model": IntroductionView}})
async def put_introduction(
    conn: Tx,
    principal: Writer,
    introduction_id: IntroductionPath,
    introduction: IntroductionInput,
    response: Response,
    if_match: IfMatch = None,
) -> IntroductionView:
    """Say what stores will sell without a history; the next run forecasts it from what is like it."""
    view = await service.put_introduction(
        conn, principal, (introduction_id, introduction), if_match=if_match, now=utc_now()
    )
    tag(response, view.version, created=view.version == 1)
    return view


@router.delete("/{introduction_id}", status_code=204)
async def delete_introduction(conn: Tx, principal: Writer, introduction_id: IntroductionPath) -> None:
    """Forget an introduction that does not take place."""
    await service.remove_introduction(conn, principal, introduction_id)
