"""Terminals, for operators."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from humidor_common.auth import Principal
from humidor_common.db.transaction import Read, transaction
from humidor_common.runtime import Runtime
from humidor_common.web.authorization import require
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_pos.terminals import service
from humidor_pos.terminals.directory import Terminals
from humidor_pos.terminals.schemas import NewTerminal, StoreId, TerminalKey, TerminalView

router = APIRouter(prefix="/v1/terminals", tags=["terminals"])

Admin = Annotated[Principal, Depends(require("pos:admin"))]
Reader = Annotated[Principal, Depends(require("pos:read"))]
TerminalId = Annotated[str, Path(max_length=64, pattern=r"^[0-9A-Za-z]+$")]


# These three open their transaction themselves: this process has to forget the terminal after the commit.
# There is no Idempotency-Key on purpose, as it would keep the key's only copy in the database.
@router.post("", status_code=201)
async def register_terminal(request: Request, admin: Admin, new: NewTerminal) -> TerminalKey:
    runtime: Runtime = request.app.state.runtime
    async with transaction(runtime.pool) as conn:
        made = await service.register_terminal(conn, admin, new)
    runtime.get(Terminals).expire()
    return made


@router.post("/{terminal_id}:rotate")
async def rotate_key(request: Request, admin: Admin, terminal_id: TerminalId) -> TerminalKey:
    runtime: Runtime = request.app.state.runtime
    async with transaction(runtime.pool) as conn:
        made = await service.rotate_key(conn, admin, terminal_id)
    runtime.get(Terminals).expire()
    return made


@router.post("/{terminal_id}:revoke")
async def revoke_terminal(request: Request, admin: Admin, terminal_id: TerminalId) -> TerminalView:
    runtime: Runtime = request.app.state.runtime
    async with transaction(runtime.pool) as conn:
        revoked = await service.revoke_terminal(conn, admin, terminal_id)
    runtime.get(Terminals).expire()
    return revoked


@router.get("/{terminal_id}")
async def get_terminal(conn: Read, reader: Reader, terminal_id: TerminalId) -> TerminalView:
    return await service.get_terminal(conn, reader, terminal_id)


@router.get("")
async def list_terminals(
    conn: Read,
    reader: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[TerminalView]:
    after = decode_cursor(cursor, str)[0] if cursor else ""
    items = await service.list_terminals(conn, reader, store_id, after, limit + 1)
    more = len(items) > limit
    return Page(
        items=items[:limit], next_cursor=encode_cursor(items[limit - 1].terminal_id) if more else None
    )
