"""The stock as a live stream through the gateway: what either process changes arrives while it is open."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import uuid4

import httpx

GTIN = "06901028075794"


class System(Protocol):
    url: str
    client: Callable[..., httpx.Client]
    terminal: Callable[[str], str]


def events(answer: httpx.Response) -> Iterator[tuple[str, str, Any]]:
    """Give id, name and document of each event."""
    event_id = name = ""
    for line in answer.iter_lines():
        field, _, value = line.partition(": ")
        if field == "id":
            event_id = value
        elif field == "event":
            name = value
        elif field == "data":
            yield event_id, name, json.loads(value)


def until(found: Iterator[tuple[str, str, Any]], on_hand: int) -> str:
    """Read until the product has so much; gives the id of that event."""
    for event_id, _, document in found:
        if any(item["on_hand"] == on_hand for item in document["items"]):
            return event_id
    raise AssertionError("the stream has ended")


def test_stock_streams_through_the_gateway_as_it_changes(system: System) -> None:
    store_id = f"V{uuid4().hex[:8]}"
    with system.client() as http:
        for path, body in (
            (f"stores/{store_id}", {"name": "Live", "time_zone": "Asia/Shanghai"}),
            (f"products/{GTIN}", {"name": "Live King", "brand": "Live"}),
        ):
            assert http.put(f"/inventory/v1/{path}", json=body).is_success
        key = system.terminal(store_id)
        line = {"gtin": GTIN, "quantity": 10, "lot": "A"}
        receipt = {"store_id": store_id, "lines": [line]}

        def receive() -> None:
            headers = {"Idempotency-Key": uuid4().hex}
            assert http.post("/inventory/v1/receipts", json=receipt, headers=headers).is_success

        receive()
        path = f"{system.url}/inventory/v1/stock:stream?store_id={store_id}&gtin={GTIN}"
        headers = dict(http.headers)
        with httpx.stream("GET", path, headers=headers, timeout=30) as answer:
            assert answer.headers["Content-Type"].startswith("text/event-stream")
            found = events(answer)
            _, name, document = next(found)
            assert (name, [item["on_hand"] for item in document["items"]]) == ("snapshot", [10])
            receive()  # by the HTTP process
            until(found, 20)
            sold_at = time.monotonic()
            sell(system, key, store_id, 3)  # by the worker, through Kafka
            last_id = until(found, 17)
            assert time.monotonic() - sold_at < 30
        receive()
        with httpx.stream("GET", path, headers=headers | {"Last-Event-ID": last_id}, timeout=30) as answer:
            _, name, document = next(events(answer))
            assert (name, [item["on_hand"] for item in document["items"]]) == ("changed", [27])
    with system.client("clerk", f"{store_id}x") as stranger:
        assert stranger.get(f"/inventory/v1/stock:stream?store_id={store_id}").status_code == 403


def sell(system: System, key: str, store_id: str, packs: int) -> None:
    line = {"line": 1, "gtin": GTIN, "quantity": packs, "unit": "pack", "unit_price": 100, "lot": None}
    sale = {
        "sale_id": str(uuid4()),
        "store_id": store_id,
        "sold_at": datetime.now(UTC).isoformat(),
        "currency": "CNY",
        "lines": [line | {"code": None}],
        "payments": [{"method": "cash", "amount": packs * 100}],
        "member_id": None,
        "age_check": {"method": "id_seen", "passed": True},
    }
    headers = {"Authorization": f"Bearer {key}"}
    answer = httpx.post(f"{system.url}/pos/v1/sales", json=sale, headers=headers, timeout=30)
    assert answer.status_code == 201, answer.text
