"""Signatures by which a receiver knows that a message is ours."""

import base64
import binascii
import hmac
import secrets
from datetime import datetime, timedelta

TOLERANCE = timedelta(minutes=5)
_PREFIX = "whsec_"


def webhook_headers(message_id: str, secret: str | None, body: bytes, *, now: datetime) -> dict[str, str]:
    """Give the headers of Standard Webhooks 1.0: id, time and HMAC-SHA256 over `id.time.body` in base64.

    Several secrets with spaces between them sign side by side, for as long as a receiver changes over.

    Raises:
        ValueError: The secret is not a key in base64, with or without `whsec_`.
    """
    seconds = str(int(now.timestamp()))
    headers = {"webhook-id": message_id, "webhook-timestamp": seconds}
    if secret is not None:
        signed = b".".join((message_id.encode(), seconds.encode(), body))
        digests = [hmac.digest(webhook_key(each), signed, "sha256") for each in secret.split(" ")]
        headers["webhook-signature"] = " ".join(f"v1,{base64.b64encode(each).decode()}" for each in digests)
    return headers


def make_webhook_secret() -> str:
    """Make a secret of 256 random bits."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def webhook_key(secret: str) -> bytes:
    """Read the key out of a webhook's secret.

    Raises:
        ValueError: It is not base64.
    """
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("the secret of a webhook is whsec_ and a key in base64") from error


def dingtalk_query(secret: str, *, now: datetime) -> dict[str, str]:
    """Give what a DingTalk robot with 加签 asks for: HMAC-SHA256 over milliseconds and secret."""
    milliseconds = str(int(now.timestamp() * 1000))
    digest = hmac.digest(secret.encode(), f"{milliseconds}\n{secret}".encode(), "sha256")
    return {"timestamp": milliseconds, "sign": base64.b64encode(digest).decode()}


def is_signed(key: bytes, message: tuple[str, str, bytes], signatures: str, *, now: datetime) -> bool:
    """Check a message that came in as Standard Webhooks 1.0 says.

    Args:
        key: The shared secret.
        message: Its id, its time in seconds since 1970, its body.
        signatures: What came as `webhook-signature`: some of `v1,<HMAC-SHA256 in base64>`, by spaces.
        now: The time here; one more than 5 minutes apart is refused, so that no old message is sent again.
    """
    message_id, seconds, body = message
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 12):
        return False
    if abs(int(seconds) - now.timestamp()) > TOLERANCE.total_seconds():
        return False
    signed = b".".join((message_id.encode(), seconds.encode(), body))
    wanted = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    given = [each for each in signatures.split(" ") if each.isascii()]
    return any(hmac.compare_digest(wanted, each) for each in given)
