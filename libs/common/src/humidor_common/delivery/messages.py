"""What is to be sent, and how it is put in: in the transaction of the change."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import UUID

import msgspec

from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.telemetry.traces import current_traceparent

Channel: TypeAlias = Literal["webhook", "email", "wecom", "dingtalk"]
Route: TypeAlias = Channel | Literal["own"]
"""`own` is the service's own way of sending, see `Sender`; its database allows it in `deliveries`."""

_ENQUEUE = """
INSERT INTO deliveries (delivery_id, channel, target, secret, topic, subject, body, due_at, created_at,
                        traceparent)
SELECT (e->>0)::uuid, e->>1, e->>2, e->>3, e->>4, e->>5, e->6, $2, $2, $3
FROM jsonb_array_elements($1::jsonb) e
"""
_SHOWN_OF_A_KEY = 4


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one target.

    `target` is a URL, or an address for `email`. `secret` signs webhooks (Standard Webhooks: `whsec_` and the
    key in base64; two with a space between while one takes over from the other) and messages of DingTalk
    robots (`SEC…`). `topic` says what it is about and is the `type`
    of a webhook (`inventory.alert`). A `body` of text is Markdown for robots and plain text for mails; a
    document is the `data` of a webhook, and is written out as JSON elsewhere.
    """

    channel: Route
    target: str
    secret: str | None = None
    topic: str
    subject: str
    body: dict[str, Any] | str


async def enqueue(conn: Connection, messages: Sequence[Outgoing], *, now: datetime) -> list[UUID]:
    """Put messages in, in the transaction of the change; each goes out at least once, under its id."""
    ids = [uuid7() for _ in messages]
    if messages:
        rows = [
            (i, m.channel, m.target, m.secret, m.topic, m.subject, m.body)
            for i, m in zip(ids, messages, strict=True)
        ]
        await conn.execute(_ENQUEUE, rows, now, current_traceparent())
    return ids


def masked(target: str) -> str:
    """Give a target as it may be shown: robots' URLs carry their key, of which only the end is left.

    Example:
        `https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7aad` becomes `…/send?key=***7aad`.
    """
    parts = urlsplit(target)
    if not parts.scheme or not parts.netloc:
        return target
    query = [
        (name, "***" + (value[-_SHOWN_OF_A_KEY:] if len(value) > 3 * _SHOWN_OF_A_KEY else ""))
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    ]
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, urlencode(query, safe="*"), ""))
