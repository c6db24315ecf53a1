"""Keeps webhooks: who is told of which events, and what signs it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.delivery import Outgoing, enqueue
from humidor_common.delivery.endpoints import check_webhook
from humidor_common.delivery.messages import masked
from humidor_common.delivery.signing import make_webhook_secret
from humidor_common.ids import uuid7
from humidor_common.web.inputs import check_match
from humidor_common.web.problems import invalid, not_found
from humidor_customers.webhooks.offered import fields_of, offered
from humidor_customers.webhooks.rules import secrets_in_force, unknown_field
from humidor_customers.webhooks.schemas import (
    NewWebhook,
    Rotation,
    WebhookChange,
    WebhookSecret,
    WebhookStatus,
    WebhookTerms,
    WebhookView,
)

TEST = "customers.webhook-test"

_WRITE = """
INSERT INTO webhooks SELECT w.* FROM jsonb_populate_record(null::webhooks, $1) w
ON CONFLICT (webhook_id) DO UPDATE
SET name = excluded.name, target = excluded.target, types = excluded.types, filters = excluded.filters,
    enabled = excluded.enabled, secret = excluded.secret, previous_secret = excluded.previous_secret,
    previous_secret_until = excluded.previous_secret_until, version = excluded.version,
    changed_at = excluded.changed_at, changed_by = excluded.changed_by
RETURNING *
"""
# Counted from the messages that have not gone out, which are few, not from all of a webhook's.
_STATUS = """
WITH unsent AS MATERIALIZED (
    SELECT m.webhook_id, count(*) FILTER (WHERE d.state = 'pending') AS pending,
           count(*) FILTER (WHERE d.state = 'parked') AS parked
    FROM deliveries d JOIN webhook_messages m USING (delivery_id)
    WHERE d.state IN ('pending', 'parked') GROUP BY m.webhook_id)
