"""What webhooks were sent, and sending it again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.problems import Problem, invalid, not_found
from humidor_customers.conditions import Conditions
from humidor_customers.webhooks.rules import first_id
from humidor_customers.webhooks.schemas import MessageView, Replay
from humidor_customers.webhooks.service import find, signing_secrets

REPLAY_MOST = 10_000

_LIST = """
SELECT d.delivery_id, m.event_id, d.topic AS type, d.subject, d.state, d.attempts, d.due_at, d.created_at,
       d.settled_at, a.status AS last_status, a.detail AS last_answer,
       round(extract(epoch FROM a.ended_at - a.started_at) * 1000)::int AS last_latency_ms
FROM webhook_messages m
JOIN deliveries d USING (delivery_id)
LEFT JOIN LATERAL (SELECT * FROM delivery_attempts l
                   WHERE l.delivery_id = m.delivery_id ORDER BY l.attempt DESC LIMIT 1) a ON true
"""
_AGAIN = """
UPDATE deliveries SET state = 'pending', tries = 0, due_at = $2, settled_at = NULL, reason = NULL,
                      target = $3, secret = $4
WHERE delivery_id = ANY($1::uuid[])
"""
_IN_RANGE = """
SELECT d.delivery_id FROM webhook_messages m JOIN deliveries d USING (delivery_id)
WHERE m.webhook_id = $1 AND m.delivery_id >= $2 AND m.delivery_id < $3
  AND d.state = ANY($4::text[]) AND ($5::text[] = '{}' OR d.topic = ANY($5::text[]))
ORDER BY m.delivery_id LIMIT $6 FOR UPDATE OF d
"""

Span = tuple[datetime | None, datetime | None]


async def list_messages(  # noqa: PLR0913 - one argument a filter
    conn: Connection,
    webhook_id: UUID,
    *,
    span: Span,
    state: str | None,
    event_type: str | None,
    before: UUID,
    limit: int,
) -> list[MessageView]:
    """Read what was put in for a webhook, the newest first."""
    await find(conn, webhook_id)
    statement, arguments = page_statement(
        webhook_id, span=span, state=state, event_type=event_type, before=before, limit=limit
    )
    return [MessageView(**row) for row in await conn.fetch(statement, *arguments)]


def page_statement(
    webhook_id: UUID, *, span: Span, state: str | None, event_type: str | None, before: UUID, limit: int
) -> tuple[str, list[Any]]:
    query = Conditions()
    query.where("m.webhook_id = ? AND m.delivery_id < ?", webhook_id, before)
    since, until = span
    if since is not None:
        query.where("m.delivery_id >= ?", first_id(since))
    if until is not None:
        query.where("m.delivery_id < ?", first_id(until))
    if state is not None:
        query.where("d.state = ?", state)
    if event_type is not None:
        query.where("d.topic = ?", event_type)
    return f"{_LIST} WHERE {query.sql} ORDER BY m.delivery_id DESC LIMIT {limit}", query.arguments


async def replay_message(
    conn: Connection, principal: Principal, webhook_id: UUID, delivery_id: UUID, *, now: datetime
) -> MessageView:
    """Send a message again, under its id, to the target and with the secret of today.

    Raises:
        Problem: 404; 409 `delivery-state` while it is under way anyhow.
    """
    webhook = await find(conn, webhook_id)
    state = await conn.fetchval(
        """SELECT d.state FROM webhook_messages m JOIN deliveries d USING (delivery_id)
           WHERE m.webhook_id = $1 AND m.delivery_id = $2 FOR UPDATE OF d""",
        webhook_id,
        delivery_id,
    )
    if state is None:
        raise not_found("delivery of this webhook", delivery_id)
    if state == "pending":
        raise Problem(409, "delivery-state", "This delivery is under way.")
    await _again(conn, principal, webhook, [delivery_id], now=now)
    (row,) = await conn.fetch(f"{_LIST} WHERE m.delivery_id = $1", delivery_id)
    return MessageView(**row)


async def replay_range(
    conn: Connection, principal: Principal, webhook_id: UUID, replay: Replay, *, now: datetime
) -> int:
    """Send everything of a range again, each message under its id; gives how many there are.

    Raises:
        Problem: 404; 422 where the range is empty, or holds more than can be sent again at once.
    """
    webhook = await find(conn, webhook_id)
    if replay.until <= replay.since:
        raise invalid("until", "is not after from")
    bounds = first_id(replay.since), first_id(replay.until)
    rows = await conn.fetch(_IN_RANGE, webhook_id, *bounds, replay.states, replay.types, REPLAY_MOST + 1)
    if len(rows) > REPLAY_MOST:
        raise invalid("until", f"the range has more than {REPLAY_MOST} messages: take a shorter one")
    await _again(conn, principal, webhook, [row[0] for row in rows], now=now)
    return len(rows)


async def _again(
    conn: Connection, principal: Principal, webhook: Any, deliveries: Sequence[UUID], *, now: datetime
) -> None:
    await conn.execute(_AGAIN, list(deliveries), now, webhook["target"], signing_secrets(webhook, now))
    after = (
        {"messages": len(deliveries), "first": deliveries[0], "last": deliveries[-1]} if deliveries else {}
    )
    await audit.record(conn, principal, "replay", "webhook", str(webhook["webhook_id"]), after=after)
