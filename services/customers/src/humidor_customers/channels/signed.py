"""Calls signed as Standard Webhooks 1.0: id, time and HMAC-SHA256 over `id.time.body`."""

from datetime import datetime

from humidor_common.delivery.signing import is_signed, webhook_key
from humidor_customers.channels.adapter import Forged, Incoming


def check_signature(secret: str | None, incoming: Incoming, *, now: datetime) -> str:
    """Give the id of a call whose signature is right.

    Raises:
        Forged: It is not, the call is older (or newer) than five minutes, or nothing may come in here.
    """
    headers = incoming.headers
    message_id = headers.get("webhook-id", "")
    if not secret or not message_id:
        raise Forged
    message = (message_id, headers.get("webhook-timestamp", ""), incoming.body)
    if not is_signed(webhook_key(secret), message, headers.get("webhook-signature", ""), now=now):
        raise Forged
    return message_id
