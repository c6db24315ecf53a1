"""WeChat customers through WeCom's customer service (微信客服): `kf/send_msg` out, `kf/sync_msg` in.

WeCom takes up to five messages within 48 hours of the customer's last one. Its callback only says that there
is something; the messages are fetched with the callback's token from where the last fetch ended.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree.ElementTree import ParseError

import httpx
import msgspec
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from humidor_common.delivery import robots
from humidor_common.delivery.channels import exchange
from humidor_common.delivery.retries import Outcome
from humidor_customers.channels import wecom_crypto
from humidor_customers.channels.adapter import (
    Account,
    Consent,
    Inbound,
    Incoming,
    Medium,
    Message,
    Pulled,
    PullFailed,
    Received,
    Sent,
    Tools,
    Unreadable,
)

MOST_BYTES = 2048
PAGE = 1000
_FROM_CUSTOMER = 3
_EARLY = timedelta(minutes=5)
_STALE = frozenset((40014, 42001))


class Wecom:
    """One customer-service account; tokens are kept for the process until shortly before they run out."""

    medium: Medium = "wechat"
    consent: Consent = "wechat"
    by_template = False

    def __init__(self) -> None:
        self._tokens: dict[tuple[str, str, str], tuple[str, datetime]] = {}

    async def send(self, tools: Tools, account: Account, message: Message) -> Sent:
        document = {
            "touser": message.address,
            "open_kfid": account.settings["open_kfid"],
            # The same id again is not sent again, so an attempt may be repeated.
            "msgid": message.delivery_id.hex,
            "msgtype": "text",
            "text": {"content": robots.cut(message.text or "", MOST_BYTES)},
        }
        status, body = await self._call(tools, account, "kf/send_msg", document)
        outcome = robots.read_answer(status, body)
        return Sent(outcome, message.delivery_id.hex if outcome.result == "sent" else None)

    def receive(self, account: Account, incoming: Incoming, *, now: datetime) -> Received:
        _ = now
        query, secrets = dict(incoming.query), account.secrets
        key = wecom_crypto.aes_key(secrets["encoding_aes_key"])
        if incoming.method == "GET":
            echo = query.get("echostr", "")
            wecom_crypto.check_signature(secrets["callback_token"], query, echo)
            plain = wecom_crypto.decrypt(key, echo, receiver=account.settings["corp_id"])
            return Received(answer=plain.decode(errors="replace"))
        encrypted = _element(incoming.body, "Encrypt")
        wecom_crypto.check_signature(secrets["callback_token"], query, encrypted)
        told = wecom_crypto.decrypt(key, encrypted, receiver=account.settings["corp_id"])
        if _element(told, "Event") != "kf_msg_or_event":
            return Received(answer="success")
        return Received(pull=_element(told, "Token"), answer="success")

    async def pull(self, tools: Tools, account: Account, token: str) -> Pulled:
        document = {
            "cursor": account.cursor or "",
            "token": token,
            "limit": PAGE,
            "open_kfid": account.settings["open_kfid"],
        }
        status, body = await self._call(tools, account, "kf/sync_msg", document)
        outcome = robots.read_answer(status, body)
        if outcome.result != "sent":
            raise PullFailed(outcome)
        answer = msgspec.json.decode(body)
        messages = [
            _inbound(each) for each in answer.get("msg_list", ()) if each.get("origin") == _FROM_CUSTOMER
        ]
        return Pulled(messages, str(answer.get("next_cursor", "")), bool(answer.get("has_more")))

    async def _call(self, tools: Tools, account: Account, method: str, document: Any) -> tuple[int, bytes]:
        """Call with the token; one that WeCom does not take any more is fetched anew, once."""
        for _ in range(2):
            token = await self._token(tools, account)
            url = httpx.URL(
                f"{account.settings['base_url']}/cgi-bin/{method}", params={"access_token": token}
            )
            content = msgspec.json.encode(document)
            headers = {"Content-Type": "application/json; charset=utf-8"}
            request = httpx.Request("POST", url, headers=headers, content=content)
            private = tools.settings.delivery_private_targets
            status, _headers, body = await exchange(tools.client, request, private=private, most=_ANSWER)
            if _code(body) not in _STALE:
                break
            self._tokens.pop(_key(account), None)
        return status, body

    async def _token(self, tools: Tools, account: Account) -> str:
        """Give the access token.

        Raises:
            PullFailed: There is none to be had.
        """
        kept = self._tokens.get(_key(account))
        if kept and tools.now < kept[1]:
            return kept[0]
        asked = {"corpid": account.settings["corp_id"], "corpsecret": account.secrets["corp_secret"]}
        url = httpx.URL(f"{account.settings['base_url']}/cgi-bin/gettoken", params=asked)
        private = tools.settings.delivery_private_targets
        status, _, body = await exchange(tools.client, httpx.Request("GET", url), private=private)
        outcome = robots.read_answer(status, body)
        if outcome.result != "sent":
            raise PullFailed(
                Outcome(result=outcome.result, status=status, detail=f"gettoken: {outcome.detail}")
            )
        answer = msgspec.json.decode(body)
        ends = tools.now + timedelta(seconds=float(answer["expires_in"])) - _EARLY
        self._tokens[_key(account)] = (str(answer["access_token"]), ends)
        return str(answer["access_token"])


_ANSWER = 8 * 1024 * 1024


def _key(account: Account) -> tuple[str, str, str]:
    return (
        str(account.settings["base_url"]),
        str(account.settings["corp_id"]),
        account.secrets["corp_secret"],
    )


def _code(body: bytes) -> int:
    try:
        return int(msgspec.json.decode(body)["errcode"])
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return 0


def _element(document: bytes, name: str) -> str:
    try:
        found = fromstring(document).findtext(name)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise Unreadable("the body is not XML") from error
    return found or ""


def _inbound(message: Any) -> Inbound:
    kind = str(message.get("msgtype", ""))
    text = str(message["text"]["content"]) if kind == "text" else f"[{kind}]"
    return Inbound(
        provider_id=str(message["msgid"]),
        address=str(message["external_userid"]),
        text=text.replace("\x00", ""),
        sent_at=datetime.fromtimestamp(int(message["send_time"]), UTC),
    )
