"""Messages to suppliers' systems about their orders and returns: signed webhooks, in the transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from humidor_common.db.pool import Connection
from humidor_common.delivery.messages import Outgoing, enqueue

_HOOKS = (
    "SELECT supplier_id, url, secret FROM supplier_webhooks WHERE enabled AND supplier_id = ANY($1::text[])"
)
_LOG = "INSERT INTO supplier_notices (delivery_id, supplier_id) SELECT * FROM unnest($1::uuid[], $2::text[])"


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What a supplier shall learn; `topic` is the webhook's type, `subject` the order or return."""

    supplier_id: str | None
    topic: str
    subject: str
    body: dict[str, Any]


async def notify_suppliers(conn: Connection, notices: Sequence[Notice], *, now: datetime) -> None:
    """Put the notices in for those suppliers who have a webhook."""
    named = {notice.supplier_id for notice in notices} - {None}
    if not named:
        return
    hooks = {row[0]: row for row in await conn.fetch(_HOOKS, sorted(named))}  # type: ignore[type-var]
    told = [notice for notice in notices if notice.supplier_id in hooks]
    if not told:
        return
    messages = [
        Outgoing(
            channel="webhook",
            target=hooks[notice.supplier_id]["url"],
            secret=hooks[notice.supplier_id]["secret"],
            topic=notice.topic,
            subject=notice.subject,
            body=notice.body,
        )
        for notice in told
    ]
    ids = await enqueue(conn, messages, now=now)
    await conn.execute(_LOG, ids, [notice.supplier_id for notice in told])
