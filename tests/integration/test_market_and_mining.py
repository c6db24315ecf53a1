"""Sales of tills become figures of the market and patterns, and both can be had as files for SPSS and SAS."""

import io
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pyreadstat

from .conftest import System, until

LAMP, REED = "06901028075916", "06901028075923"


class Analyst:
    """Somebody who looks at two shops of this test's own, in an area of their own."""

    def __init__(self, system: System, http: httpx.Client) -> None:
        self.system, self.http = system, http
        self.prefix = f"A{uuid4().hex[:7]}"
        self.stores = [f"{self.prefix}S{n}" for n in range(2)]
        self.day = datetime.now(UTC) - timedelta(days=3)

    def ask(self, method: str, path: str, *, expect: tuple[int, ...] = (200,), **more: Any) -> Any:
        headers = {"Idempotency-Key": uuid4().hex} if method == "POST" else {}
        answer = self.http.request(method, path, headers=headers, **more)
        assert answer.status_code in expect, answer.text
        return answer.json()

    def open_shops(self) -> None:
        for gtin, brand in ((LAMP, f"{self.prefix} Lamp"), (REED, f"{self.prefix} Reed")):
            body = {"name": brand, "brand": brand, "manufacturer": f"{self.prefix} Works", "currency": "CNY"}
            self.ask("PUT", f"/inventory/v1/products/{gtin}", json=body, expect=(200, 201))
        for store in self.stores:
            body = {"name": "Quay", "time_zone": "Asia/Shanghai"}
            self.ask("PUT", f"/inventory/v1/stores/{store}", json=body, expect=(200, 201))
        retailer = {"name": "Quay shops", "trade_area": self.prefix, "store_ids": self.stores}
        retailer |= {"licence_number": f"3301021{uuid4().int % 10**5:05d}"}
        path = f"/customers/v1/retailers/{self.prefix}"
        until(
            lambda: self.http.put(path, json=retailer).status_code in (200, 201), "the stores were not told"
        )

    def sell(self, store: str, *lines: tuple[str, int]) -> dict[str, Any]:
        total = sum(packs for _, packs in lines) * 2000
        sale = {
            "sale_id": str(uuid4()),
            "store_id": store,
            "sold_at": self.day.isoformat(timespec="seconds"),
            "currency": "CNY",
            "lines": [
                {"line": n, "gtin": gtin, "quantity": packs, "unit": "pack", "unit_price": 2000}
                for n, (gtin, packs) in enumerate(lines, 1)
            ],
            "payments": [{"method": "cash", "amount": total}],
            "age_check": {"method": "id_seen", "passed": True},
        }
        self.tell(store, "sales", sale)
        return sale

    def tell(self, store: str, path: str, body: dict[str, Any]) -> None:
        headers = {"Authorization": f"Bearer {self.system.terminal(store)}"}
        answer = httpx.post(f"{self.system.url}/pos/v1/{path}", json=body, headers=headers, timeout=30)
        assert answer.status_code == 201, answer.text

    def report(self, name: str, **params: Any) -> httpx.Response:
        whole: dict[str, Any] = {
            "since": (self.day - timedelta(days=1)).date(),
            "until": (self.day + timedelta(days=1)).date(),
        }
        answer = self.http.get(
            f"/customers/v1/market/{name}", params={**whole, "area": self.prefix, **params}
        )
        assert answer.status_code == 200, answer.text
        return answer

    def shares(self) -> dict[str, float]:
        items = self.report("shares").json()["items"]
        return {
            item["key"].removeprefix(f"{self.prefix} "): item["volume"]["numerator"]
            for item in items
            if item["key"]
        }

    def mine(self, **params: Any) -> tuple[str, dict[str, Any]]:
        scope = {"since": str((self.day - timedelta(days=1)).date()), "store_ids": self.stores}
        scope |= {"until": str((self.day + timedelta(days=1)).date())}
        body = {"params": scope | params}
        job_id = self.ask("POST", "/customers/v1/mining/runs", json=body, expect=(202,))["job_id"]

        def ended() -> Any:
            job = self.ask("GET", f"/customers/v1/jobs/{job_id}")
            return job if job["state"] not in ("queued", "running") else None

        job = until(ended, "nothing was mined")
        assert job["state"] == "done", job
        return job_id, job["result"]


def test_sales_become_shares_spread_and_rules_and_files_of_them(system: System, tmp_path: Path) -> None:
    with system.client() as http:
        analyst = Analyst(system, http)
        analyst.open_shops()
        first, second = analyst.stores
        for _ in range(3):
            analyst.sell(first, (LAMP, 2), (REED, 1))
        sale = analyst.sell(second, (LAMP, 4))
        until(lambda: analyst.shares() == {"Lamp": 200, "Reed": 60}, "the market was not summed up")
        spread = {row["key"]: row["numeric"] for row in analyst.report("distribution").json()["items"]}
        assert spread[f"{analyst.prefix} Reed"]["value"] == 0.5

        void = {"void_id": str(uuid4()), "sale_id": sale["sale_id"], "store_id": second, "reason": "mistake"}
        analyst.tell(second, "voids", void | {"voided_at": sale["sold_at"]})
        until(lambda: analyst.shares() == {"Lamp": 120, "Reed": 60}, "the void was not taken off")

        run_id, result = analyst.mine(kind="associations", item="brand", support=0.5, confidence=0.9)
        assert (result["baskets"], result["rows"]) == (3, 2)
        path = f"/customers/v1/mining/runs/{run_id}/rules"
        rules = analyst.ask("GET", path)["items"]
        assert {row["consequent"][0].partition(" ")[2] for row in rules} == {"Lamp", "Reed"}
        table = tmp_path / "rules.sav"
        table.write_bytes(http.get(path, params={"format": "sav"}).content)
        frame, _ = pyreadstat.read_sav(table)
        assert frame["confidence"].tolist() == [row["confidence"] for row in rules] == [1.0, 1.0]

        content = analyst.report("shares", format="xpt").content
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            (tmp_path / "shares.xpt").write_bytes(archive.read("shares.xpt"))
            assert (
                "label volume_numerator='share of volume 销量份额: numerator [volume.numerator]';"
                in archive.read("shares.sas").decode()
            )
        frame, _ = pyreadstat.read_xport(tmp_path / "shares.xpt")
        assert sorted(frame["volume_numerator"].tolist()) == [60.0, 120.0]
