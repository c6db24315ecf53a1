"""Kits over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_inventory.inputs import Gtin, IfMatch, Reader, StoreId, Writer, tag, visible_stores
from humidor_inventory.kits import queries, service
from humidor_inventory.kits.assembly import assemble, disassemble
from humidor_inventory.kits.schemas import AssembleInput, AssemblyView, DisassembleInput, KitInput, KitView

router = APIRouter(prefix="/v1", tags=["kits"])


@router.put("/kits/{gtin}", responses={201: {"model": KitView}})
async def put_kit(
    conn: Tx, principal: Writer, gtin: Gtin, kit: KitInput, response: Response, if_match: IfMatch = None
) -> KitView:
    """Say what one pack of this product is made of."""
    principal.check_every_store()
    view = await service.put_kit(conn, principal, gtin, kit, now=utc_now(), if_match=if_match)
    tag(response, view.version, created=view.version == 1)
    return view


@router.get("/kits/{gtin}")
async def get_kit(conn: Read, _: Reader, gtin: Gtin, response: Response) -> KitView:
    view = await service.get_kit(conn, gtin)
    tag(response, view.version)
    return view


@router.delete("/kits/{gtin}", status_code=204)
async def delete_kit(conn: Tx, principal: Writer, gtin: Gtin, if_match: IfMatch = None) -> None:
    principal.check_every_store()
    await service.delete_kit(conn, principal, gtin, if_match=if_match)


@router.get("/kits")
async def list_kits(
    conn: Read, _: Reader, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[KitView]:
    after = decode_cursor(cursor, str)[0] if cursor else ""
    found = await queries.list_kits(conn, after=after, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].gtin) if more else None)


@router.post("/kits/{gtin}:assemble", status_code=201, response_model=AssemblyView)
async def post_assemble(
    conn: Tx, principal: Writer, gtin: Gtin, given: AssembleInput, idempotency: Idempotency
) -> Response:
    """Make kits in a store of what stands there: all of them or none."""
    principal.check_store(given.store_id)
    return await idempotency.run(conn, lambda: assemble(conn, principal, gtin, given, now=utc_now()))


@router.post("/kits/{gtin}:disassemble", status_code=201, response_model=AssemblyView)
async def post_disassemble(
    conn: Tx, principal: Writer, gtin: Gtin, given: DisassembleInput, idempotency: Idempotency
) -> Response:
    """Take kits of a lot apart; the components go back on the shelf."""
    principal.check_store(given.store_id)
    return await idempotency.run(conn, lambda: disassemble(conn, principal, gtin, given, now=utc_now()))


@router.get("/assemblies")
async def list_assemblies(
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    gtin: Annotated[Gtin | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[AssemblyView]:
    """Read what was made and taken apart, the oldest first."""
    after = decode_cursor(cursor, UUID)[0] if cursor else None
    visible = visible_stores(principal, store_id)
    found = await queries.list_assemblies(conn, visible, gtin, after=after, limit=limit + 1)
    items = found[:limit]
    more = len(found) > limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].assembly_id) if more else None)
