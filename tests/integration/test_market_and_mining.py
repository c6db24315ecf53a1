"""Sales of tills become figures of the market and patterns, and both can be had as files for SPSS and SAS."""

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import openpyxl
import pyreadstat
import pytest
from pyarrow import parquet

from .conftest import System, until

LAMP, REED = "06901028075916", "06901028075923"
MEMBERS = 40
LISTS = {"sequences": "sequences", "switching": "switches", "affinities": "affinities", "cohorts": "cohorts"}
LISTS |= {"recommendations": "recommendations"}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def month(before: int) -> date:
    """Give the first day of the month so many months before this one."""
    today = datetime.now(UTC).date()
    year, number = divmod(today.year * 12 + today.month - 1 - before, 12)
    return date(year, number + 1, 1)


class Analyst:
    """Somebody who looks at two shops of this test's own, in an area of their own."""

    def __init__(self, system: System, http: httpx.Client) -> None:
        self.system, self.http = system, http
        self.prefix = f"A{uuid4().hex[:7]}"
        self.stores = [f"{self.prefix}S{n}" for n in range(2)]
        self.day = datetime.now(UTC) - timedelta(days=3)
        self.terminals: dict[str, str] = {}

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

    def sale(
        self, store: str, at: datetime, *lines: tuple[str, int], member: str | None = None
    ) -> dict[str, Any]:
        return {
            "sale_id": str(uuid4()),
            "store_id": store,
            "sold_at": at.isoformat(timespec="seconds"),
            "currency": "CNY",
            "lines": [
                {"line": n, "gtin": gtin, "quantity": packs, "unit": "pack", "unit_price": 2000}
                for n, (gtin, packs) in enumerate(lines, 1)
            ],
            "payments": [{"method": "cash", "amount": sum(packs for _, packs in lines) * 2000}],
            "age_check": {"method": "id_seen", "passed": True},
            **({"member_id": member} if member else {}),
        }

    def sell(self, store: str, *lines: tuple[str, int]) -> dict[str, Any]:
        sale = self.sale(store, self.day, *lines)
        self.tell(store, "sales", sale)
        return sale

    def tell(self, store: str, path: str, body: dict[str, Any]) -> None:
        if store not in self.terminals:
            self.terminals[store] = self.system.terminal(store)
        headers = {"Authorization": f"Bearer {self.terminals[store]}"}
        answer = httpx.post(f"{self.system.url}/pos/v1/{path}", json=body, headers=headers, timeout=30)
        assert answer.status_code in (200, 201), answer.text
        results = answer.json().get("results", [])
        assert {each["status"] for each in results} <= {"accepted"}, answer.text

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

    def rows(self, name: str, **params: Any) -> dict[str, Any]:
        """Read a report by what its groups are called, without the prefix."""
        items = self.report(name, **params).json()["items"]
        return {(item["key"] or "").removeprefix(f"{self.prefix} "): item for item in items}

    def shares(self, **params: Any) -> dict[str, float]:
        return {key: row["volume"]["numerator"] for key, row in self.rows("shares", **params).items() if key}

    def start(self, **params: Any) -> str:
        scope = {"since": str((self.day - timedelta(days=1)).date()), "store_ids": self.stores}
        scope |= {"until": str((self.day + timedelta(days=1)).date())}
        body = {"params": scope | params}
        job_id: str = self.ask("POST", "/customers/v1/mining/runs", json=body, expect=(202,))["job_id"]
        return job_id

    def ended(self, path: str) -> dict[str, Any]:
        def look() -> Any:
            job = self.ask("GET", f"/customers/v1/{path}")
            return job if job["state"] not in ("queued", "running") else None

        job: dict[str, Any] = until(look, f"{path} did not end")
        return job

    def result(self, job_id: str) -> dict[str, Any]:
        job = self.ended(f"jobs/{job_id}")
        assert job["state"] == "done", job
        result: dict[str, Any] = job["result"]
        return result

    def found(self, job_id: str, kind: str, **params: Any) -> list[dict[str, Any]]:
        path = f"/customers/v1/mining/runs/{job_id}/{LISTS[kind]}"
        rows: list[dict[str, Any]] = self.ask("GET", path, params=params)["items"]
        return rows


