"""Data sets for statistics programs: opened again, they say what the service says."""

import io
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat
import pytest

from humidor_forecasting.testing.market import GTIN, Market, days_of_sales, product, store, store_day
from humidor_forecasting.testing.running import work_off

TERMS = {"models": ["seasonal_naive", "seasonal_average", "moving_average"], "horizon_days": 14}


@pytest.fixture
async def forecast(market: Market) -> Market:
    """Forty days of two stores, one day of them on promotion and one sold out, with a forecast of each."""
    today = store_day()
    await market.know(product(name="中支 Filter"), store("S0001"), store("S0002", name="二店"))
    for number in (1, 2):
        amounts = [10, 0, 11, 13, 20, 25, 8] * 6
        await market.sold(*days_of_sales(amounts[:40], until=today, store_id=f"S000{number}"))
    day = (today - timedelta(days=3)).isoformat()
    offer = {"name": "x", "starts_on": day, "ends_on": day, "store_ids": ["S0002"], "mechanic": "display"}
    await market.ask("PUT", "/v1/promotions/p1", json=offer, expect=201)
    await market.runtime.pool.execute(
        "INSERT INTO stock_outs VALUES (gen_random_uuid(), 'S0001', $1, now() - interval '48 hours',"
        " now() - interval '47 hours')",
        GTIN,
    )
    await work_off(market, TERMS)
    return market


async def fetch(market: Market, path: str) -> bytes:
    answer = await market.client.get(path, headers=market.auth())
    assert answer.status_code == 200, answer.text
    return answer.content


async def whole(market: Market, name: str) -> list[dict[str, Any]]:
    """Read a list by pages of seven."""
    items: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        params = {"limit": "7"} | ({"cursor": cursor} if cursor else {})
        page = await market.ask("GET", f"/v1/datasets/{name}", params=params)
        items += page["items"]
        cursor = page["next_cursor"]
    return items


async def test_demand_opens_again_in_every_format_with_its_labels(forecast: Market, tmp_path: Path) -> None:
    items = await whole(forecast, "demand")
    assert len(items) == 80
    assert [each["day"] for each in items[:40]] == sorted({each["day"] for each in items})
    assert [each["stock_out"] for each in items].count(True) in {1, 2}
    assert [(each["store_id"], each["promotion"]) for each in items if each["promotion"]] == [("S0002", True)]
    assert {each["demand_sticks"] for each in items} == {0, 160, 200, 220, 260, 400, 500}
    content = await fetch(forecast, "/v1/datasets/demand?format=stats")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path)
        assert sorted(archive.namelist()) == [f"demand.{each}" for each in ("sas", "sav", "sps", "xpt")]
    frames = [pyreadstat.read_sav(tmp_path / "demand.sav"), pyreadstat.read_xport(tmp_path / "demand.xpt")]
    for frame, meta in frames:
        assert frame["demand_sticks"].tolist() == [each["demand_sticks"] for each in items]
        assert [day.isoformat() for day in frame["day"]] == [each["day"] for each in items]
        assert set(frame["product_name"]) == {"中支 Filter"}
        assert "需求" in str(meta.column_names_to_labels["demand_sticks"])
        assert frame["censored"].tolist() == [float(each["censored"]) for each in items]
    labels = frames[0][1].variable_value_labels
    assert labels["weekday"] == dict(enumerate(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday",
                                                "Saturday", "Sunday"), 1))  # fmt: skip
    days = [labels["weekday"][code] for code in frames[0][0]["weekday"]]
    assert days == [each["weekday"] for each in items]
    assert "value weekday_f 1='Monday'" in (tmp_path / "demand.sas").read_text()
    assert "GET FILE='demand.sav'." in (tmp_path / "demand.sps").read_text()
    for suffix, read in (("parquet", pd.read_parquet), ("csv", pd.read_csv), ("xlsx", pd.read_excel)):
        table = read(io.BytesIO(await fetch(forecast, f"/v1/datasets/demand?format={suffix}")))
        assert table["demand_sticks"].tolist() == [each["demand_sticks"] for each in items]


async def test_forecasts_and_scores_say_what_the_forecast_says(forecast: Market, tmp_path: Path) -> None:
    view = await forecast.ask("GET", f"/v1/forecasts/S0001/{GTIN}")
    items = [each for each in await whole(forecast, "forecasts") if each["store_id"] == "S0001"]
    assert [each["mean_sticks"] for each in items] == [each["mean_sticks"] for each in view["days"]]
    first = {q["probability"]: q["quantity_sticks"] for q in view["days"][0]["quantiles"]}
    names = {f"q{str(p)[2:].ljust(2, '0')}_sticks": value for p, value in first.items()}
    assert {name: items[0][name] for name in names} == names
    assert (items[-1]["days_ahead"], items[-1]["day"]) == (14, view["days"][-1]["day"])
    (tmp_path / "f.sav").write_bytes(await fetch(forecast, "/v1/datasets/forecasts?format=sav"))
    frame, meta = pyreadstat.read_sav(tmp_path / "f.sav")
    assert frame["q90_sticks"].tolist()[:14] == [each["q90_sticks"] for each in items]
    assert meta.variable_value_labels["kind"][1.0] == "smooth"
    scores = [each for each in await whole(forecast, "scores") if each["store_id"] == "S0001"]
    assert {each["model"]: each["mase"] for each in scores} == {
        name: each["mase"] for name, each in view["scores"]["candidates"].items()
    }
    assert [each["model"] for each in scores if each["part"] == "champion"] == [view["model"]]


async def test_callers_see_their_stores_alone_and_days_are_checked(forecast: Market) -> None:
    bound = forecast.auth("manager", stores=["S0002"])
    for name in ("demand", "forecasts", "scores"):
        page = await forecast.ask("GET", f"/v1/datasets/{name}", headers=bound)
        assert {each["store_id"] for each in page["items"]} == {"S0002"}
        await forecast.ask("GET", f"/v1/datasets/{name}?store_id=S0001", headers=bound, expect=403)
        assert (await forecast.ask("GET", f"/v1/datasets/{name}?gtin=4006381333931"))["items"] == []
    days = "first_day=2026-02-02&last_day=2026-02-01"
    problem = await forecast.ask("GET", f"/v1/datasets/demand?{days}", expect=422)
    assert problem["errors"][0]["field"] == "last_day"
    await forecast.ask("GET", "/v1/datasets/demand?first_day=1990-01-01", expect=422)
