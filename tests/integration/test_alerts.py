"""A sale that empties a shelf is told by a signed message, and a receipt ends it: HTTP and Kafka only."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from typing import Any, Protocol
from uuid import uuid4

import httpx

GTIN = "06901028075763"
KEY = b"a key of thirty-two bytes, no less"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
PATIENCE_SECONDS = 60


class System(Protocol):
    url: str
    client: Callable[..., httpx.Client]
    terminal: Callable[[str], str]
    wait_drained: Callable[..., Any]


class Received(Protocol):
    url: str
    take: Callable[[], dict[str, Any]]


class Hook:
    """A webhook that is down for its first call, takes what is signed, and refuses everything else."""

    def __init__(self) -> None:
        self.taken: Queue[dict[str, Any]] = Queue()
        self.ids: list[str] = []
        self.url = ""

    def answer(self, headers: Any, body: bytes) -> int:
        message_id, seconds = headers["webhook-id"], headers["webhook-timestamp"]
        signed = f"{message_id}.{seconds}.".encode() + body
        wanted = "v1," + base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
        if not hmac.compare_digest(wanted, headers["webhook-signature"]):
            return 401
        if abs(time.time() - int(seconds)) > 300:
            return 400
        self.ids.append(message_id)
        if len(self.ids) == 1:
            return 503
        self.taken.put(json.loads(body))
        return 204

    def next(self) -> dict[str, Any]:
        try:
            return self.taken.get(timeout=PATIENCE_SECONDS)
        except Empty:
            raise AssertionError(f"nothing came after {self.ids}") from None


@contextmanager
def listening() -> Iterator[Hook]:
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(hook.answer(self.headers, body))
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    hook.url = f"http://127.0.0.1:{server.server_address[1]}/alerts"
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def ok(answer: httpx.Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def receive(http: httpx.Client, store_id: str, packs: int) -> None:
    line = {"gtin": GTIN, "quantity": packs, "unit": "pack", "lot": "A", "production_date": "2026-09-01"}
    body = {"store_id": store_id, "lines": [line]}
    ok(http.post("/inventory/v1/receipts", json=body, headers={"Idempotency-Key": uuid4().hex}))


def sell(system: System, key: str, store_id: str, packs: int) -> None:
    body = {
        "sale_id": str(uuid4()),
        "store_id": store_id,
        "sold_at": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()),
        "currency": "CNY",
        "lines": [{"line": 1, "gtin": GTIN, "quantity": packs, "unit": "pack", "unit_price": 2500}],
        "payments": [{"method": "cash", "amount": 2500 * packs}],
        "age_check": {"method": "id_seen", "passed": True},
    }
    headers = {"Authorization": f"Bearer {key}"}
    ok(httpx.post(f"{system.url}/pos/v1/sales", json=body, headers=headers, timeout=30))


def subscribe(http: httpx.Client, store_id: str, url: str) -> str:
    body = {
        "name": "Integration",
        "kinds": ["stock_out"],
        "store_ids": [store_id],
        "told": ["raised", "closed"],
        "channel": "webhook",
        "target": url,
        "secret": SECRET,
        "window_seconds": 5,
    }
    headers = {"Idempotency-Key": uuid4().hex}
    made = ok(http.post("/inventory/v1/alert-subscriptions", json=body, headers=headers))
    return str(made["subscription_id"])


def test_a_stock_out_is_told_signed_and_closed_by_a_receipt(system: System) -> None:
    store = f"A{uuid4().hex[:8]}"
    with system.client() as http, listening() as hook:
        ok(http.put(f"/inventory/v1/stores/{store}", json={"name": "Alert", "time_zone": "Asia/Shanghai"}))
        product = {"name": "Loop Filter King Size", "brand": "Loop", "shelf_life_days": 730}
        ok(http.put(f"/inventory/v1/products/{GTIN}", json=product))
        receive(http, store, 2)
        subscription = subscribe(http, store, hook.url)

        sell(system, system.terminal(store), store, 2)
        raised = hook.next()
        assert raised["type"] == "inventory.alert"
        (told,) = raised["data"]["alerts"]
        assert (told["what"], told["kind"], told["store_id"], told["gtin"]) == (
            "raised",
            "stock_out",
            store,
            GTIN,
        )
        assert told["figures"]["on_hand_sticks"] == 0
        alert = ok(http.get(f"/inventory/v1/alerts/{told['alert_id']}"))
        assert (alert["state"], alert["kind"]) == ("open", "stock_out")

        receive(http, store, 5)
        closed = hook.next()["data"]["alerts"]
        assert [(each["what"], each["alert_id"]) for each in closed] == [("closed", told["alert_id"])]
        assert ok(http.get(f"/inventory/v1/alerts/{told['alert_id']}"))["state"] == "closed"

        first, again, second = hook.ids
        assert first == again, "tried again under the same id after a 503"
        log = ok(http.get(f"/inventory/v1/deliveries/{first}"))
        assert (log["state"], [each["status"] for each in log["log"]]) == ("sent", [204, 503])
        assert SECRET not in json.dumps([log, ok(http.get("/inventory/v1/deliveries"))])
        assert second != first
        ok(http.delete(f"/inventory/v1/alert-subscriptions/{subscription}"))
        system.wait_drained()
