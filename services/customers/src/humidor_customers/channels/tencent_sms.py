"""SMS by Tencent Cloud: `SendSms` of API 3.0 (version 2021-01-11), signed TC3-HMAC-SHA256, and its callbacks.

Texts are templates that the provider has approved; a message gives the template's id and parameters.
"""

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from humidor_common.delivery.channels import exchange
from humidor_common.delivery.retries import Outcome
from humidor_customers.channels.adapter import (
    Account,
    Consent,
    Forged,
    Inbound,
    Incoming,
    Medium,
    Message,
    Receipt,
    Received,
    Sent,
    Telling,
    Tools,
    Unreadable,
)

CONTENT_TYPE = "application/json; charset=utf-8"
_TAKEN = '{"result": 0, "errmsg": "OK"}'
# What comes right by itself: too many at once, and the provider's own troubles.
_FOR_NOW = ("RequestLimitExceeded", "LimitExceeded", "InternalError")


class _Reply(msgspec.Struct):
    mobile: str
    text: str
    time: int
    nationcode: str = "86"


class _Status(msgspec.Struct):
    sid: str
    report_status: str
    errmsg: str = ""


class TencentSms(Telling):
    """Sends one number a request; a reply and a receipt come to our callback, whose address holds a key."""

    medium: Medium = "sms"
    consent: Consent = "sms"
    by_template = True

    async def send(self, tools: Tools, account: Account, message: Message) -> Sent:
        given = account.settings
        document = {
            "PhoneNumberSet": [message.address],
            "SmsSdkAppId": given["sdk_app_id"],
            "SignName": given["sign_name"],
            "TemplateId": message.template_id,
            "TemplateParamSet": list(message.params),
            "SessionContext": str(message.interaction_id),
        }
        body = msgspec.json.encode(document)
        host = urlsplit(given["base_url"]).netloc
        headers = {
            "Authorization": authorization(
                (given["secret_id"], account.secrets["secret_key"]), ("sms", host), body, now=tools.now
            ),
            "Content-Type": CONTENT_TYPE,
            "X-TC-Action": "SendSms",
            "X-TC-Version": "2021-01-11",
            "X-TC-Region": given["region"],
            "X-TC-Timestamp": str(int(tools.now.timestamp())),
        }
        request = httpx.Request("POST", given["base_url"] + "/", headers=headers, content=body)
        private = tools.settings.delivery_private_targets
        status, _, answer = await exchange(tools.client, request, private=private)
        return read_answer(status, answer)

    def receive(self, account: Account, incoming: Incoming, *, now: datetime) -> Received:
        wanted = account.secrets.get("callback_key")
        if not wanted or not hmac.compare_digest(wanted.encode(), incoming.query.get("key", "").encode()):
            raise Forged
        try:
            if incoming.body.lstrip()[:1] == b"[":
                return _receipts(incoming.body)
            reply = msgspec.json.decode(incoming.body, type=_Reply)
            sent_at = datetime.fromtimestamp(reply.time, UTC)
        except (msgspec.MsgspecError, ValueError, OverflowError, OSError) as error:
            raise Unreadable("the body is neither a reply nor a list of receipts") from error
        # A reply has no id of its own: the same text of one number in one second is one.
        provider_id = hashlib.sha256(incoming.body).hexdigest()
        address = f"+{reply.nationcode}{reply.mobile}"
        return _taken(messages=[Inbound(provider_id, address, reply.text[:2000], min(sent_at, now))])


def authorization(
    credential: tuple[str, str], service_at: tuple[str, str], body: bytes, *, now: datetime
) -> str:
    """Sign a POST of JSON to `/`, as Tencent Cloud's signature v3 says.

    Args:
        credential: SecretId and SecretKey.
        service_at: The product (`sms`) and its host, with the port where it is not 443.
        body: The document as it is sent.
        now: The moment that `X-TC-Timestamp` gives in whole seconds.
    """
    secret_id, secret_key = credential
    service, host = service_at
    seconds, day = str(int(now.timestamp())), now.astimezone(UTC).date().isoformat()
    canonical = "\n".join(
        (
            *("POST", "/", "", f"content-type:{CONTENT_TYPE}", f"host:{host}", ""),
            *("content-type;host", hashlib.sha256(body).hexdigest()),
        )
    )
    scope = f"{day}/{service}/tc3_request"
    signed = "\n".join(("TC3-HMAC-SHA256", seconds, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = f"TC3{secret_key}".encode()
    for part in (day, service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, signed.encode(), "sha256").hex()
    return (
        f"TC3-HMAC-SHA256 Credential={secret_id}/{scope}, SignedHeaders=content-type;host, "
        f"Signature={signature}"
    )


def read_answer(status: int, body: bytes) -> Sent:
    """Read the answer of `SendSms`: one number, so one status; codes say whether trying again may help."""
    try:
        response: dict[str, Any] = msgspec.json.decode(body)["Response"]
        if "Error" in response:
            return Sent(_outcome(status, str(response["Error"]["Code"])))
        (given,) = response["SendStatusSet"]
        code, serial = str(given["Code"]), str(given.get("SerialNo", ""))
    except (msgspec.DecodeError, KeyError, TypeError, ValueError, AttributeError):
        return Sent(Outcome(result="failed", status=status, detail="the answer is not one of SendSms"))
    if code == "Ok":
        return Sent(Outcome(result="sent", status=status), serial or None)
    return Sent(_outcome(status, code))


def _outcome(status: int, code: str) -> Outcome:
    if code.startswith(_FOR_NOW):
        return Outcome(result="failed", status=status, detail=code[:100], retry_after_seconds=60.0)
    return Outcome(result="refused", status=status, detail=code[:100])


def _receipts(body: bytes) -> Received:
    found = msgspec.json.decode(body, type=list[_Status])
    return _taken(receipts=[Receipt(e.sid, e.report_status == "SUCCESS", e.errmsg[:50]) for e in found])


def _taken(**found: Any) -> Received:
    return Received(answer=_TAKEN, media_type="application/json", **found)
