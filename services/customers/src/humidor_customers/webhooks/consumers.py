"""Tells webhooks of events: read from the bus, so each has been committed by whoever told it."""

from collections.abc import Sequence
from datetime import datetime

from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection
from humidor_common.messaging.subscription import Received, Subscription
from humidor_customers.webhooks.offered import offered, payload_of, topics
from humidor_customers.webhooks.rules import matches
from humidor_customers.webhooks.service import outgoing, put_in


async def on_events(conn: Connection, batch: Sequence[Received]) -> None:
    """Put in a message for each webhook that an event fits; the inbox sees to it that this happens once."""
    await tell_webhooks(conn, batch, now=utc_now())


async def tell_webhooks(conn: Connection, batch: Sequence[Received], *, now: datetime) -> int:
    """Put in the messages of a batch, and give how many; what is older than a webhook is none of its own."""
    webhooks = await conn.fetch("SELECT * FROM webhooks WHERE enabled ORDER BY webhook_id FOR SHARE")
    if not webhooks:
        return 0
    known = offered()
    messages = []
    for received in batch:
        event = received.event
        if event.TYPE not in known:
            continue
        payload = payload_of(event)
        for webhook in webhooks:
            fits = event.TYPE in webhook["types"] and webhook["created_at"] <= received.time
            if fits and matches(webhook["filters"], payload):
                message = outgoing(webhook, event.TYPE, event.subject, payload, now=now)
                messages.append((webhook["webhook_id"], received.event_id, message))
    if messages:
        await put_in(conn, messages, now=now)
    return len(messages)


SUBSCRIPTION = Subscription("customers.webhooks", topics(), on_events)
