"""A stocktake while the store sells, and a lot's way from the warehouse over a till and back again."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from .conftest import System

GTIN = "06901028080033"
TODAY = datetime.now(UTC).date()


class Site:
    """A warehouse and a store with a till, as a manager sees them."""

    def __init__(self, system: System, http: httpx.Client) -> None:
        self.system = system
        self.http = http
        number = uuid4().hex[:8]
        self.warehouse, self.store = f"W{number}", f"N{number}"
        self.ask("PUT", f"stores/{self.warehouse}", name="Depot", kind="warehouse", time_zone="Asia/Shanghai")
        self.ask("PUT", f"stores/{self.store}", name="Shop", time_zone="Asia/Shanghai")
        self.ask("PUT", f"products/{GTIN}", name="Way King", brand="Way", currency="CNY")
        self.key = system.terminal(self.store)

    def ask(self, method: str, path: str, *, http: httpx.Client | None = None, **body: Any) -> Any:
        headers = {"Idempotency-Key": uuid4().hex}
        client = http or self.http
        answer = client.request(method, f"/inventory/v1/{path}", json=body or None, headers=headers)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def receive(self, store_id: str, lot: str, quantity: int, days_old: int) -> None:
        produced = TODAY - timedelta(days=days_old)
        line = {"gtin": GTIN, "quantity": quantity, "lot": lot, "production_date": produced.isoformat()}
        line |= {"expiry_date": (produced + timedelta(days=500)).isoformat()}
        self.ask("POST", "receipts", store_id=store_id, lines=[line])

    def sell(self, packs: int) -> str:
        more = {"member_id": None, "age_check": {"method": "id_seen", "passed": True}}
        return self._push("sale", "sold_at", packs, more)

    def take_back(self, packs: int, sale_id: str) -> str:
        more = {"sale_id": sale_id, "reason": "wrong brand", "restock": True}
        return self._push("return", "returned_at", packs, more)

    def _push(self, kind: str, when: str, packs: int, more: dict[str, Any]) -> str:
        document = {
            f"{kind}_id": str(uuid4()),
            "store_id": self.store,
            when: datetime.now(UTC).isoformat(),
            "currency": "CNY",
            "lines": [{"line": 1, "gtin": GTIN, "quantity": packs, "unit": "pack", "unit_price": 2500}],
            "payments": [{"method": "cash", "amount": packs * 2500}],
        } | more
        headers = {"Authorization": f"Bearer {self.key}"}
        answer = httpx.post(f"{self.system.url}/pos/v1/{kind}s", json=document, headers=headers, timeout=30)
        assert answer.status_code == 201, answer.text
        self.system.wait_drained()
        return str(document[f"{kind}_id"])

    def on_hand(self, store_id: str) -> int:
        (item,) = self.ask("GET", f"stock?store_id={store_id}&gtin={GTIN}")["items"]
        return int(item["on_hand"])

    def balanced(self) -> bool:
        found = [self.ask("GET", f"checks/ledger?store_id={each}") for each in (self.store, self.warehouse)]
        return all(each["equal"] for each in found)


@pytest.fixture
def site(system: System) -> Any:
    with system.client() as http:
        yield Site(system, http)


def as_clerk(system: System, store_id: str) -> httpx.Client:
    made = system.cli("token", "--role", "clerk", "--store", store_id, "--subject", "clerk-li")
    headers = {"Authorization": f"Bearer {made['token']}"}
    return httpx.Client(base_url=system.url, headers=headers, timeout=30)


def test_a_blind_count_while_the_store_sells_finds_what_is_missing(system: System, site: Site) -> None:
    site.receive(site.store, "A", 100, 30)
    site.sell(10)
    terms = {"packs": 5, "percent": "10"}
    made = site.ask("POST", "stocktakes", store_id=site.store, kind="full", blind=True, thresholds=terms)
    path = f"stocktakes/{made['stocktake_id']}"
    site.ask("POST", f"{path}:start")
    site.sell(4)
    with as_clerk(system, site.store) as clerk:
        (line,) = site.ask("GET", f"{path}/lines", http=clerk)["items"]
        assert line["snapshot_sticks"] is None  # blind
        sheet = clerk.get(f"/inventory/v1/{path}/sheet", params={"lang": "zh"})
        assert sheet.status_code == 200
        assert "<svg" in sheet.text
        file = f"gtin,quantity,unit\n{GTIN},84,pack\n".encode()
        url, headers = f"/inventory/v1/{path}/counts:import", {"Content-Type": "text/csv"}
        dry = clerk.post(url, content=file, headers=headers)
        assert dry.is_success, dry.text
        done = clerk.post(url, content=file, headers=headers, params={"dry_run": "false"})
        assert done.is_success, done.text
    time.sleep(0.01)
    site.sell(6)  # after the count: no variance
    assert site.ask("POST", f"{path}:close")["state"] == "review"
    site.ask("POST", f"{path}:approve", reasons=[{"gtin": GTIN, "reason_code": "theft"}])
    assert site.ask("POST", f"{path}:post")["state"] == "posted"
    # 100 - 10 - 4 are 86 in the books, 84 lie there; six are sold since.
    assert site.on_hand(site.store) == 78
    record = site.ask("GET", f"{path}/accuracy")
    assert (record["lines"], record["accurate_lines"], record["net_variance_sticks"]) == (1, 0, -40)
    days = f"from={TODAY - timedelta(days=1)}&to={TODAY + timedelta(days=1)}"
    (lost,) = site.ask("GET", f"shrinkage?store_id={site.store}&{days}")["items"]
    assert (lost["gtin"], lost["stocktake_sticks"]) == (GTIN, 40)
    assert site.balanced()


def test_a_lot_is_followed_from_its_receipt_through_a_transfer_to_the_till_and_back(site: Site) -> None:
    site.receive(site.warehouse, "FIRST", 20, 400)
    site.receive(site.warehouse, "SECOND", 20, 30)
    kept = site.ask("POST", "reservations", store_id=site.warehouse, gtin=GTIN, quantity=5)
    lines = [{"gtin": GTIN, "quantity": 25}]
    ends: dict[str, Any] = {"from_store_id": site.warehouse, "to_store_id": site.store}
    sent = site.ask("POST", "transfers", **ends, lines=lines, dispatch=True)
    (way,) = site.ask("GET", f"in-transit?to_store_id={site.store}")["items"]
    assert (way["gtin"], way["in_transit_sticks"]) == (GTIN, 500)
    torn = {"gtin": GTIN, "lot": "FIRST", "received": 18, "lost": 2, "reason": "torn"}
    rest = {"gtin": GTIN, "lot": "SECOND", "received": 5}
    site.ask("POST", f"transfers/{sent['transfer_id']}:receive", lines=[torn, rest])
    site.ask("POST", f"reservations/{kept['reservation_id']}:release", reason="not wanted any more")
    assert (site.on_hand(site.warehouse), site.on_hand(site.store)) == (15, 23)

    # What to bring forward and pick first, and the way round it, with a reason.
    first = site.ask("GET", f"freshness/rotation?store_id={site.store}")["items"][0]
    assert (first["lot"], first["action"]) == ("FIRST", "inspect")
    bands = site.ask("GET", f"freshness/bands?store_id={site.store}&brand=Way")["items"][0]["bands"]
    assert round(sum(each["share"] for each in bands), 6) == 1
    chosen: dict[str, Any] = {
        "quantity": 3,
        "lots": [{"lot": "SECOND", "quantity": 3}],
        "reason": "the customer's wish",
    }
    pick = site.ask("POST", "picks", store_id=site.store, gtin=GTIN, **chosen)
    assert (pick["overridden"], [each["lot"] for each in pick["suggested"]]) == (True, ["FIRST"])

    sold = site.sell(20)  # oldest first: all of FIRST, and 2 of SECOND
    site.take_back(1, sold)
    trace = site.ask("GET", f"lots/{GTIN}/FIRST/trace")
    steps = [(each["store_id"], each["reason"], each["delta_sticks"]) for each in trace["items"]]
    assert steps[:4] == [
        (site.warehouse, "receipt", 400),
        (site.warehouse, "transfer_out", -400),
        (site.store, "transfer_in", 360),
        (site.store, "sale", -360),
    ]
    assert site.on_hand(site.store) == 4
    assert site.balanced()
