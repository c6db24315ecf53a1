"""An operator imports customers, suspends a licence, merges a duplicate and undoes it; Kafka tells it."""

import json
from typing import Any
from uuid import uuid4

import httpx

from .conftest import System, until

RETAILERS, MERGES = "customers.retailer.v1", "customers.retailer-merge.v1"


class Operator:
    """Somebody of the distributor, with customers of a name of this test's own."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.prefix = f"T{uuid4().hex[:8]}"
        self.area = self.prefix
        self.store_id = f"{self.prefix}S"
        number = uuid4().int % 10**5
        self.licences = [f"33010{each}1{number:05d}" for each in (1, 2)]

    def ask(self, method: str, path: str, *, expect: int = 200, **more: Any) -> Any:
        headers = {"Idempotency-Key": uuid4().hex} | more.pop("headers", {})
        answer = self.http.request(method, f"/customers/v1/{path}", headers=headers, **more)
        assert answer.status_code == expect, answer.text
        return answer.json()

    def open_store(self) -> None:
        body = {"name": "Corner", "time_zone": "Asia/Shanghai"}
        self.http.put(f"/inventory/v1/stores/{self.store_id}", json=body).raise_for_status()

    def import_customers(self) -> None:
        """Send a file as a wholesaler's system writes it: GBK, with Chinese headings."""
        second = f"{self.prefix}B,城南 商店"
        rows = [
            "客户编码,客户名称,许可证号,状态,业态,商圈,联系人,联系电话,门店编号",
            f"{self.prefix}A,城南烟酒店,{self.licences[0]},正常,烟酒店,{self.area},王芳,13812345678,",
            ",".join(
                (second, self.licences[1], "正常,烟酒店", self.area, "王芳,138-1234-5678", self.store_id)
            ),
        ]
        file = "\r\n".join(rows).encode("gb18030")
        headers = {"Content-Type": "text/csv"}

        def tried() -> bool:
            report = self.ask("POST", "imports?kind=retailers", content=file, headers=headers)
            return not report["errors"]

        until(tried, "the store was not told")
        path = "imports?kind=retailers&dry_run=false"
        assert self.ask("POST", path, content=file, headers=headers)["created"] == 2

    def found(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.ask("GET", f"retailers?trade_area={self.area}")["items"]
        return items


def test_a_duplicate_among_imported_customers_is_merged_and_taken_apart_again(system: System) -> None:
    with system.client() as http:
        operator = Operator(http)
        first, second = f"{operator.prefix}A", f"{operator.prefix}B"
        operator.open_store()
        operator.import_customers()
        check = {"status": "suspended", "source": "monopoly bureau", "reason": "sold to a minor"}
        operator.ask("POST", f"retailers/{first}/licence-checks", json=check, expect=201)
        assert [each["licence_state"] for each in operator.found()] == ["suspended", "active"]

        pair = until(
            lambda: operator.ask("GET", f"duplicates?retailer_id={first}")["items"], "nobody compared them"
        )[0]
        assert (pair["second_id"], pair["score"]) == (second, 95)
        assert [each["code"] for each in pair["reasons"]] == ["same_phone", "similar_name"]
        body = {"survivor_id": second, "merged_id": first, "take": ["name"], "reason": "one shop"}
        made = operator.ask("POST", "merges", json=body, expect=201)
        moved = operator.ask("GET", f"retailers/{first}", expect=301)
        assert moved["merged_into"] == second
        followed = http.get(f"/customers/v1/retailers/{first}", follow_redirects=True).json()
        assert (followed["retailer_id"], followed["name"]) == (second, "城南烟酒店")
        done = operator.ask("POST", f"merges/{made['merge_id']}:undo", json={"reason": "two after all"})
        assert done["kept"] == []
        assert [(each["retailer_id"], each["name"], each["licence_state"]) for each in operator.found()] == [
            (first, "城南烟酒店", "suspended"),
            (second, "城南 商店", "active"),
        ]
        history = operator.ask("GET", f"retailers/{first}/history")["items"]
        actions = [each["action"] for each in history]
        assert actions == ["undo_merge", "merge", "check_licence", "create"]

        system.wait_drained()
        retailers, merges = system.told(RETAILERS), system.told(MERGES)
        own = [each for each in retailers if each["retailer_id"] == first]
        assert [(each["licence_status"], each["merged_into"]) for each in own] == [
            ("active", None),
            ("suspended", None),
            ("suspended", second),
            ("suspended", None),
        ]
        moves = [each for each in merges if each["survivor_id"] == second]
        assert [("merged_at" in each, "undone_at" in each) for each in moves] == [
            (True, False),
            (False, True),
        ]
        assert "王芳" not in json.dumps([retailers, merges], ensure_ascii=False)
