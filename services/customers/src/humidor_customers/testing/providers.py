"""For tests: providers of channels that speak the real wire formats and check what the real ones check."""

import hashlib
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from humidor_common.testing.receiving import Answer, Call
from humidor_customers.channels.tencent_sms import authorization
from humidor_customers.channels.wecom_crypto import aes_key, encrypt, signature

SECRET_ID, SECRET_KEY = "AKIDEXAMPLE", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"
AES_KEY = b64encode(bytes(range(32))).decode().rstrip("=")
CORP_ID, CORP_SECRET, CALLBACK_TOKEN = "ww1", "corp-secret", "callback-token"
MOST_TEXT = 2048


def tencent_sms(blocked: tuple[str, ...] = ()) -> Answer:
    """Answer as `SendSms` does: always 200; it works the signature out from what it gets itself."""

    def answer(call: Call) -> web.Response:
        headers, asked = call.headers, call.document
        moment = datetime.fromtimestamp(int(headers["x-tc-timestamp"]), UTC)
        host = urlsplit(f"//{headers['host']}").netloc
        wanted = authorization((SECRET_ID, SECRET_KEY), ("sms", host), call.body, now=moment)
        if headers.get("authorization") != wanted:
            return _refused("AuthFailure.SignatureFailure")
        if (headers["x-tc-action"], headers["x-tc-version"]) != ("SendSms", "2021-01-11"):
            return _refused("InvalidAction")
        if set(asked) - {"SessionContext"} != {
            *("PhoneNumberSet", "SmsSdkAppId", "SignName", "TemplateId", "TemplateParamSet")
        }:
            return _refused("MissingParameter")
        (number,) = asked["PhoneNumberSet"]
        code = "FailedOperation.PhoneNumberInBlacklist" if number in blocked else "Ok"
        serial = "" if code != "Ok" else f"5000:{hashlib.sha256(call.body).hexdigest()[:20]}"
        status = {"SerialNo": serial, "PhoneNumber": number, "Fee": 1, "Code": code, "Message": "send"}
        return web.json_response({"Response": {"SendStatusSet": [status], "RequestId": "a0aabda6"}})

    return answer


def _refused(code: str) -> web.Response:
    error = {"Code": code, "Message": "The provided credentials could not be validated."}
    return web.json_response({"Response": {"Error": error, "RequestId": "ed93f3cb"}})


@dataclass
class WecomService:
    """WeCom's customer service: tokens that can run out, customers who wrote, and messages by pages."""

    customers: tuple[str, ...] = ("wm1",)
    token: str = "token-1"  # noqa: S105
    waiting: list[dict[str, Any]] = field(default_factory=list)
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)
    page: int = 2

    def answer(self, call: Call) -> web.Response:
        if call.path == "/cgi-bin/gettoken":
            if call.query != {"corpid": CORP_ID, "corpsecret": CORP_SECRET}:
                return _said(40001, "invalid credential")
            return _said(0, "ok", access_token=self.token, expires_in=7200)
        if call.query.get("access_token") != self.token:
            return _said(40014, "invalid access_token")
        asked = call.document
        return self._send(asked) if call.path == "/cgi-bin/kf/send_msg" else self._sync(asked)

    def _send(self, asked: dict[str, Any]) -> web.Response:
        if asked["touser"] not in self.customers:
            return _said(95018, "send msg session status invalid")
        if len(asked["text"]["content"].encode()) > MOST_TEXT or len(asked["msgid"]) > 32:
            return _said(40058, "text.content exceed max length 2048")
        self.sent[asked["msgid"]] = asked
        return _said(0, "ok", msgid=asked["msgid"])

    def _sync(self, asked: dict[str, Any]) -> web.Response:
        if not asked["token"].startswith("ENC"):
            return _said(95007, "invalid msg token")
        begin = int(asked["cursor"] or 0)
        items = self.waiting[begin : begin + self.page]
        end = begin + len(items)
        more = int(end < len(self.waiting))
        return _said(0, "ok", next_cursor=str(end), has_more=more, msg_list=items)

    def write(self, msgid: str, text: str, *, customer: str = "wm1", origin: int = 3, at: int) -> None:
        """Let a customer write (or a person of ours, whose origin is 5)."""
        message = {"msgid": msgid, "open_kfid": "wk1", "external_userid": customer, "send_time": at}
        kind = {"origin": origin, "msgtype": "text", "text": {"content": text}}
        self.waiting.append(message | kind)


def _said(code: int, message: str, **more: Any) -> web.Response:
    return web.json_response({"errcode": code, "errmsg": message} | more)


def wecom_call(plain: str, *, receiver: str = CORP_ID) -> tuple[dict[str, str], str]:
    """Make what WeCom calls with: the signed query, and what is encrypted."""
    encrypted = encrypt(aes_key(AES_KEY), plain.encode(), receiver=receiver, random=b"0123456789abcdef")
    signed = signature(CALLBACK_TOKEN, "1764129600", "nonce", encrypted)
    return {"msg_signature": signed, "timestamp": "1764129600", "nonce": "nonce"}, encrypted


def wecom_config(url: str) -> dict[str, Any]:
    return {
        "adapter": "wecom_kf",
        "corp_id": CORP_ID,
        "open_kfid": "wk1",
        "corp_secret": CORP_SECRET,
        "callback_token": CALLBACK_TOKEN,
        "encoding_aes_key": AES_KEY,
        "base_url": url,
    }


def sms_config(url: str, callback_key: str) -> dict[str, Any]:
    return {
        "adapter": "sms_tencent",
        "secret_id": SECRET_ID,
        "secret_key": SECRET_KEY,
        "sdk_app_id": "1400006666",
        "sign_name": "城南烟草",
        "callback_key": callback_key,
        "base_url": url,
    }
