"""Webhooks over HTTP, for administrators of every store."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.delivery.web import DeliveryState, PrivateTargets
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.inputs import IfMatch, Moment, tag
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_customers.inputs import NEWEST, Admin
from humidor_customers.webhooks import log, service
from humidor_customers.webhooks.offered import describe, offered
from humidor_customers.webhooks.schemas import (
    EventType,
    MessageView,
    NewWebhook,
    OfferedList,
    OfferedView,
    Replay,
    Replayed,
    Rotation,
    TestSent,
    WebhookChange,
    WebhookSecret,
    WebhookStatus,
    WebhookView,
)

router = APIRouter(tags=["webhooks"])


@router.get("/v1/webhook-events")
async def list_offered(_: Admin) -> OfferedList:
    """Read which events can be subscribed to, and what they look like."""
    return OfferedList(items=[OfferedView(**describe(event)) for event in offered().values()])


@router.post("/v1/webhooks", status_code=201, response_model=WebhookSecret)
async def post_webhook(
    conn: Tx, principal: Admin, given: NewWebhook, idempotency: Idempotency, private: PrivateTargets
) -> Response:
    """Have a system told of events; the answer holds the only copy of the secret that signs."""
    return await idempotency.run(
        conn, lambda: service.create_webhook(conn, principal, given, private=private, now=utc_now())
    )


@router.get("/v1/webhooks")
async def list_webhooks(
    conn: Read, _: Admin, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[WebhookStatus]:
    """Read webhooks, each with how much is under way to it and how much is parked."""
    after = decode_cursor(cursor, UUID)[0] if cursor else UUID(int=0)
    found = await service.list_webhooks(conn, after=after, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].webhook_id) if more else None)


@router.get("/v1/webhooks/{webhook_id}")
async def get_webhook(conn: Read, _: Admin, webhook_id: UUID, response: Response) -> WebhookStatus:
    view = await service.get_webhook(conn, webhook_id)
    tag(response, view.version)
    return view


@router.put("/v1/webhooks/{webhook_id}")
async def put_webhook(  # noqa: PLR0913, PLR0917 - FastAPI's parameters
    conn: Tx,
    principal: Admin,
    webhook_id: UUID,
    given: WebhookChange,
    private: PrivateTargets,
    response: Response,
    if_match: IfMatch = None,
) -> WebhookView:
    """Change a webhook; what waits goes to the new target. Switched off, it keeps what waits as parked."""
    view = await service.change_webhook(
        conn, principal, (webhook_id, given), private=private, if_match=if_match, now=utc_now()
    )
    tag(response, view.version)
    return view


@router.delete("/v1/webhooks/{webhook_id}", status_code=204)
async def delete_webhook(conn: Tx, principal: Admin, webhook_id: UUID, if_match: IfMatch = None) -> None:
    """Forget a webhook with its log; what waits is not sent any more."""
    await service.delete_webhook(conn, principal, webhook_id, if_match=if_match, now=utc_now())


@router.post("/v1/webhooks/{webhook_id}:rotate-secret")
async def post_rotation(conn: Tx, principal: Admin, webhook_id: UUID, rotation: Rotation) -> WebhookSecret:
    """Give a webhook another secret; the one before signs beside it until the overlap ends."""
    return await service.rotate_secret(conn, principal, webhook_id, rotation, now=utc_now())


@router.post("/v1/webhooks/{webhook_id}:test")
async def post_test(conn: Tx, principal: Admin, webhook_id: UUID) -> TestSent:
    """Send a message that says no more than that the webhook works."""
    return TestSent(delivery_id=await service.send_test(conn, principal, webhook_id, now=utc_now()))


@router.get("/v1/webhooks/{webhook_id}/deliveries")
async def list_messages(  # noqa: PLR0913 - one parameter a filter
    *,
    conn: Read,
    _: Admin,
    webhook_id: UUID,
    since: Annotated[Moment | None, Query(alias="from")] = None,
    until: Annotated[Moment | None, Query(description="Exclusive.")] = None,
    state: DeliveryState | None = None,
    event_type: Annotated[EventType | None, Query(alias="type")] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[MessageView]:
    """Read what a webhook was sent in the last 30 days, the newest first."""
    before = decode_cursor(cursor, UUID)[0] if cursor else NEWEST
    found = await log.list_messages(
        conn,
        webhook_id,
        span=(since, until),
        state=state,
        event_type=event_type,
        before=before,
        limit=limit + 1,
    )
    more = len(found) > limit
    return Page(
        items=found[:limit], next_cursor=encode_cursor(found[limit - 1].delivery_id) if more else None
    )


@router.post("/v1/webhooks/{webhook_id}/deliveries:replay")
async def post_replay(conn: Tx, principal: Admin, webhook_id: UUID, replay: Replay) -> Replayed:
    """Send everything of a range again, each message under the id that it had."""
    return Replayed(messages=await log.replay_range(conn, principal, webhook_id, replay, now=utc_now()))


@router.post("/v1/webhooks/{webhook_id}/deliveries/{delivery_id}:replay")
async def post_replay_of_one(conn: Tx, principal: Admin, webhook_id: UUID, delivery_id: UUID) -> MessageView:
    """Send a message again under the id that it had."""
    return await log.replay_message(conn, principal, webhook_id, delivery_id, now=utc_now())
