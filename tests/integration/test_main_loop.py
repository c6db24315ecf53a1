"""A sale decrements stock and brings on replenishment, all through HTTP and Kafka."""

import time
from collections.abc import Callable
from typing import Any, Protocol
from uuid import uuid4

import httpx
import pytest

GTIN = "06901028075763"


class System(Protocol):
    url: str
    client: Callable[..., httpx.Client]
    terminal: Callable[[str], str]
    wait_drained: Callable[..., Any]


@pytest.fixture
def store(system: System) -> str:
    """A new store that carries one product, two lots of it, a reorder point and an order-up-to level."""
    store_id = f"L{uuid4().hex[:8]}"
    with system.client() as http:
        put(http, f"/inventory/v1/stores/{store_id}", {"name": "Loop", "time_zone": "Asia/Shanghai"})
        put(http, f"/inventory/v1/products/{GTIN}", product())
        put(http, "/inventory/v1/suppliers/LOOP", {"name": "Loop supplier"})
        receive(http, store_id, lot="NEW", packs=60, produced="2026-09-01")
        receive(http, store_id, lot="OLD", packs=40, produced="2026-03-01")
        level = {"reorder_point": 50, "order_up_to": 200, "unit": "pack"}
        put(http, f"/inventory/v1/levels/{store_id}/{GTIN}", level)
    return store_id


def product() -> dict[str, Any]:
    return {
        "name": "Loop Filter King Size",
        "brand": "Loop",
        "sticks_per_pack": 20,
        "packs_per_carton": 10,
        "cartons_per_case": 50,
        "shelf_life_days": 730,
        "retail_price_per_pack": 2500,
        "currency": "CNY",
    }


def put(http: httpx.Client, path: str, body: dict[str, Any]) -> Any:
    answer = http.put(path, json=body)
    assert answer.status_code in {200, 201}, answer.text
    return answer.json()


def receive(http: httpx.Client, store_id: str, *, lot: str, packs: int, produced: str) -> None:
    line = {"gtin": GTIN, "quantity": packs, "unit": "pack", "lot": lot, "production_date": produced}
    body = {"store_id": store_id, "kind": "opening", "lines": [line]}
    answer = http.post("/inventory/v1/receipts", json=body, headers={"Idempotency-Key": uuid4().hex})
    assert answer.status_code == 201, answer.text


def sale(store_id: str, quantity: int, *, unit: str = "pack") -> dict[str, Any]:
    price = 2500 if unit == "pack" else 25000
    return {
        "sale_id": str(uuid4()),
        "store_id": store_id,
        "sold_at": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()),
        "currency": "CNY",
        "lines": [
            {"line": 1, "gtin": GTIN, "quantity": quantity, "unit": unit, "unit_price": price}
            | {"lot": None, "code": None}
        ],
        "payments": [{"method": "wechat_pay", "amount": price * quantity}],
        "member_id": None,
        "age_check": {"method": "id_seen", "passed": True},
    }


def sell(system: System, key: str, body: dict[str, Any]) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.post(f"{system.url}/pos/v1/sales", json=body, headers=headers, timeout=30)


def stock(http: httpx.Client, store_id: str) -> dict[str, Any]:
    answer = http.get("/inventory/v1/stock", params={"store_id": store_id, "gtin": GTIN})
    item: dict[str, Any] = answer.json()["items"][0]
    return item


def test_a_sale_takes_the_oldest_lot_and_brings_on_one_replenishment(system: System, store: str) -> None:
    key = system.terminal(store)
    with system.client() as http:
        first = sale(store, 3, unit="carton")
        answer = sell(system, key, first)
        assert (answer.status_code, answer.json()["status"]) == (201, "accepted")
        again = sell(system, key, first)
        assert (again.status_code, again.content) == (200, answer.content)
        changed = first | {"payments": []}
        assert sell(system, key, changed).status_code == 409
        system.wait_drained()
        assert stock(http, store)["on_hand"] == 70
        lots = http.get(f"/inventory/v1/stock/{store}/{GTIN}/lots").json()["items"]
        assert {lot["lot"]: lot["on_hand"] for lot in lots} == {"OLD": 10, "NEW": 60}
        for quantity in (10, 10, 5):
            assert sell(system, key, sale(store, quantity)).status_code == 201
        system.wait_drained()
        check_replenishment(http, store)


def check_replenishment(http: httpx.Client, store: str) -> None:
    assert stock(http, store)["on_hand"] == 45
    params = {"store_id": store, "gtin": GTIN, "state": "open"}
    open_suggestions = http.get("/inventory/v1/replenishments", params=params).json()["items"]
    assert len(open_suggestions) == 1
    alerts = http.get("/inventory/v1/alerts", params={"store_id": store, "state": "open"}).json()["items"]
    assert [alert["kind"] for alert in alerts] == ["below_reorder_point"]
    path = f"/inventory/v1/replenishments/{open_suggestions[0]['replenishment_id']}:approve"
    approved = http.post(path, headers={"Idempotency-Key": uuid4().hex}, json={})
    assert approved.status_code in {200, 201}, approved.text
    item = stock(http, store)
    assert (item["on_order"], item["available"]) == (155, 200)
    orders = http.get("/inventory/v1/purchase-orders", params={"store_id": store}).json()["items"]
    line = {"gtin": GTIN, "quantity": 155, "unit": "pack", "lot": "FRESH", "production_date": "2026-11-01"}
    receipt = {
        "store_id": store,
        "kind": "purchase",
        "purchase_order_id": orders[0]["purchase_order_id"],
        "lines": [line],
    }
    received = http.post("/inventory/v1/receipts", json=receipt, headers={"Idempotency-Key": uuid4().hex})
    assert received.status_code == 201, received.text
    item = stock(http, store)
    assert (item["on_hand"], item["on_order"], item["available"]) == (200, 0, 200)
    assert http.get("/inventory/v1/alerts", params={"store_id": store, "state": "open"}).json()["items"] == []


def test_more_sold_than_there_is_goes_negative_and_says_so(system: System, store: str) -> None:
    key = system.terminal(store)
    assert sell(system, key, sale(store, 130)).status_code == 201
    system.wait_drained()
    with system.client() as http:
        item = stock(http, store)
        assert (item["on_hand"], item["negative"]) == (-30, True)
        assert http.get("/inventory/v1/checks/ledger").json()["equal"] is True


def test_another_stores_data_stay_out_of_reach(system: System, store: str) -> None:
    key = system.terminal(store)
    stranger = sale("S0001", 1)
    assert sell(system, key, stranger).status_code == 403
    assert sell(system, key + "x", sale(store, 1)).status_code == 401
    with system.client("clerk", "S0002") as clerk:
        answer = clerk.get("/inventory/v1/stock", params={"store_id": store})
        assert (answer.status_code, answer.json()["code"]) == (403, "store-forbidden")


def test_one_trace_leads_from_the_terminal_to_the_ledger(system: System, store: str) -> None:
    trace_id = uuid4().hex
    headers = {
        "Authorization": f"Bearer {system.terminal(store)}",
        "traceparent": f"00-{trace_id}-00f067aa0ba902b7-01",
    }
    answer = httpx.post(f"{system.url}/pos/v1/sales", json=sale(store, 1), headers=headers, timeout=30)
    assert answer.status_code == 201
    system.wait_drained()
    bad = httpx.post(f"{system.url}/pos/v1/sales", json={}, headers=headers, timeout=30)
    assert bad.json()["trace_id"] == trace_id
