"""Users and the audit trail, for administrators."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from humidor_common.auth import Principal
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.authorization import require
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_common.web.problems import invalid
from humidor_gateway.users import service
from humidor_gateway.users.passwords import Passwords, make_one_time_password
from humidor_gateway.users.schemas import AuditEntry, NewUser, UserChange, UserView, UserWithPassword

router = APIRouter(prefix="/v1", tags=["users"])

Admin = Annotated[Principal, Depends(require("gateway:admin"))]
Reader = Annotated[Principal, Depends(require("gateway:read"))]
Username = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9._@-]{0,63}$")]
IfMatch = Annotated[str | None, Header(pattern=r'^(W/)?"[0-9]{1,9}"$')]


# No Idempotency-Key: it would keep the one-time password in the database. The name makes a repeat a 409.
@router.post("/users", status_code=201)
async def create_user(request: Request, conn: Tx, admin: Admin, new: NewUser) -> UserWithPassword:
    password = make_one_time_password()
    password_hash = await request.app.state.runtime.get(Passwords).hash(password)
    user = await service.create_user(conn, admin, new, password_hash)
    return UserWithPassword(user=user, one_time_password=password)


@router.get("/users")
async def list_users(
    conn: Read, reader: Reader, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[UserView]:
    after = decode_cursor(cursor, str)[0] if cursor else ""
    items = await service.list_users(conn, reader, after, limit + 1)
    more = len(items) > limit
    return Page(items=items[:limit], next_cursor=encode_cursor(items[limit - 1].username) if more else None)


@router.get("/users/{username}")
async def get_user(conn: Read, reader: Reader, username: Username, response: Response) -> UserView:
    user = await service.get_user(conn, reader, username)
    response.headers["ETag"] = f'"{user.version}"'
    return user


@router.patch("/users/{username}")
async def change_user(  # the six that HTTP gives
    conn: Tx,
    admin: Admin,
    username: Username,
    change: UserChange,
    response: Response,
    if_match: IfMatch = None,
) -> UserView:
    version = int(if_match.removeprefix("W/").strip('"')) if if_match else None
    user = await service.change_user(conn, admin, username, change, version)
    response.headers["ETag"] = f'"{user.version}"'
    return user


@router.post("/users/{username}:reset-password")
async def reset_password(request: Request, conn: Tx, admin: Admin, username: Username) -> UserWithPassword:
    password = make_one_time_password()
    password_hash = await request.app.state.runtime.get(Passwords).hash(password)
    user = await service.reset_password(conn, admin, username, password_hash)
    return UserWithPassword(user=user, one_time_password=password)


@router.get("/audit")
async def list_audit(
    conn: Read,
    reader: Reader,
    entity_id: Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[AuditEntry]:
    before = decode_cursor(cursor, int)[0] if cursor else None
    if before is not None and not 0 < before < 2**63:
        raise invalid("cursor", "is not one that this service gave out")
    rows = await service.list_audit(conn, reader, before, entity_id, limit + 1)
    items = [AuditEntry.model_validate(dict(row)) for row in rows[:limit]]
    return Page(items=items, next_cursor=encode_cursor(items[-1].id) if len(rows) > limit else None)
