"""Calls signed as Standard Webhooks 1.0: id, time and HMAC-SHA256 over `id.time.body`."""

import base64
import hmac
from datetime import datetime, timedelta

from humidor_common.delivery.signing import webhook_key
from humidor_customers.channels.adapter import Forged, Incoming

TOLERANCE = timedelta(minutes=5)


def check_signature(secret: str | None, incoming: Incoming, *, now: datetime) -> str:
    """Give the id of a call whose signature is right.

    Raises:
        Forged: It is not, the call is older (or newer) than five minutes, or nothing may come in here.
    """
    headers = incoming.headers
    message_id, seconds = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not secret or not message_id or not (seconds.isascii() and seconds.isdigit()):
        raise Forged
    if abs(now.timestamp() - int(seconds[:12])) > TOLERANCE.total_seconds():
        raise Forged
    signed = f"{message_id}.{seconds}.".encode() + incoming.body
    wanted = "v1," + base64.b64encode(hmac.digest(webhook_key(secret), signed, "sha256")).decode()
    given = headers.get("webhook-signature", "").split(" ")
    if not any(hmac.compare_digest(wanted.encode(), each.encode()) for each in given):
        raise Forged
    return message_id