@pytest.fixture(scope="module")
def analyst(system: System) -> Iterator[Analyst]:
    with system.client() as http:
        made = Analyst(system, http)
        made.open_shops()
        yield made


def test_sales_become_shares_spread_and_rules_and_files_of_them(analyst: Analyst, tmp_path: Path) -> None:
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

    run_id = analyst.start(kind="associations", item="brand", support=0.5, confidence=0.9)
    result = analyst.result(run_id)
    assert (result["baskets"], result["rows"]) == (3, 2)
    path = f"/customers/v1/mining/runs/{run_id}/rules"
    rules = analyst.ask("GET", path)["items"]
    assert {row["consequent"][0].partition(" ")[2] for row in rules} == {"Lamp", "Reed"}
    table = tmp_path / "rules.sav"
    table.write_bytes(analyst.http.get(path, params={"format": "sav"}).content)
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


def two_years(analyst: Analyst) -> dict[str, Any]:
    """Forty buy a Lamp, a year later two on the 5th and half of them a Reed on the 13th; gives that month."""
    start = month(2)
    days = [datetime(first.year, first.month, day, 4, tzinfo=UTC) for first, day in
            ((month(14), 5), (start, 5), (start, 13))]  # fmt: skip
    store = analyst.stores[0]
    sales = [
        analyst.sale(store, at, (gtin, packs), member=f"{analyst.prefix}M{n:02}")
        for at, gtin, packs, every in zip(days, (LAMP, LAMP, REED), (1, 2, 1), (1, 1, 2), strict=True)
        for n in range(0, MEMBERS, every)
    ]
    analyst.tell(store, "sales:batch", {"sales": sales})
    asked = {"since": str(start), "until": str(month(1) - timedelta(days=1))}
    until(lambda: analyst.shares(**asked) == {"Lamp": 1600, "Reed": 400}, "the month was not summed up")
    until(lambda: analyst.shares(since=month(14), until=month(13)) == {"Lamp": 800}, "nor the year before")
    return asked


def check_reports(analyst: Analyst, asked: dict[str, Any]) -> None:
    growth = analyst.rows("growth", against="year", **asked)
    assert (growth["Lamp"]["volume"]["growth"], growth["Reed"]["volume"]["reason"]) == (1.0, "zero-base")
    yearly = analyst.rows("compound-growth", since=month(25), until=asked["until"])
    assert (yearly["Lamp"]["years"], yearly["Lamp"]["volume"]["value"]) == (1.0, 1.0)
    (held,) = analyst.report("concentration", **asked).json()["items"]
    assert held["volume"]["hhi"] == pytest.approx(0.8**2 + 0.2**2)
    assert analyst.rows("prices", **asked)["Lamp"]["per_carton"]["value"] == 20_000
    late = asked | {"since": str(month(2).replace(day=10))}
    active = {key: row["active_sku_rate"] for key, row in analyst.rows("activity", **late).items()}
    assert {key: (rate["numerator"], rate["denominator"]) for key, rate in active.items()} == {
        "Lamp": (0, 1),
        "Reed": (1, 1),
    }
    shifts = analyst.rows("share-shifts", segment="store", **asked)
    assert (shifts["Lamp"]["shift"], shifts["Reed"]["shift"]) == (pytest.approx(-0.2), pytest.approx(0.2))
    assert analyst.report("shares", since=month(20), until=month(19)).json()["reason"] == "no-sales"


