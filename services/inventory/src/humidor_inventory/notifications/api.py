"""Subscriptions to alerts over HTTP."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.delivery.web import PrivateTargets
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_inventory.inputs import IfMatch, Reader, Writer, tag
from humidor_inventory.notifications import service
from humidor_inventory.notifications.schemas import (
    SubscriptionChange,
    SubscriptionInput,
    SubscriptionView,
    TestSent,
)

router = APIRouter(prefix="/v1/alert-subscriptions", tags=["alerts"])


@router.post("", status_code=201, response_model=SubscriptionView)
async def post_subscription(
    conn: Tx, principal: Writer, given: SubscriptionInput, idempotency: Idempotency, private: PrivateTargets
) -> Response:
    """Have somebody told of alerts over a channel."""
    return await idempotency.run(
        conn,
        lambda: service.create_subscription(conn, principal, given, private=private, now=utc_now()),
    )


@router.put("/{subscription_id}")
async def put_subscription(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Tx,
    principal: Writer,
    subscription_id: UUID,
    given: SubscriptionChange,
    private: PrivateTargets,
    response: Response,
    if_match: IfMatch = None,
) -> SubscriptionView:
    """Change a subscription; target and secret stay where they are left out."""
    change = (subscription_id, given)
    view = await service.change_subscription(
        conn, principal, change, private=private, if_match=if_match, now=utc_now()
    )
    tag(response, view.version)
    return view


@router.get("/{subscription_id}")
async def get_subscription(
    conn: Read, principal: Reader, subscription_id: UUID, response: Response
) -> SubscriptionView:
    view = await service.get_subscription(conn, principal, subscription_id)
    tag(response, view.version)
    return view


@router.delete("/{subscription_id}", status_code=204)
async def delete_subscription(
    conn: Tx, principal: Writer, subscription_id: UUID, if_match: IfMatch = None
) -> None:
    await service.delete_subscription(conn, principal, subscription_id, if_match=if_match)


@router.get("")
async def list_subscriptions(
    conn: Read, principal: Reader, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[SubscriptionView]:
    after = decode_cursor(cursor, UUID)[0] if cursor else UUID(int=0)
    found = await service.list_subscriptions(conn, principal, after=after, limit=limit + 1)
    items = found[:limit]
    more = len(found) > limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].subscription_id) if more else None)


@router.post("/{subscription_id}:test")
async def test_subscription(conn: Tx, principal: Writer, subscription_id: UUID) -> TestSent:
    """Send a message that says no more than that the subscription works."""
    return TestSent(delivery_id=await service.send_test(conn, principal, subscription_id, now=utc_now()))
