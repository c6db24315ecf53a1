"""Every analysis of odd sales has a defined answer: valid JSON, and a reason where there is nothing."""

import json
import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from humidor_common.events import Event
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.mining import mine
from humidor_customers.testing.selling import know, sum_market
from humidor_customers.testing.till import buy, line, morning, profile_all, returned, sale


def ago(days: int) -> datetime:
    return morning() - timedelta(days=days)


def weekly(first: int = 1) -> list[Event]:
    """Let 39 members buy five times, one of five products after the other."""
    return [
        sale(1000 * k + 10 * n + 100_000, f"M{n}", line(first + (n + k) % 5, 1), at=ago(10 * k))
        for n in range(1, 40)
        for k in range(1, 6)
    ]


def came_back() -> list[Event]:
    sold = [sale(1000 * n, f"M{n}", line(1, 1, price=100), at=ago(20)) for n in range(1, 20)]
    return [*sold, *(returned(1000 * n + 10 * j, f"M{n}") for n in range(1, 20) for j in range(1, 4))]


WORLDS: dict[str, list[Event]] = {
    "empty": [],
    "one purchase": [sale(10 * n + 100, f"M{n}", at=ago(10)) for n in range(1, 40)],
    "all equal": [
        sale(1000 * k + 10 * n, f"M{n}", at=ago(10 * k)) for n in range(1, 40) for k in range(1, 6)
    ],
    "negative totals": came_back(),
    "a huge basket": [*weekly(), sale(5, "M1", *(line(n, 1, place=n) for n in range(1, 400)), at=ago(5))],
    "an absurd sale": [*weekly(), sale(5, "M1", line(1, 10**9, price=2**53), at=ago(5))],
    "unknown brands": weekly(first=50),
    "one customer": [sale(1000 * k, "M1", line(1, 1), at=ago(10 * k)) for k in range(1, 10)],
}
DAYS = {"since": str(ago(100).date()), "until": str(morning().date())}
LAST_MONTH = {
    "since": str((ago(0).date().replace(day=1) - timedelta(days=1)).replace(day=1)),
    "until": str(ago(0).date().replace(day=1) - timedelta(days=1)),
}
REPORTS: list[tuple[str, dict[str, Any]]] = [
    *((report, {"by": by}) for report in ("shares", "prices", "concentration") for by in ("brand", "store")),
    *(("growth", {"against": against}) for against in ("previous", "year", "lunar_year")),
    ("distribution", {"outlets": 100}),
    ("activity", {}),
    *(("share-shifts", {"segment": segment}) for segment in ("store", "product")),
    ("stock-to-sales", LAST_MONTH),
    ("compound-growth", {"since": "2024-01-01", "until": "2025-12-31"}),
]
RUNS: list[tuple[str, dict[str, Any]]] = [
    *(("rules", {"kind": "associations", "item": item}) for item in ("product", "brand")),
    ("sequences", {"kind": "sequences"}),
    ("switches", {"kind": "switching"}),
    *(
        ("affinities", {"kind": "affinities", "group": group, "purchases": 1, "only_significant": False})
        for group in ("all", "customer", "area")
    ),
    ("cohorts", {"kind": "cohorts"}),
    *(("recommendations", {"kind": "recommendations", "test_days": days}) for days in (28, 366)),
]
REASONS = {
    "empty": {"no-purchases"},
    "one purchase": {"one-item-a-basket", "nobody-bought-again", "everything-bought-already"},
    "all equal": {"one-item-a-basket", "everything-bought-already"},
    "negative totals": {"one-item-a-basket", "nobody-bought-again", "everything-bought-already"},
    "a huge basket": {"nothing-frequent"},
    "an absurd sale": {"one-item-a-basket", "everything-bought-already"},
    "unknown brands": {"no-known-item", "one-item-a-basket", "everything-bought-already"},
    "one customer": {"one-item-a-basket", "nothing-frequent", "everything-bought-already"},
}
"""Why runs find nothing; cohorts aside, which hang on the days of the month."""


def numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from numbers(each)
    elif isinstance(value, float):
        yield value


def unexplained(value: Any) -> Iterator[Any]:
    """Give the figures in an answer that are null without a reason."""
    if isinstance(value, dict):
        if value.get("reason", "") is None and value.get("value", 0) is None:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from unexplained(each)


async def look(desk: Desk, path: str, params: dict[str, Any]) -> Any:
    answer = await desk.client.get(path, params=params, headers=desk.auth())
    assert answer.status_code == 200, (path, params, answer.text)
    assert all(map(math.isfinite, numbers(answer.json()))), (path, params)
    return json.loads(answer.text, parse_constant=pytest.fail)


@pytest.mark.parametrize("world", WORLDS)
async def test_what_is_odd_is_answered_with_its_reason(desk: Desk, world: str) -> None:
    await know(desk, **{f"p{n}": (f"B{n}", f"K{n % 2}", str(n % 3)) for n in range(1, 6)})
    if WORLDS[world]:
        await buy(desk, *WORLDS[world])
    await profile_all(desk)
    await sum_market(desk)
    for report, params in REPORTS:
        page = await look(desk, f"/v1/market/{report}", DAYS | params)
        assert (page["reason"] is None) == bool(page["items"]), (report, params, page)
        assert not list(unexplained(page["items"])), (report, params)
    reasons = set()
    for table, params in RUNS:
        run_id, result = await mine(desk, **DAYS | params)
        page = await look(desk, f"/v1/mining/runs/{run_id}/{table}", {})
        assert ("reason" in result) == (result["rows"] == 0) == (not page["items"]), (params, result)
        reasons |= {result["reason"]} if not page["items"] and table != "cohorts" else set()
        if params["kind"] == "recommendations" and "evaluation" in result:
            evaluated = result["evaluation"]
            assert ("evaluation_reason" in result) == (evaluated is None or evaluated["low"] is None)
    assert reasons == REASONS[world]
    for rule in ({"field": "churn_risk", "at_least": 0.5}, {"field": "spend_year_minor", "at_most": 0}):
        body = {"party_kind": "consumer", "rule": rule}
        tried = await desk.ask("POST", "/v1/segments:preview", json=body)
        assert tried["size"] <= tried["of"] <= 39
    await look(desk, "/v1/profiles", {})