def check_patterns(analyst: Analyst, runs: dict[str, str]) -> None:
    lamp, reed = (f"{analyst.prefix} {name}" for name in ("Lamp", "Reed"))
    assert analyst.result(runs["sequences"])["customers"] == MEMBERS
    steps = {str(row["steps"]): row["customers"] for row in analyst.found(runs["sequences"], "sequences")}
    assert steps == {str([[lamp]]): 40, str([[reed]]): 20, str([[lamp], [reed]]): 20}
    assert analyst.result(runs["switching"])["transitions"] == 20
    (switch,) = analyst.found(runs["switching"], "switching")
    assert (switch["origin"], switch["target"], switch["net"]) == (lamp, reed, 20)
    assert analyst.result(runs["affinities"])["significant"] == 2
    times = {
        (row["key"], row["slot"], row["count"]) for row in analyst.found(runs["affinities"], "affinities")
    }
    days = [WEEKDAYS[month(2).replace(day=day).weekday()] for day in (5, 13)]
    assert times == {(lamp, days[0], 40), (reed, days[1], 20)}
    assert analyst.result(runs["cohorts"])["rows"] == 1
    (cohort,) = analyst.found(runs["cohorts"], "cohorts")
    assert (cohort["cohort"], cohort["size"], cohort["retention"]) == (str(month(2)), MEMBERS, 1.0)
    tried = analyst.result(runs["recommendations"])
    assert (tried["evaluation"]["customers"], tried["evaluation_reason"]) == (20, "too-few-customers")
    for member, keys in (("M01", [reed]), ("M00", [])):
        rows = analyst.found(runs["recommendations"], "recommendations", customer_id=analyst.prefix + member)
        assert [row["key"] for row in rows] == keys


def sas(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        name = next(each for each in archive.namelist() if each.endswith(".xpt"))
        path.with_suffix(".xpt").write_bytes(archive.read(name))
    return pyreadstat.read_xport(path.with_suffix(".xpt"))[0]["net"].tolist()


def xlsx(path: Path) -> Any:
    head, *rows = openpyxl.load_workbook(path).active.iter_rows(values_only=True)
    return [row[head.index("net")] for row in rows]


FILES: dict[str, Callable[[Path], Any]] = {
    "csv": lambda path: [int(row["net"]) for row in csv.DictReader(path.open(encoding="utf-8-sig"))],
    "xlsx": xlsx,
    "parquet": lambda path: parquet.read_table(path)["net"].to_pylist(),
    "sav": lambda path: pyreadstat.read_sav(path)[0]["net"].tolist(),
    "xpt": sas,
}


def test_every_pattern_and_report_of_the_same_sales_and_files_made_by_jobs(
    analyst: Analyst, tmp_path: Path
) -> None:
    asked = two_years(analyst)
    more: dict[str, Any] = {"affinities": {"slot": "weekday"}, "sequences": {"support": 0.5, "longest": 2}}
    more["cohorts"] = {"lookback_days": 300}
    more["recommendations"] = {"most": 1, "test_days": (date.fromisoformat(asked["until"]).day - 8)}
    runs = {
        kind: analyst.start(
            **asked, kind=kind, **({} if kind == "cohorts" else {"item": "brand"}), **more.get(kind, {})
        )
        for kind in LISTS
    }
    unwanted = analyst.start(**asked, kind="switching")
    analyst.ask("POST", f"/customers/v1/jobs/{unwanted}:cancel")
    check_reports(analyst, asked)
    check_patterns(analyst, runs)
    assert analyst.ended(f"jobs/{unwanted}")["state"] == "cancelled"
    analyst.ask("GET", f"/customers/v1/mining/runs/{unwanted}/switches", expect=(409,))

    path = f"/v1/mining/runs/{runs['switching']}/switches"
    exports = {
        kind: analyst.ask("POST", "/customers/v1/exports", json={"path": path, "format": kind}, expect=(202,))
        for kind in FILES
    }
    for kind, read in FILES.items():
        ended = analyst.ended(f"exports/{exports[kind]['export_id']}")
        assert (ended["state"], ended["rows"]) == ("done", 1), ended
        file = tmp_path / f"switches.{'zip' if kind == 'xpt' else kind}"
        link = f"/customers/v1/exports/{ended['export_id']}/file"
        file.write_bytes(analyst.http.get(link).content)
        assert read(file) == [20], kind
