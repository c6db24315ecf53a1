"""Lots that may not be sold, cartons with numbers of their own and kits, through HTTP and Kafka."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import uuid4

import httpx
import pytest

GTIN, CARTON, KIT = "06901028075770", "16901028075777", "06901028075787"
CODE = "6112312345678901ABCD430701204804"
EXPIRED = (datetime.now(UTC) - timedelta(days=10)).date().isoformat()
LATER = (datetime.now(UTC) + timedelta(days=300)).date().isoformat()
PATIENCE_SECONDS = 30


class System(Protocol):
    url: str
    client: Callable[..., httpx.Client]
    terminal: Callable[[str], str]
    wait_drained: Callable[..., Any]


class Shop:
    """A new store with its till."""

    def __init__(self, system: System, http: httpx.Client) -> None:
        self.system = system
        self.http = http
        self.store_id = f"K{uuid4().hex[:8]}"
        self.ask("PUT", f"stores/{self.store_id}", name="Kits", time_zone="Asia/Shanghai")
        numbers = [{"gtin": CARTON, "unit": "carton"}]
        price = {"retail_price_per_pack": 2500, "currency": "CNY"}
        self.ask("PUT", f"products/{GTIN}", name="Kit King", brand="Kit", unit_gtins=numbers, **price)
        self.ask(
            "PUT", f"products/{KIT}", name="Gift box", brand="Kit", sticks_per_pack=40, packs_per_carton=1
        )
        self.ask("PUT", f"kits/{KIT}", components=[{"gtin": GTIN, "quantity": 2}])
        self.key = system.terminal(self.store_id)

    def ask(self, method: str, path: str, **body: Any) -> Any:
        headers = {"Idempotency-Key": uuid4().hex}
        answer = self.http.request(method, f"/inventory/v1/{path}", json=body or None, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()

    def receive(self, gtin: str, quantity: int, lot: str, expiry_date: str, *codes: str) -> None:
        line = {"gtin": gtin, "quantity": quantity, "lot": lot, "expiry_date": expiry_date, "codes": codes}
        self.ask("POST", "receipts", store_id=self.store_id, lines=[line])

    def sell(self, *, expect: list[str], **changes: Any) -> str:
        line: dict[str, Any] = {"line": 1, "gtin": GTIN, "quantity": 1, "unit": "pack", "unit_price": 2500}
        line |= {"lot": None, "code": None} | changes
        sale = {
            "sale_id": str(uuid4()),
            "store_id": self.store_id,
            "sold_at": datetime.now(UTC).isoformat(),
            "currency": "CNY",
            "lines": [line],
            "payments": [{"method": "cash", "amount": line["quantity"] * line["unit_price"]}],
            "member_id": None,
            "age_check": {"method": "id_seen", "passed": True},
        }
        answer = self.till("POST", "/pos/v1/sales", json=sale)
        assert (answer.status_code, answer.json()["exceptions"]) == (201, expect), answer.text
        return str(sale["sale_id"])

    def till(self, method: str, path: str, **changes: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}"} | changes.pop("headers", {})
        return httpx.request(method, self.system.url + path, headers=headers, timeout=30, **changes)

    def until_listed(self, wanted: set[tuple[str, str]], etag: str = "") -> str:
        """Pull the till's list until it names these lots and why; gives its ETag, which is a new one then."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        found: Any = None
        while time.monotonic() < deadline:
            answer = self.till("GET", "/pos/v1/sellable", headers={"If-None-Match": etag} if etag else {})
            if answer.status_code == 200:
                item = next((each for each in answer.json()["items"] if each["gtin"] == GTIN), None)
                found = item and {(lot["lot"], lot["reason"]) for lot in item["unsellable_lots"]}
                if found == wanted:
                    return str(answer.headers["ETag"])
            time.sleep(0.1)
        raise AssertionError(f"{found} instead of {wanted}")

    def lots(self, gtin: str) -> dict[str, int]:
        items = self.ask("GET", f"lots?store_id={self.store_id}&gtin={gtin}")["items"]
        return {item["lot"]: item["on_hand"] for item in items}


@pytest.fixture
def shop(system: System) -> Any:
    with system.client() as http:
        yield Shop(system, http)


def test_a_sale_of_a_lot_that_may_not_be_sold_is_known_on_both_sides(system: System, shop: Shop) -> None:
    shop.receive(GTIN, 10, "OLD", EXPIRED, CODE)
    shop.receive(GTIN, 10, "NEW", LATER)
    shop.receive(GTIN, 10, "DAMP", LATER)
    etag = shop.until_listed({("OLD", "expired")})
    shop.ask("POST", f"stock/{shop.store_id}/{GTIN}/lots/DAMP:hold", reason="water in the back room")
    etag = shop.until_listed({("OLD", "expired"), ("DAMP", "held")}, etag)
    sold = {
        shop.sell(lot="OLD", expect=["expired_lot"]): ("expired", "OLD"),
        shop.sell(lot="DAMP", expect=["held_lot"]): ("held", "DAMP"),
    }
    shop.sell(lot="NEW", expect=[])
    shop.sell(expect=[])
    system.wait_drained()
    sold[shop.sell(code=CODE, expect=["expired_lot"])] = ("expired", "OLD")
    system.wait_drained()
    page = shop.ask("GET", f"freshness/violations?store_id={shop.store_id}")
    assert {each["sale_id"]: (each["kind"], each["lot"]) for each in page["items"]} == sold
    assert shop.lots(GTIN) == {"OLD": 8, "DAMP": 9, "NEW": 8}
    shop.ask("POST", f"stock/{shop.store_id}/{GTIN}/lots/DAMP:release", reason="dry after all")
    shop.until_listed({("OLD", "expired")}, etag)
    shop.sell(lot="DAMP", expect=[])
    raised = shop.http.get("/pos/v1/exceptions", params={"store_id": shop.store_id}).json()["items"]
    assert sorted(each["code"] for each in raised) == ["expired_lot", "expired_lot", "held_lot"]


def test_cartons_with_their_own_number_and_kits_are_sold_and_the_books_agree(
    system: System, shop: Shop
) -> None:
    shop.receive(CARTON, 5, "C1", LATER)
    assert shop.lots(GTIN) == {"C1": 50}
    system.wait_drained()
    time.sleep(1.1)  # a till's list is a second old at most
    shop.sell(gtin=CARTON, unit="carton", unit_price=25000, expect=[])
    made = shop.ask("POST", f"kits/{KIT}:assemble", store_id=shop.store_id, quantity=6, lot="BOX")
    assert [(part["lot"], part["sticks"]) for part in made["parts"]] == [("C1", 240)]
    shop.sell(gtin=KIT, unit_price=6000, lot="BOX", expect=[])
    system.wait_drained()
    apart = shop.ask("POST", f"kits/{KIT}:disassemble", store_id=shop.store_id, quantity=2, lot="BOX")
    assert [(part["lot"], part["sticks"]) for part in apart["parts"]] == [("C1", 80)]
    assert (shop.lots(GTIN), shop.lots(KIT)) == ({"C1": 32}, {"BOX": 3})
    check = shop.http.get("/inventory/v1/checks/ledger", params={"store_id": shop.store_id}).json()
    assert check["equal"], check
    lines = shop.http.get("/pos/v1/totals", params={"store_id": shop.store_id}).json()["lines"]
    assert {line["gtin"]: line["sticks"] for line in lines} == {GTIN: 200, KIT: 40}
