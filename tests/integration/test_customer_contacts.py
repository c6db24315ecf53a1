"""A member buys, is written to with consent, answers with the word for no more, and is forgotten."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import httpx

from .conftest import System, until

TOPIC = "customers.interaction.v1"
SECRET_KEY = "a-secret-key"


def hours_ago(hours: float) -> str:
    return datetime.fromtimestamp(time.time() - 3600 * hours, UTC).isoformat()


class Provider:
    """Tencent Cloud's SMS as a client sees it: it takes what is signed with the key, by signature v3."""

    def __init__(self) -> None:
        self.url = ""
        self.taken: list[dict[str, Any]] = []

    def answer(self, headers: Any, body: bytes) -> dict[str, Any]:
        day = datetime.fromtimestamp(int(headers["X-TC-Timestamp"]), UTC).date().isoformat()
        kind, digest = headers["Content-Type"], hashlib.sha256(body).hexdigest()
        canonical = f"POST\n/\n\ncontent-type:{kind}\nhost:{headers['Host']}\n\ncontent-type;host\n{digest}"
        scope = f"{day}/sms/tc3_request"
        hashed = hashlib.sha256(canonical.encode()).hexdigest()
        key = f"TC3{SECRET_KEY}".encode()
        for part in (day, "sms", "tc3_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        signed = f"TC3-HMAC-SHA256\n{headers['X-TC-Timestamp']}\n{scope}\n{hashed}"
        if not headers["Authorization"].endswith(hmac.digest(key, signed.encode(), "sha256").hex()):
            return {"Error": {"Code": "AuthFailure.SignatureFailure", "Message": ""}}
        self.taken.append(json.loads(body))
        return {"SendStatusSet": [{"SerialNo": uuid4().hex, "Code": "Ok"}], "RequestId": "1"}


@contextmanager
def serving() -> Iterator[Provider]:
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = json.dumps({"Response": provider.answer(self.headers, body)}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    provider.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()


class Manager:
    """Somebody who looks after the members of a store of this test's own."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.prefix = f"T{uuid4().hex[:8]}"
        self.store_id, self.member_id = f"{self.prefix}S", f"M{self.prefix}"
        self.account, self.phone = self.prefix.lower(), f"139{uuid4().int % 10**8:08d}"
        self.callback = {"key": uuid4().hex}

    def ask(self, method: str, path: str, *, expect: int = 200, **more: Any) -> Any:
        answer = self.http.request(method, f"/customers/v1/{path}", **more)
        assert answer.status_code == expect, answer.text
        return answer.json()

    def win_member(self) -> None:
        """Open the store, and record a member as soon as it is known there."""
        body = {"name": "Corner", "time_zone": "Asia/Shanghai"}
        self.http.put(f"/inventory/v1/stores/{self.store_id}", json=body).raise_for_status()
        consent = {
            "purpose": "service",
            "channel": "sms",
            "given": True,
            "source": "app",
            "text_version": "1",
        }
        member = {
            "member_id": self.member_id,
            "store_id": self.store_id,
            "adult": {"outcome": "adult", "method": "id_seen", "checked_on": "2026-01-02"},
            "contact": {"name": "王芳", "phone": self.phone},
            "consents": [consent],
        }
        path = "/customers/v1/consumers"
        until(lambda: self.http.post(path, json=member).status_code == 201, "the store was not told")

    def open_account(self, url: str) -> None:
        config = {"adapter": "sms_tencent", "secret_id": "AKID", "secret_key": SECRET_KEY, "base_url": url}
        config |= {"sdk_app_id": "1400006666", "sign_name": "城南", "callback_key": self.callback["key"]}
        body = {"name": "SMS", "config": config}
        self.ask("PUT", f"channels/{self.account}", json=body, expect=201)

    def write(self, *, expect: int = 201) -> Any:
        message: dict[str, Any] = {
            "customer": {"kind": "consumer", "id": self.member_id},
            "account_id": self.account,
        }
        message |= {"purpose": "service", "template_id": "1110", "params": ["18:00"]}
        return self.ask("POST", "messages", json=message, expect=expect)

    def timeline(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.ask("GET", f"consumers/{self.member_id}/timeline")["items"]
        return items


def sell_and_take_back(system: System, manager: Manager) -> None:
    """Sell to the member, and take it back at a till that does not ask whose it was."""
    headers = {"Authorization": f"Bearer {system.terminal(manager.store_id)}"}
    line = {"line": 1, "gtin": "06901028075763", "quantity": 2, "unit": "pack", "unit_price": 2500}
    fact: dict[str, Any] = {"store_id": manager.store_id, "currency": "CNY", "lines": [line]}
    fact |= {"payments": [{"method": "cash", "amount": 5000}]}
    sale: dict[str, Any] = {"sale_id": str(uuid4()), "sold_at": hours_ago(30), "member_id": manager.member_id}
    sale |= {"age_check": {"method": "id_seen", "passed": True}}
    returned: dict[str, Any] = {
        "return_id": str(uuid4()),
        "sale_id": sale["sale_id"],
        "reason": "damaged",
        "restock": False,
    }
    returned |= {"returned_at": hours_ago(6)}
    for path, body in (("sales", fact | sale), ("returns", fact | returned)):
        answer = httpx.post(f"{system.url}/pos/v1/{path}", json=body, headers=headers, timeout=30)
        assert answer.status_code == 201, answer.text


def test_a_member_is_written_to_as_long_as_that_is_allowed_and_all_of_it_is_on_the_timeline(
    system: System,
) -> None:
    with system.client() as http, serving() as provider:
        manager = Manager(http)
        manager.win_member()
        manager.open_account(provider.url)
        sell_and_take_back(system, manager)
        sent = manager.write()
        path = f"interactions/{sent['interaction_id']}"
        until(lambda: manager.ask("GET", path)["state"] == "sent", "the message was not sent")
        assert [each["PhoneNumberSet"] for each in provider.taken] == [[f"+86{manager.phone}"]]

        reply = {
            "mobile": manager.phone,
            "nationcode": "86",
            "sign": "城南",
            "text": "TD",
            "time": int(time.time()),
        }
        inbound = f"{system.url}/customers/v1/channels/{manager.account}/inbound"
        assert httpx.post(inbound, json=reply).status_code == 401
        answer = httpx.post(inbound, params=manager.callback, json=reply)
        assert answer.json() == {"result": 0, "errmsg": "OK"}
        assert manager.write(expect=409)["code"] == "consent-missing"

        found = until(lambda: len(manager.timeline()) == 4 and manager.timeline(), "the sale was not told")
        assert sorted(each["kind"] for each in found) == ["interaction", "interaction", "return", "sale"]
        overview = manager.ask("GET", f"consumers/{manager.member_id}/overview")
        year = {each["kind"]: each["entries"] for each in overview["year"]}
        assert year == {"interaction": 2, "return": 1, "sale": 1}
        manager.ask("POST", f"consumers/{manager.member_id}:erase", json={"reason": "asked for"})
        assert manager.ask("GET", f"{path}/text")["template"] is None

        system.wait_drained()
        told = system.told(TOPIC)
        own = [each for each in told if each.get("customer_id") == manager.member_id]
        assert sorted(each["direction"] for each in own) == ["in", "out"]
        everything = json.dumps(told, ensure_ascii=False)
        assert not [each for each in (manager.phone, "王芳", "18:00", "TD") if each in everything]
