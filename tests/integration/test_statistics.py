"""An analyst's day: data to SPSS and SQL, a forecast made there brought back, judged and published."""

import asyncio
import io
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pyreadstat
import pytest

from .conftest import System, noon, until

pytestmark = pytest.mark.timeout(300)

GTIN = "06901028099981"
HEAD = "source,store_id,gtin,data_until,day,mean_sticks,q10_sticks,q90_sticks\n"


def sell(system: System, store_id: str, amounts: list[int]) -> None:
    """One sale a day of so many packs, the last one yesterday."""
    documents = [
        {
            "sale_id": str(uuid4()),
            "store_id": store_id,
            "sold_at": noon(len(amounts) - n).isoformat(),
            "currency": "CNY",
            "lines": [{"line": 1, "gtin": GTIN, "quantity": amount, "unit": "pack", "unit_price": 2500}],
            "payments": [{"method": "cash", "amount": 2500 * amount}],
            "age_check": {"method": "id_seen", "passed": True},
        }
        for n, amount in enumerate(amounts)
    ]
    answer = httpx.post(
        f"{system.url}/pos/v1/sales:batch", json={"sales": documents}, timeout=30,
        headers={"Authorization": f"Bearer {system.terminal(store_id)}"},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text


def run(http: httpx.Client, store_id: str) -> dict[str, Any]:
    terms = {"models": ["seasonal_naive", "seasonal_average"], "horizon_days": 14, "store_ids": [store_id]}
    path = f"/forecasting/v1/runs/{http.post('/forecasting/v1/runs', json=terms).json()['run_id']}"
    ended = until(
        lambda: (found := http.get(path).json())["state"] in {"done", "failed"} and found, "the run ends"
    )
    assert (ended["state"], ended["series_done"]) == ("done", 1), ended
    found: dict[str, Any] = http.get(f"/forecasting/v1/forecasts/{store_id}/{GTIN}").json()
    return found


async def read_views(dsn: str, store_id: str) -> tuple[int, list[Any]]:
    """Read as the analyst does, and see that there is no way to more."""
    conn = await asyncpg.connect(dsn)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.fetch("SELECT * FROM public.demand_days")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute("SET default_transaction_read_only = off; SELECT pg_advisory_lock(1)")
        sold = await conn.fetchval("SELECT sum(sold_sticks)::int FROM demand WHERE store_id = $1", store_id)
        return sold, await conn.fetch("SELECT * FROM forecasts WHERE store_id = $1 ORDER BY day", store_id)
    finally:
        await conn.close()


def test_an_analyst_takes_data_away_and_brings_a_forecast_back(system: System, tmp_path: Path) -> None:
    store_id, amounts = f"A{uuid4().hex[:8]}", [10, 12, 11, 13, 20, 25, 8] * 6
    with system.client() as http:
        product = {"name": "Analysed", "brand": "Analysed"}
        for path, body in (
            (f"stores/{store_id}", {"name": "Analysed", "time_zone": "Asia/Shanghai"}),
            (f"products/{GTIN}", product),
        ):
            assert http.put(f"/inventory/v1/{path}", json=body).status_code in {200, 201}
        sell(system, store_id, amounts)
        system.wait_drained()
        ours = run(http, store_id)
        params = {"store_id": store_id, "format": "stats"}
        content = http.get("/forecasting/v1/datasets/demand", params=params).content
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            archive.extractall(tmp_path)
        frame, _ = pyreadstat.read_sav(tmp_path / "demand.sav")
        assert frame["demand_sticks"].sum() == 20 * sum(amounts)
        sold, days = asyncio.run(read_views(system.cli("analyst")["dsn"], store_id))
        assert (sold, len(days)) == (20 * sum(amounts), 14)
        assert days[0]["mean_sticks"] == ours["days"][0]["mean_sticks"]
        bring_back(http, store_id, ours)


def bring_back(http: httpx.Client, store_id: str, ours: dict[str, Any]) -> None:
    cut = datetime.fromisoformat(ours["starts_on"]).date() - timedelta(days=1)
    rows = [f"spss,{store_id},{GTIN},{cut},{cut + timedelta(days=n)},777,700,850" for n in range(1, 15)]
    path, headers = "/forecasting/v1/imports", {"Content-Type": "text/csv"}
    params = {"kind": "forecasts", "dry_run": "true"}
    wrong = HEAD + "\n".join([*rows, f"spss,{store_id},{GTIN},{cut},{cut},1,,"])
    report = http.post(path, params=params, headers=headers, content=wrong).json()
    assert [(each["row"], each["code"]) for each in report["errors"]] == [(16, "value-error")]
    params["dry_run"] = "false"
    report = http.post(path, params=params, headers=headers, content=HEAD + "\n".join(rows)).json()
    assert (report["written"], report["created"]) == (True, 14)
    verdict = http.get("/forecasting/v1/challengers/spss/verdicts", params={"store_id": store_id}).json()
    assert verdict["items"][0]["winner"] == "undecided"
    chosen = {"source": "spss", "reason": "the road is closed"}
    assert http.put(f"/forecasting/v1/champions/{store_id}/{GTIN}", json=chosen).status_code == 200
    theirs = run(http, store_id)
    assert (theirs["model"], theirs["days"][0]["mean_sticks"]) == ("imported/spss", 777)
    assert theirs["challenger"] == ours["model"]
