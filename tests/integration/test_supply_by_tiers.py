"""A supply manager tiers customers, tries out and publishes a week's caps, and shares what is short."""

import io
import random
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx
import openpyxl

from .conftest import System

TOPICS = ("customers.tier-scheme.v1", "customers.tier.v1", "customers.strategy.v1")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Manager:
    """Somebody who plans supply, with customers, products and cycles of this test's own."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.prefix = f"T{uuid4().hex[:8]}"
        self.scheme = self.prefix.lower()
        self.customers = [f"{self.prefix}{letter}" for letter in "ABC"]
        self.product = f"0{random.randint(10**11, 10**12 - 1):013d}"

    def ask(self, method: str, path: str, *, expect: int = 200, **more: Any) -> Any:
        headers = {"Idempotency-Key": uuid4().hex} | more.pop("headers", {})
        answer = self.http.request(method, f"/customers/v1/{path}", headers=headers, **more)
        assert answer.status_code == expect, answer.text
        return answer.json()

    def send(self, path: str, *lines: str, expect: int = 200) -> Any:
        content = "\n".join(lines).encode("gb18030")
        return self.ask("POST", path, content=content, headers={"Content-Type": "text/csv"}, expect=expect)

    def register_customers(self) -> None:
        for each in self.customers:
            number = f"33010{random.randint(0, 9)}1{random.randint(0, 99_999):05d}"
            body = {"name": each, "licence_number": number, "market_type": "urban"}
            self.ask("PUT", f"retailers/{each}", json=body | {"trade_area": self.prefix}, expect=201)

    def put_in_tiers(self) -> None:
        """Score everybody by what they bought, then correct two by hand."""
        measures = [{"measure": self.scheme.replace("-", "_"), "weight": 1}]
        terms = {"name": "三档", "tiers": 3, "cadence": "monthly", "measures": measures}
        made = self.ask("POST", "tier-schemes", json={"code": self.scheme} | terms, expect=201)
        path = f"tier-schemes/{made['scheme_id']}"
        self.ask("POST", f"{path}:lock")
        self.ask("POST", f"{path}:publish", json={"reason": "new year"})
        figures = [f"{each},{self.scheme},2026-10-01,{10**n}" for n, each in enumerate(self.customers, 4)]
        report = self.send("imports?kind=tier-figures&dry_run=false", "客户编码,指标,期间,数值", *figures)
        assert report["created"] == 3
        period = {"starts_on": "2026-10-01", "ends_on": "2026-10-31"}
        scoring = self.ask("POST", f"{path}/scorings", json=period, expect=201)
        self.ask("POST", f"tier-scorings/{scoring['scoring_id']}:publish", json={"reason": "October"})
        assert self.tiers()[self.customers[2]] == 3
        for tier, each in enumerate(self.customers[:2], 1):
            body = {"tier": tier, "reason": "known since 2009", "stays": True}
            self.ask("PUT", f"tiers/{self.scheme}/{each}/override", json=body)

    def tiers(self) -> dict[str, int]:
        found = {}
        for each in self.customers:
            items = self.ask("GET", f"retailers/{each}/tiers")["items"]
            found[each] = next(item["tier"] for item in items if item["scheme_code"] == self.scheme)
        return found

    def plan_cycles(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Make two cycles in a week of a far year that nobody else plans in."""
        first = date(2100, 1, 1) + timedelta(weeks=random.randint(0, 4000))
        found = []
        for number, begins in enumerate((first, first + timedelta(days=7)), 1):
            days = {"starts_on": begins.isoformat(), "ends_on": (begins + timedelta(days=6)).isoformat()}
            body = {"code": f"{self.prefix}-{number}"} | days
            found.append(self.ask("POST", "order-cycles", json=body, expect=201))
        return found[0], found[1]

    def ask_for(self, cycle: dict[str, Any], *cartons: int) -> None:
        rows = [
            f"{cycle['code']},{each},{self.product},{asked},条"
            for each, asked in zip(self.customers, cartons, strict=True)
        ]
        head = "订货周期,客户编码,商品编码,需求量,单位"
        assert self.send("imports?kind=cycle-requests&dry_run=false", head, *rows)["created"] == len(rows)

    def workbook(self, *extra: str) -> bytes:
        book = openpyxl.Workbook()
        segments = book.active
        segments.title = "段位"
        for row in (("段位", "1档", "2档", "3档"), ("200-300", 4, 8, 20)):
            segments.append(row)
        products = book.create_sheet("紧俏")
        ids = [f"{tier:032d}" for tier in (1, 2, 3)]
        products.append(("卷烟编码", "卷烟名称", "投放模式", "投放对象", "段位", "购进价", *ids, *extra))
        # To an area of this test's own: other customers of the same system have tiers as well.
        goods = (self.product, "紧俏烟", "按区域", self.prefix, "200-300", 212)
        products.append((*goods, None, 6, 10, *extra))
        out = io.BytesIO()
        book.save(out)
        return out.getvalue()

    def draft(self, cycle: dict[str, Any]) -> str:
        """Draft the week's strategy out of a workbook; one that forces a quota is refused."""
        body = {"cycle_id": cycle["cycle_id"], "scheme_code": self.scheme, "name": "第48周"}
        strategy_id: str = self.ask("POST", "strategies", json=body, expect=201)["strategy_id"]
        path = f"imports/strategies/{strategy_id}"
        headers = {"Content-Type": XLSX}
        forced = self.ask("POST", path, content=self.workbook("最低订购量"), headers=headers)
        assert [each["code"] for each in forced["errors"]] == ["quota-forbidden"]
        tried = self.ask("POST", path, content=self.workbook(), headers=headers)
        assert (tried["errors"], tried["written"], tried["lines"]) == ([], False, 2)
        done = self.ask("POST", f"{path}?dry_run=false", content=self.workbook(), headers=headers)
        assert done["written"]
        return strategy_id


