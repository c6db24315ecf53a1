"""Whether a message is the sender's; pure."""

import hmac
from base64 import b64encode
from datetime import datetime, timedelta

TOLERANCE = timedelta(minutes=5)


def is_signed(key: bytes, message: tuple[str, str, bytes], signatures: str, *, now: datetime) -> bool:
    """Check a message as Standard Webhooks 1.0 says.

    Args:
        key: The shared secret.
        message: Its id, its time in seconds since 1970, its body.
        signatures: What came as `webhook-signature`: some of `v1,<HMAC-SHA256 in base64>`, by spaces.
        now: The time here; one that is 5 minutes apart is refused, so that no old message is sent again.
    """
    message_id, seconds, body = message
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 12):
        return False
    if abs(int(seconds) - now.timestamp()) > TOLERANCE.total_seconds():
        return False
    signed = b".".join((message_id.encode(), seconds.encode(), body))
    wanted = "v1," + b64encode(hmac.digest(key, signed, "sha256")).decode()
    given = [each for each in signatures.split(" ") if each.isascii()]
    return any(hmac.compare_digest(wanted, each) for each in given)
