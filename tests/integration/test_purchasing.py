"""From a suggestion to a measured supplier, through HTTP and Kafka on the running system."""

import time
from collections.abc import Callable
from typing import Any, Protocol
from uuid import uuid4

import httpx
import pytest

GTIN = "06901028075770"


class System(Protocol):
    url: str
    client: Callable[..., httpx.Client]
    terminal: Callable[[str], str]
    wait_drained: Callable[..., Any]


def ask(http: httpx.Client, method: str, path: str, body: Any = None, **headers: str) -> Any:
    answer = http.request(method, f"/inventory/v1/{path}", json=body, headers=headers)
    assert answer.status_code in {200, 201}, answer.text
    return answer.json()


@pytest.fixture
def supplier(system: System) -> str:
    """A supplier of one product at 180.00 a carton, of which nobody has measured anything yet."""
    supplier_id = f"V{uuid4().hex[:8]}"
    with system.client() as http:
        ask(http, "PUT", f"suppliers/{supplier_id}", {"name": "Harbour Tobacco", "lead_time_days": 3})
        product = {"name": "Harbour Blue", "brand": "Harbour", "currency": "CNY", "supplier_id": supplier_id}
        ask(http, "PUT", f"products/{GTIN}", product)
        price = {
            "gtin": GTIN,
            "valid_from": "2026-01-01",
            "currency": "CNY",
            "steps": [{"price_minor": 18_000}],
        }
        ask(http, "PUT", f"suppliers/{supplier_id}/prices", {"prices": [price]})
    return supplier_id


@pytest.fixture
def store(system: System, supplier: str) -> str:  # noqa: ARG001 - the product is the supplier's
    """A new store with 100 packs, to be reordered at 50 up to 200, whose products come from the supplier."""
    store_id = f"P{uuid4().hex[:8]}"
    with system.client() as http:
        ask(http, "PUT", f"stores/{store_id}", {"name": "Quay", "time_zone": "Asia/Shanghai"})
        opening = {"store_id": store_id, "kind": "opening", "lines": [{"gtin": GTIN, "quantity": 100}]}
        ask(http, "POST", "receipts", opening, **{"Idempotency-Key": uuid4().hex})
        level = {"reorder_point": 50, "order_up_to": 200, "order_multiple": 10}
        ask(http, "PUT", f"levels/{store_id}/{GTIN}", level)
    return store_id


def sell(system: System, store: str, packs: int) -> None:
    line = {"line": 1, "gtin": GTIN, "quantity": packs, "unit": "pack", "unit_price": 2500}
    body = {
        "sale_id": str(uuid4()),
        "store_id": store,
        "sold_at": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()),
        "currency": "CNY",
        "lines": [line | {"lot": None, "code": None}],
        "payments": [{"method": "cash", "amount": 2500 * packs}],
        "member_id": None,
        "age_check": {"method": "id_seen", "passed": True},
    }
    headers = {"Authorization": f"Bearer {system.terminal(store)}"}
    answer = httpx.post(f"{system.url}/pos/v1/sales", json=body, headers=headers, timeout=30)
    assert answer.status_code == 201, answer.text


def test_a_suggestion_is_ordered_confirmed_shipped_received_and_measured(
    system: System, supplier: str, store: str
) -> None:
    sell(system, store, 60)
    system.wait_drained()
    with system.client() as http:
        (suggested,) = ask(http, "GET", f"replenishments?store_id={store}&state=open")["items"]
        assert suggested["quantity"] == 160
        approved = ask(http, "POST", f"replenishments/{suggested['replenishment_id']}:approve")
        order = ask(http, "GET", f"purchase-orders/{approved['purchase_order_id']}")
        assert (order["supplier_id"], order["state"]) == (supplier, "placed")
        assert (order["value_minor"], order["currency"]) == (16 * 18_000, "CNY")
        key = ask(http, "POST", f"suppliers/{supplier}/keys", {"name": "erp"})["key"]
        sent = ship(system, key, order)
        (due,) = ask(http, "GET", f"expected-arrivals?store_id={store}")["items"]
        assert due["shipments"][0]["asn_number"] == sent["asn_number"]
        body = {"store_id": store, "shipment_id": sent["shipment_id"], "close_purchase_order": True}
        once = {"Idempotency-Key": uuid4().hex}
        body |= {"differences": [{"line": 2, "quantity": 5, "damaged_quantity": 1}]}
        receipt = ask(http, "POST", "receipts", body, **once)
        assert receipt == ask(http, "POST", "receipts", body, **once)
        assert receipt["purchase_order_state"] == "received"
        system.wait_drained()
        (stock,) = ask(http, "GET", f"stock?store_id={store}&gtin={GTIN}&unit=carton")["items"]
        assert (stock["on_hand"], stock["quarantined"], stock["on_order"]) == (4 + 14, 1, 0)
        found = ask(http, "GET", f"discrepancies?store_id={store}")["items"]
        assert sorted((each["kind"], each["expected"] - each["actual"]) for each in found) == [
            ("damaged", 200),
            ("short", 200),
        ]
        score = ask(http, "GET", f"suppliers/{supplier}/scorecard")
        assert (score["orders_closed"], score["fill_rate"], score["on_time_rate"]) == (1, 15 / 16, 1.0)
        assert score["quality_score"] == pytest.approx(100 * (1 - 1 / 15))
        assert 0 <= score["first_days"] < 1
        assert score["lead_time"] is None
        assert ask(http, "GET", f"checks/ledger?store_id={store}")["equal"]
        actions = ask(http, "GET", f"purchase-orders/{order['purchase_order_id']}/history")["items"]
        assert [each["action"] for each in actions] == ["place", "confirm", "ship", "close"]


def ship(system: System, key: str, order: Any) -> Any:
    """Confirm and ship as the supplier's own system does: 10 cartons of one lot, 6 of another."""
    with httpx.Client(base_url=system.url, headers={"Authorization": f"Bearer {key}"}, timeout=30) as http:
        (seen,) = ask(http, "GET", "supplier-portal/orders?state=placed")["items"]
        assert seen["purchase_order_id"] == order["purchase_order_id"]
        path = f"supplier-portal/orders/{order['purchase_order_id']}:confirm"
        assert ask(http, "POST", path, {"supplier_reference": "HT-1"})["state"] == "confirmed"
        lines = [
            {"gtin": GTIN, "quantity": 10, "lot": "L1", "production_date": "2026-11-02"},
            {"gtin": GTIN, "quantity": 6, "lot": "L2", "production_date": "2026-11-03"},
        ]
        asn = {"purchase_order_id": order["purchase_order_id"], "lines": lines}
        asn["shipped_at"] = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
        number = f"ASN-{uuid4().hex[:8]}"
        sent: dict[str, Any] = ask(http, "PUT", f"supplier-portal/shipments/{number}", asn)
        assert (
            httpx.get(f"{system.url}/inventory/v1/purchase-orders", headers=http.headers).status_code == 401
        )
        return sent
