"""A forecast and a decomposition as pictures and as data, in two languages."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from humidor_common.clock import utc_now
from humidor_common.events.inventory import AlertRaised
from humidor_forecasting.demand.consumers import STOCK_OUTS
from humidor_forecasting.plots import drawing
from humidor_forecasting.plots.drawing import draw
from humidor_forecasting.plots.work import Chart, DrawInput, Line, Panel
from humidor_forecasting.testing.market import GTIN, Market, days_of_sales, product, store, store_day
from humidor_forecasting.testing.publishing import publish

PATH = f"/v1/plots/forecasts/S0001/{GTIN}"
PARTS = ("trend", "weekly", "yearly", "holiday", "promotion", "remainder")


async def picture(market: Market, path: str, **params: str) -> httpx.Response:
    answer = await market.client.get(path, params=params, headers=market.auth())
    assert answer.status_code == 200, answer.text
    return answer


async def test_a_forecast_and_the_parts_of_demand_are_drawn_and_told_as_data(market: Market) -> None:
    now = utc_now()
    today = store_day(now)
    await market.know(product(name="黄鹤楼 软蓝"), store())
    week = [10, 12, 11, 13, 20, 25, 8]
    await market.sold(*days_of_sales([week[i % 7] + i % 3 for i in range(100)], until=today))
    offer = {
        "name": "Display", "starts_on": str(today - timedelta(days=20)), "mechanic": "display",
        "ends_on": str(today - timedelta(days=18)), "gtins": [GTIN],
    }  # fmt: skip
    await market.ask("PUT", "/v1/promotions/p1", json=offer, expect=201)
    out = datetime(today.year, today.month, today.day, tzinfo=UTC) - timedelta(days=9)
    await market.tell(STOCK_OUTS, AlertRaised(
        alert_id=uuid4(), kind="stock_out", store_id="S0001", subject=GTIN, gtin=GTIN, lot=None,
        severity="critical", figures={}, raised_at=out,
    ))  # fmt: skip
    await market.ask("GET", PATH, expect=404)
    await publish(market, ["S0001"], at=now)

    data = await market.ask("GET", PATH, params={"format": "json", "language": "zh"})
    (panel,) = data["panels"]
    assert data["title"] == "需求与预测：黄鹤楼 软蓝，S0001"
    history, median = panel["lines"]
    assert (len(history["days"]), len(median["days"])) == (90, 28)
    assert history["values"][-1] > 0
    assert [band["probability"] for band in panel["bands"]] == [0.95, 0.8]
    wide, narrow = panel["bands"]
    assert all(w <= n <= m for w, n, m in zip(wide["low"], narrow["low"], median["values"], strict=True))
    marked = {marker["kind"]: marker for marker in panel["markers"]}
    assert marked["promotion"]["names"] == ["p1"] * 3
    assert len(marked["stock_out"]["days"]) >= 9

    png = await picture(market, PATH, format="png")
    assert (png.headers["content-type"], png.content[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
    svg = await picture(market, PATH, language="zh")
    assert (svg.headers["content-type"], svg.headers["content-language"]) == ("image/svg+xml", "zh")
    words = "".join(ET.fromstring(svg.text).itertext())  # noqa: S314 - our own picture
    for word in ("黄鹤楼", "预测中位数", "80 % 区间", "促销", "断货", "每日支数"):
        assert word in words
    first, last = str(today - timedelta(days=100)), str(today - timedelta(days=1))
    asked = {"store_id": "S0001", "gtin": GTIN, "first_day": first, "last_day": last}
    parts = await market.ask("GET", "/v1/decompositions", params=asked)
    assert len(parts["days"]) == 100
    for day in parts["days"]:
        total = sum(day[f"{part}_sticks"] for part in PARTS)
        assert abs(day["demand_sticks"] - total) < 1e-6
    assert parts["weekly_strength"] > 0.9
    assert "promotion" in parts["effects"]
    drawn = await picture(market, "/v1/plots/decompositions", **asked)
    assert "Remainder" in "".join(ET.fromstring(drawn.text).itertext())  # noqa: S314 - our own picture
    whole = await market.ask("GET", "/v1/decompositions", params={"brand": "Nobody"})
    assert (whole["days"], whole["notes"]) == ([], ["nothing was demanded in these days"])

    bound = market.auth("manager", stores=["S0002"])
    await market.ask("GET", PATH, headers=bound, expect=403)
    await market.ask("GET", "/v1/decompositions", headers=bound, expect=403)
    await market.ask("GET", PATH, params={"format": "gif"}, expect=422)


def chart(**changes: Any) -> Chart:
    line = Line(kind="part", label="demand", days=["2026-01-01", "2026-01-02"], values=[1.0, 2.0])
    made = {
        "language": "en", "title": "黄鹤楼", "plain_title": "0690", "x_label": "Day",
        "panels": [Panel(y_label="Sticks", lines=[line]), Panel(y_label="None")],
    }  # fmt: skip
    return Chart(**(made | changes))


def test_the_same_chart_gives_the_same_bytes_and_empty_panels_are_drawn() -> None:
    for kind in ("svg", "png"):
        given = DrawInput(charts=[chart()], kind=kind)
        made = draw(given).picture
        assert draw(given).picture == made
    assert made[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(made[16:20]) == given.width
    nothing = chart(
        panels=[Panel(y_label="Sticks", lines=[Line(kind="bars", label="a", days=[], values=[])])]
    )
    assert b"<svg" in draw(DrawInput(charts=[nothing], kind="svg")).picture


def test_without_a_chinese_font_a_picture_of_pixels_is_in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    charts = [chart(language="zh", x_label="日期"), chart()]
    assert draw(DrawInput(charts=charts, kind="svg")).language == "zh"
    monkeypatch.setattr(drawing, "CHINESE_FONTS", ("No such font",))
    assert draw(DrawInput(charts=charts, kind="png")).language == "en"
