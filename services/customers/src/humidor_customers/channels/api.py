"""Accounts with providers of channels over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.inputs import IfMatch, tag
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_customers.channels import service
from humidor_customers.channels.schemas import (
    AccountId,
    AccountInput,
    AccountView,
    HandleInput,
    HandleView,
)
from humidor_customers.consumers.schemas import MemberId
from humidor_customers.inputs import Admin, Reader, Writer
from humidor_customers.parties import Party, PartyKind, seen
from humidor_customers.settings import CustomersSettings

router = APIRouter(prefix="/v1/channels", tags=["channels"])


def _settings(request: Request) -> CustomersSettings:
    settings: CustomersSettings = request.app.state.runtime.settings
    return settings


Settings = Annotated[CustomersSettings, Depends(_settings)]
AccountPath = Annotated[AccountId, Path()]


@router.put("/{account_id}", responses={201: {"model": AccountView}})
async def put_account(  # noqa: PLR0913 - what FastAPI injects
    conn: Tx,
    principal: Admin,
    *,
    settings: Settings,
    account_id: AccountPath,
    account: AccountInput,
    response: Response,
    if_match: IfMatch = None,
) -> AccountView:
    """Make or change an account with a provider; secrets are sealed and never shown."""
    view = await service.put_account(
        conn, principal, (account_id, account), settings, if_match=if_match, now=utc_now()
    )
    tag(response, view.version, created=view.version == 1)
    return view


@router.get("")
async def list_accounts(
    conn: Read, _: Reader, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[AccountView]:
    after = decode_cursor(cursor, str)[0] if cursor else ""
    found = await service.list_accounts(conn, after=after, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].account_id) if more else None)


@router.get("/{account_id}")
async def get_account(conn: Read, _: Reader, account_id: AccountPath, response: Response) -> AccountView:
    view = await service.get_account(conn, account_id)
    tag(response, view.version)
    return view


@router.post("/{account_id}/handles", status_code=201, response_model=HandleView)
async def post_handle(
    conn: Tx, principal: Writer, account_id: AccountPath, handle: HandleInput, idempotency: Idempotency
) -> Response:
    """Say under which name a customer is known with the provider."""
    return await idempotency.run(
        conn, lambda: service.bind(conn, principal, account_id, handle, now=utc_now())
    )


@router.get("/handles/{kind}/{customer_id}")
async def list_handles(
    conn: Tx,
    principal: Writer,
    kind: Annotated[PartyKind, Path()],
    customer_id: Annotated[MemberId, Path()],
    limit: Annotated[int, Query(ge=1, le=100)] = 100,
) -> Page[HandleView]:
    """Read under which names a customer is known; noted in the audit trail."""
    party = Party(kind, customer_id)
    await seen(conn, principal, party)
    return Page(items=(await service.handles_of(conn, principal, party))[:limit])