SELECT w.*, coalesce(u.pending, 0) AS pending, coalesce(u.parked, 0) AS parked
FROM webhooks w LEFT JOIN unsent u USING (webhook_id)
"""
# What waits follows the webhook: to its new target, signed by what is in force now.
_FOLLOW = """
UPDATE deliveries d SET target = $2, secret = $3 FROM webhook_messages m
WHERE m.webhook_id = $1 AND d.delivery_id = m.delivery_id AND d.state IN ('pending', 'parked')
"""
_HALT = """
UPDATE deliveries d SET state = $2, reason = $3, settled_at = $4 FROM webhook_messages m
WHERE m.webhook_id = $1 AND d.delivery_id = m.delivery_id AND d.state = 'pending'
"""


async def create_webhook(
    conn: Connection, principal: Principal, given: NewWebhook, *, private: bool, now: datetime
) -> WebhookSecret:
    """Keep a new webhook; the answer has the only copy of its secret.

    Raises:
        Problem: 422 naming the target, the secret, a type or a filter.
    """
    secret = given.secret or make_webhook_secret()
    check_webhook(given.target, secret, private=private)
    _check_terms(given)
    own = {"webhook_id": uuid7(), "secret": secret, "created_at": now, "version": 1}
    row = await _store(conn, principal, given.model_dump() | own, None, now)
    return WebhookSecret(**_view(row).model_dump(), secret=secret)


async def change_webhook(
    conn: Connection,
    principal: Principal,
    change: tuple[UUID, WebhookChange],
    *,
    private: bool,
    if_match: str | None,
    now: datetime,
) -> WebhookView:
    """Change a webhook; what waits goes to the new target. Switched off, it keeps what waits as parked."""
    webhook_id, given = change
    before = await find(conn, webhook_id, lock=True)
    check_match(if_match, before["version"])
    target = given.target or before["target"]
    check_webhook(target, before["secret"], private=private)
    _check_terms(given)
    changes = given.model_dump() | {"target": target, "version": before["version"] + 1}
    row = await _store(conn, principal, dict(before) | changes, before, now)
    await _follow(conn, row, now)
    if not given.enabled:
        await conn.execute(_HALT, webhook_id, "parked", "the webhook is switched off", now)
    return _view(row)


async def rotate_secret(
    conn: Connection, principal: Principal, webhook_id: UUID, rotation: Rotation, *, now: datetime
) -> WebhookSecret:
    """Give a webhook another secret; until the overlap ends messages are signed with both."""
    before = await find(conn, webhook_id, lock=True)
    secret = rotation.secret or make_webhook_secret()
    check_webhook(before["target"], secret, private=True)
    changes = {
        "secret": secret,
        "previous_secret": before["secret"] if rotation.overlap_hours else None,
        "previous_secret_until": now + timedelta(hours=rotation.overlap_hours),
        "version": before["version"] + 1,
    }
    row = await _store(conn, principal, dict(before) | changes, before, now, action="rotate_secret")
    await _follow(conn, row, now)
    return WebhookSecret(**_view(row).model_dump(), secret=secret)


async def delete_webhook(
    conn: Connection, principal: Principal, webhook_id: UUID, *, if_match: str | None, now: datetime
) -> None:
    """Forget a webhook with its log; what waits is not sent any more."""
    before = await find(conn, webhook_id, lock=True)
    check_match(if_match, before["version"])
    await conn.execute(_HALT, webhook_id, "dropped", "the webhook was deleted", now)
    await conn.execute("DELETE FROM webhooks WHERE webhook_id = $1", webhook_id)
    document = _view(before).model_dump(mode="json")
    await audit.record(conn, principal, "delete", "webhook", str(webhook_id), before=document)


async def get_webhook(conn: Connection, webhook_id: UUID) -> WebhookStatus:
    row = await conn.fetchrow(f"{_STATUS} WHERE w.webhook_id = $1", webhook_id)
    if row is None:
        raise not_found("webhook", webhook_id)
    return _status(row)


async def list_webhooks(conn: Connection, *, after: UUID, limit: int) -> list[WebhookStatus]:
    rows = await conn.fetch(f"{_STATUS} WHERE w.webhook_id > $1 ORDER BY w.webhook_id LIMIT $2", after, limit)
    return [_status(row) for row in rows]


async def send_test(conn: Connection, principal: Principal, webhook_id: UUID, *, now: datetime) -> UUID:
    """Put in a message that says no more than that the webhook works; also while it is switched off."""
    row = await find(conn, webhook_id)
    message = outgoing(row, TEST, str(webhook_id), {"webhook_id": str(webhook_id), "test": True}, now=now)
    (delivery_id,) = await put_in(conn, [(row["webhook_id"], None, message)], now=now)
    await audit.record(conn, principal, "test", "webhook", str(webhook_id))
    return delivery_id


def outgoing(webhook: Any, event_type: str, subject: str, data: dict[str, Any], *, now: datetime) -> Outgoing:
    """Make the message of a webhook, signed by what is in force now."""
    return Outgoing(
        channel="webhook",
        target=webhook["target"],
        secret=signing_secrets(webhook, now),
        topic=event_type,
        subject=subject,
        body=data,
    )


async def put_in(
    conn: Connection, messages: Sequence[tuple[UUID, UUID | None, Outgoing]], *, now: datetime
) -> list[UUID]:
    """Put messages of webhooks in, each with its event if it has one; gives their ids."""
    ids = await enqueue(conn, [message for _, _, message in messages], now=now)
    await conn.execute(
        """INSERT INTO webhook_messages (delivery_id, webhook_id, event_id)
           SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[])""",
        ids,
        [webhook_id for webhook_id, _, _ in messages],
        [event_id for _, event_id, _ in messages],
    )
    return ids


def signing_secrets(webhook: Any, now: datetime) -> str:
    previous, until = webhook["previous_secret"], webhook["previous_secret_until"]
    return secrets_in_force(webhook["secret"], previous, until, now)


async def find(conn: Connection, webhook_id: UUID, *, lock: bool = False) -> Any:
    """Read a webhook.

    Raises:
        Problem: 404.
    """
    suffix = " FOR UPDATE" if lock else ""
    row = await conn.fetchrow(f"SELECT * FROM webhooks WHERE webhook_id = $1{suffix}", webhook_id)  # noqa: S608
    if row is None:
        raise not_found("webhook", webhook_id)
    return row


def _check_terms(given: WebhookTerms) -> None:
    known = offered()
    for place, name in enumerate(given.types):
        if name not in known:
            raise invalid(f"types[{place}]", "is not offered; GET /v1/webhook-events lists what is")
    lacking = unknown_field(given.filters, {name: fields_of(known[name]) for name in given.types})
    if lacking:
        raise invalid(f"filters.{lacking[0]}", f"{lacking[1]} has no such field")


async def _follow(conn: Connection, webhook: Any, now: datetime) -> None:
    await conn.execute(_FOLLOW, webhook["webhook_id"], webhook["target"], signing_secrets(webhook, now))


async def _store(
    conn: Connection,
    principal: Principal,
    document: dict[str, Any],
    before: Any,
    now: datetime,
    *,
    action: str = "",
) -> Any:
    stamp = {"changed_at": now, "changed_by": principal.subject}
    row = await conn.fetchrow(_WRITE, document | stamp)
    shown = [each and _view(each).model_dump(mode="json") for each in (before, row)]
    verb = action or ("change" if before else "create")
    entity_id = str(document["webhook_id"])
    await audit.record(conn, principal, verb, "webhook", entity_id, before=shown[0], after=shown[1])
    return row


def _status(row: Any) -> WebhookStatus:
    return WebhookStatus(**_view(row).model_dump(), pending=row["pending"], parked=row["parked"])


def _view(row: Any) -> WebhookView:
    return WebhookView(**{**row, "target": masked(row["target"])})
