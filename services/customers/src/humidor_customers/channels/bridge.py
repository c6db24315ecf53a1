"""Any other social channel: a bridge that speaks to it calls us and is called as a Standard Webhook.

Out: `{"type": "customers.message", "timestamp", "data": {"message_id", "address", "subject", "text"}}`.
In: `{"message_id", "address", "text", "sent_at"}`, or `{"receipt": message_id, "delivered", "code"}`.
"""

from datetime import datetime

import httpx
import msgspec

from humidor_common.delivery.channels import exchange
from humidor_common.delivery.retries import Outcome
from humidor_common.delivery.signing import webhook_headers
from humidor_customers.channels.adapter import (
    Account,
    Consent,
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
from humidor_customers.channels.signed import check_signature

_GONE = 410


class _Said(msgspec.Struct, forbid_unknown_fields=True):
    message_id: str
    address: str
    text: str
    sent_at: datetime


class _Arrived(msgspec.Struct, forbid_unknown_fields=True):
    receipt: str
    delivered: bool
    code: str = ""


class Bridge(Telling):
    """One bridge, such as one to a messenger that has no adapter of its own here."""

    medium: Medium = "other"
    consent: Consent = "app"
    by_template = False

    async def send(self, tools: Tools, account: Account, message: Message) -> Sent:
        said = {"message_id": message.delivery_id.hex, "address": message.address}
        said |= {"subject": message.subject or "", "text": message.text or ""}
        body = msgspec.json.encode({"type": "customers.message", "timestamp": tools.now, "data": said})
        headers = {"Content-Type": "application/json; charset=utf-8"}
        secret = account.secrets["webhook_secret"]
        headers |= webhook_headers(str(message.delivery_id), secret, body, now=tools.now)
        request = httpx.Request("POST", account.settings["url"], headers=headers, content=body)
        private = tools.settings.delivery_private_targets
        status, _, _ = await exchange(tools.client, request, private=private)
        if httpx.codes.is_success(status):
            return Sent(Outcome(result="sent", status=status), message.delivery_id.hex)
        result = Outcome(
            result="refused" if status == _GONE else "failed", status=status, detail=f"HTTP {status}"
        )
        return Sent(result)

    def receive(self, account: Account, incoming: Incoming, *, now: datetime) -> Received:
        check_signature(account.secrets.get("webhook_secret"), incoming, now=now)
        try:
            if b'"receipt"' in incoming.body:
                arrived = msgspec.json.decode(incoming.body, type=_Arrived)
                receipt = Receipt(arrived.receipt[:200], arrived.delivered, arrived.code[:50])
                return Received(receipts=[receipt], answer="{}", media_type="application/json")
            said = msgspec.json.decode(incoming.body, type=_Said)
        except msgspec.MsgspecError as error:
            raise Unreadable("the body is neither a message nor a receipt") from error
        if said.sent_at.tzinfo is None or not said.address:
            raise Unreadable("a message has an address and a time with its zone")
        message = Inbound(
            said.message_id[:200], said.address[:200], said.text[:20_000], min(said.sent_at, now)
        )
        return Received(messages=[message], answer="{}", media_type="application/json")