def test_a_weeks_caps_are_simulated_published_and_what_is_short_is_shared(system: System) -> None:
    with system.client() as http:
        manager = Manager(http)
        one, two, three = manager.customers
        manager.register_customers()
        manager.put_in_tiers()
        assert manager.tiers() == {one: 1, two: 2, three: 3}
        last, this = manager.plan_cycles()
        manager.ask_for(last, 5, 6, 14)
        strategy_id = manager.draft(this)

        body: dict[str, Any] = {"request_cycle_ids": [last["cycle_id"]]}
        run = manager.ask("POST", f"strategies/{strategy_id}/simulations", json=body, expect=201)
        found = manager.ask("GET", f"allocation-runs/{run['run_id']}/indicators?by=product")["items"][0]
        assert (found["requested_sticks"], found["ordered_sticks"]) == (25 * 200, 16 * 200)
        assert (found["full_order_share"]["numerator"], found["full_order_share"]["denominator"]) == (2, 2)
        assert (found["cap_use"]["numerator"], found["cap_use"]["denominator"]) == (3200, 3200)
        assert (found["order_fill"]["value"], found["ordering_share"]["value"]) == (0.64, 1.0)

        manager.ask("POST", f"strategies/{strategy_id}:publish", json={"reason": "week 48"})
        asked = {"cycle_id": this["cycle_id"]}
        caps = manager.ask("GET", f"retailers/{two}/caps", params=asked)
        assert [each["cap_sticks"] for each in caps["products"]] == [1200]
        manager.ask_for(this, 5, 6, 14)
        short = {"rule": "max_min", "supply": [{"gtin": manager.product, "sticks": 10 * 200}]}
        manager.ask("POST", f"strategies/{strategy_id}/sharings", json=short, expect=201)
        shares = [
            manager.ask("GET", f"retailers/{each}/shares", params=asked)["items"][0]
            for each in manager.customers
        ]
        assert [each["supplied_sticks"] for each in shares] == [0, 1000, 1000]
        assert [each["code"] for each in shares[2]["steps"]] == ["requested", "cap", "shared", "supplied"]
        assert shares[0]["steps"][1]["text_zh"] == "按您的档位和投放对象，本品规上限为 0 条。"

        system.wait_drained()
        told = system.told(*TOPICS)
        schemes = [each for each in told if each.get("code") == manager.scheme]
        assert [(each["number"], each["tiers"]) for each in schemes] == [(1, 3)]
        tiers = [each for each in told if each.get("retailer_id") == two]
        assert [(each["tier"], each["overridden"]) for each in tiers][-1] == (2, True)
        cycle = [each for each in told if each.get("cycle_id") == this["cycle_id"]]
        assert ["published_at" in each for each in cycle] == [True, False]
        assert cycle[1]["gtins"] == [manager.product]
