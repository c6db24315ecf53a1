"""What a webhook needs before anything is sent to it: an address that may be used, and a key that signs."""

from humidor_common.delivery.signing import webhook_key
from humidor_common.delivery.targets import TargetRefused, check_target
from humidor_common.web.problems import invalid

KEY_BYTES = 24
"""The least that Standard Webhooks asks for."""


def check_webhook(target: str, secret: str, *, private: bool) -> None:
    """Refuse a webhook that nothing could be sent to, or whose secret is too weak to sign with.

    Raises:
        Problem: 422 naming `target` or `secret`.
    """
    try:
        check_target("webhook", target, private=private)
    except TargetRefused as error:
        raise invalid("target", str(error)) from error
    try:
        key = webhook_key(secret)
    except ValueError as error:
        raise invalid("secret", str(error)) from error
    if len(key) < KEY_BYTES:
        raise invalid("secret", "a webhook is signed: give whsec_ and at least 24 bytes in base64")
