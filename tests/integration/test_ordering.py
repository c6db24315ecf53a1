"""Trade customers order in their window, pay and get their goods, while parts of the system are killed."""

import random
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from .conftest import System

GTIN = "06901028988018"
CARTON = 200
STOCK_CARTONS = 40
CUSTOMERS = 12
WITHIN_SECONDS = 60


class Distributor:
    """A distributor with a warehouse, customers of this test's own and a window that is open."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.prefix = f"O{uuid4().hex[:8]}"
        self.warehouse = f"{self.prefix}W"
        self.customers = [f"{self.prefix}C{n:02}" for n in range(CUSTOMERS)]

    def ask(self, method: str, path: str, *, expect: int | None = None, **more: Any) -> Any:
        """Ask until it is answered for good: what runs may be killed at any moment."""
        headers = {"Idempotency-Key": uuid4().hex}
        deadline = time.monotonic() + WITHIN_SECONDS
        while True:
            with suppress(httpx.TransportError):
                answer = self.http.request(method, path, headers=headers, **more)
                if answer.status_code not in {429, 502, 503, 504}:
                    good = (200, 201) if expect is None else (expect,)
                    assert answer.status_code in good, answer.text
                    return answer.json()
            assert time.monotonic() < deadline, f"{method} {path}"
            time.sleep(0.3)

    def open(self) -> None:
        self.ask("PUT", f"/inventory/v1/products/{GTIN}", json={"name": "Harbour Blue", "brand": "Harbour"})
        store = {"name": "Centre", "time_zone": "Asia/Shanghai", "kind": "warehouse"}
        self.ask("PUT", f"/inventory/v1/stores/{self.warehouse}", json=store)
        line = {"gtin": GTIN, "quantity": STOCK_CARTONS, "unit": "carton", "lot": "L1"}
        receipt = {"store_id": self.warehouse, "kind": "opening", "lines": [line]}
        self.ask("POST", "/inventory/v1/receipts", json=receipt)
        for n, each in enumerate(self.customers):
            number = f"3301031{uuid4().int % 10**3:03d}{n:02d}"
            self.ask("PUT", f"/customers/v1/retailers/{each}", json={"name": each, "licence_number": number})
        self._offer()
        self._open_window()

    def _offer(self) -> None:
        """Price the product once the service has been told of it and of the warehouse."""
        deadline = time.monotonic() + WITHIN_SECONDS
        body = {"wholesale_minor_per_carton": 18_000, "currency": "CNY"}
        while self.http.put(f"/customers/v1/catalogue/{GTIN}/offer", json=body).status_code == 404:
            assert time.monotonic() < deadline, "the product was not told"
            time.sleep(0.3)

    def _open_window(self) -> None:
        day = (datetime.now(UTC) + timedelta(days=random.randint(9, 27))).date()
        group = {
            "name": "All",
            "supply_store_id": self.warehouse,
            "order_weekday": day.isoweekday(),
            "opens_days_before": 2,
            "opens_at_time": "19:00",
            "closes_days_before": 1,
            "closes_at_time": "16:00",
            "prepaid": True,
        }
        self.ask("PUT", f"/customers/v1/order-groups/{self.prefix}", json=group)
        assign = f"/customers/v1/order-groups/{self.prefix}:assign"
        self.ask("POST", assign, json={"retailer_ids": self.customers})
        cycle = {"code": self.prefix, "starts_on": day.isoformat(), "ends_on": day.isoformat()}
        made = self.ask("POST", "/customers/v1/order-cycles", json=cycle)
        self.cycle_id = made["cycle_id"]
        now = datetime.now(UTC)
        window = {
            "opens_at": (now - timedelta(hours=1)).isoformat(),
            "closes_at": (now + timedelta(hours=1)).isoformat(),
            "delivery_on": (now + timedelta(days=1)).date().isoformat(),
            "reason": "brought forward",
        }
        self.ask("PUT", f"/customers/v1/order-cycles/{self.cycle_id}/windows/{self.prefix}", json=window)

    def order(self, retailer_id: str, cartons: int) -> str:
        line = {"gtin": GTIN, "quantity": cartons, "unit": "carton"}
        body = {"retailer_id": retailer_id, "confirm": True, "lines": [line]}
        order_id: str = self.ask("POST", "/customers/v1/orders", json=body)["order_id"]
        return order_id

    def orders(self, state: str | None = None) -> list[dict[str, Any]]:
        query = {"cycle_id": self.cycle_id, "limit": "1000"} | ({"state": state} if state else {})
        items: list[dict[str, Any]] = self.ask("GET", "/customers/v1/orders", params=query)["items"]
        return items

    def stock(self) -> tuple[int, int]:
        """Cartons on hand and kept back in the warehouse."""
        query = {"store_id": self.warehouse, "gtin": GTIN, "unit": "stick"}
        (item,) = self.ask("GET", "/inventory/v1/stock", params=query)["items"]
        return item["on_hand"] // CARTON, item["reserved"] // CARTON


@pytest.fixture
def distributor(system: System) -> Iterator[Distributor]:
    with system.client() as http:
        made = Distributor(http)
        made.open()
        yield made


def kill(system: System, *names: str) -> None:
    """Kill processes that run: one that was killed before has to be back first."""
    system.wait_ready()
    for name in names:
        system.kill(name)


def settle(system: System) -> None:
    system.wait_ready()
    system.wait_drained()


@pytest.mark.timeout(300)
def test_orders_get_their_stock_once_and_give_it_back_whatever_is_killed(
    system: System, distributor: Distributor
) -> None:
    for n, customer in enumerate(distributor.customers * 2):
        distributor.order(customer, 3)
        if n == 5:
            kill(system, "inventory worker")
        if n == 15:
            kill(system, "customers worker")
    settle(system)
    kept, refused = distributor.orders("reserved"), distributor.orders("refused")
    assert (len(kept), len(refused)) == (STOCK_CARTONS // 3, 2 * CUSTOMERS - STOCK_CARTONS // 3)
    assert {each["lines"][0]["free_sticks"] for each in refused} == {STOCK_CARTONS % 3 * CARTON}
    assert distributor.stock() == (STOCK_CARTONS, 3 * len(kept))

    failed, stopped, paid = kept[:3], kept[3], kept[4:]
    for n, each in enumerate(kept):
        outcome = "failed" if each in failed else "paid"
        debit = {"outcome": outcome, "amount_minor": each["value_minor"], "reference": each["order_id"]}
        distributor.ask("POST", f"/customers/v1/orders/{each['order_id']}/debits", json=debit)
        if n == 1:
            kill(system, "customers worker", "inventory worker")
    owner = stopped["retailer_id"]
    paid = [each for each in paid if each["retailer_id"] != owner]
    check = {"status": "revoked", "source": "bureau", "reason": "sold to minors"}
    distributor.ask("POST", f"/customers/v1/retailers/{owner}/licence-checks", json=check)
    view = distributor.ask("POST", f"/customers/v1/orders/{stopped['order_id']}:dispatch")
    assert (view["state"], view["closed_code"]) == ("cancelled", "licence-revoked")
    assert view["refund_due_minor"] == view["value_minor"]
    proof = {"proof": {"kind": "signature", "reference": "sheet 1"}}
    for n, each in enumerate(paid):
        path = f"/customers/v1/orders/{each['order_id']}"
        distributor.ask("POST", f"{path}:dispatch")
        distributor.ask("POST", f"{path}:deliver", json=proof)
        if n == 2:
            kill(system, "inventory worker")
    settle(system)
    told = {(each["state"], each["stock"]) for each in distributor.orders()}
    waiting = {("reserved", "reserved")} if len(paid) + 4 < len(kept) else set()
    assert told == {("cancelled", "released"), ("delivered", "shipped"), ("refused", "refused")} | waiting
    left = len(kept) - len(failed) - 1 - len(paid)
    assert distributor.stock() == (STOCK_CARTONS - 3 * len(paid), 3 * left)
    assert distributor.ask("GET", "/inventory/v1/checks/ledger")["equal"] is True
    holding = {"gtin": GTIN, "quantity": 1}
    plan = distributor.ask(
        "POST",
        "/customers/v1/order-plans",
        json={"retailer_id": paid[0]["retailer_id"], "cycle_id": distributor.cycle_id, "stock": [holding]},
    )
    assert [(line["gtin"], line["on_hand_sticks"]) for line in plan["lines"]] == [(GTIN, CARTON)]
    lot = {"gtin": GTIN, "lot": "L1", "store_id": distributor.warehouse}
    assert len(distributor.ask("GET", "/customers/v1/orders", params=lot)["items"]) == len(paid)
    asked = {"store_id": distributor.warehouse, "gtin": GTIN, "channel": "trade"}
    demand = distributor.ask("GET", "/forecasting/v1/demand", params=asked)["periods"]
    stand = [each for each in distributor.orders() if each["state"] != "cancelled"]
    assert sum(each["requested_sticks"] for each in demand) == 3 * CARTON * len(stand)
