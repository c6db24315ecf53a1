import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from humidor_common.ids import uuid7
from humidor_pos.closings.service import reevaluate_due

Make = Callable[..., Any]


def today() -> str:
    return datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()


def at_noon() -> str:
    return f"{today()}T12:00:00+08:00"


@pytest.fixture
def a_closing() -> Make:
    def make(**totals: Any) -> dict[str, Any]:
        counted = {"sale_count": 1, "sale_total": 5000, "by_payment": {"wechat_pay": 5000}} | totals
        return {
            "closing_id": str(uuid7()),
            "store_id": "S0001",
            "business_date": today(),
            "currency": "CNY",
            "totals": counted,
        }

    return make


async def make_due(pos: Any) -> None:
    await pos.fetch("UPDATE day_closings SET recheck_at = now() WHERE recheck_at IS NOT NULL")


async def test_totals_that_agree_are_reconciled(pos: Any, till: Any, a_sale: Make, a_closing: Make) -> None:
    await till.post("/v1/sales", a_sale(lines=1, sold_at=at_noon()))
    closing = a_closing()
    answer = await till.post("/v1/day-closings", closing)
    assert answer.status_code == 201, answer.text
    shown = answer.json()
    assert (shown["status"], shown["differences"], shown["counted"]["sale_total"]) == ("reconciled", {}, 5000)
    again = await till.post("/v1/day-closings", closing)
    assert (again.status_code, again.content) == (200, answer.content)
    changed = await till.post("/v1/day-closings", closing | {"currency": "USD"})
    assert changed.status_code == 409
    told = json.loads(await pos.value("SELECT payload FROM outbox WHERE type = 'pos.day-closed.v1'"))
    assert (told["status"], told["sale_count"], told["business_date"]) == ("reconciled", 1, today())


async def test_totals_that_differ_name_the_difference(
    till: Any, a_sale: Make, a_return: Make, a_void: Make, a_closing: Make
) -> None:
    sale = a_sale(lines=1, sold_at=at_noon())
    await till.post("/v1/sales", sale)
    await till.post("/v1/returns", a_return(sale, returned_at=at_noon()))
    await till.post("/v1/voids", a_void(sale, voided_at=at_noon()))
    answer = await till.post("/v1/day-closings", a_closing(sale_total=5100))
    assert answer.json()["status"] == "discrepant"
    assert answer.json()["differences"] == {
        "sale_total": -100,
        "return_count": 1,
        "return_total": 2500,
        "void_count": 1,
        "by_payment.cash": -2500,
    }


async def test_a_day_is_that_of_the_stores_clock(till: Any, a_sale: Make, a_closing: Make) -> None:
    midnight = datetime.fromisoformat(f"{today()}T00:00:00+08:00")
    for moment in (midnight - timedelta(seconds=1), midnight, midnight + timedelta(days=1)):
        await till.post("/v1/sales", a_sale(lines=1, sold_at=moment.astimezone(UTC).isoformat()))
    assert (await till.post("/v1/day-closings", a_closing())).json()["status"] == "reconciled"


async def test_other_terminals_and_currencies_do_not_count(
    pos: Any, till: Any, a_sale: Make, a_closing: Make
) -> None:
    other = await pos.till()
    await other.post("/v1/sales", a_sale(lines=1, sold_at=at_noon()))
    await till.post("/v1/sales", a_sale(lines=1, sold_at=at_noon(), currency="USD"))
    await till.post("/v1/sales", a_sale(lines=1, sold_at=at_noon()))
    assert (await till.post("/v1/day-closings", a_closing())).json()["status"] == "reconciled"


async def test_a_late_sale_has_the_closing_evaluated_again(
    pos: Any, till: Any, a_sale: Make, a_return: Make, a_closing: Make
) -> None:
    await till.post("/v1/sales", a_sale(lines=1, sold_at=at_noon()))
    closing = a_closing(sale_count=2, sale_total=10000, by_payment={"wechat_pay": 10000})
    first = (await till.post("/v1/day-closings", closing)).json()
    assert (first["status"], first["differences"]["sale_count"]) == ("discrepant", -1)
    await pos.fetch("UPDATE day_closings SET recheck_at = NULL")
    late = a_sale(lines=1, sold_at=at_noon())
    assert (await till.post("/v1/sales", late)).status_code == 201
    assert await reevaluate_due(pos.runtime) == 1
    path = f"/v1/day-closings/{closing['closing_id']}"
    second = (await till.get(path, store_id="S0001")).json()
    assert (second["status"], second["evaluation"], second["differences"]) == ("reconciled", 2, {})
    await till.post("/v1/returns", a_return(late, returned_at=at_noon()))
    assert await reevaluate_due(pos.runtime) == 1
    third = await pos.get(path, store_id="S0001")
    assert (third["status"], third["evaluation"]) == ("discrepant", 3)
    told = await pos.fetch("SELECT payload FROM outbox WHERE type = 'pos.day-closed.v1' ORDER BY id")
    assert [json.loads(row["payload"])["status"] for row in told] == [
        "discrepant",
        "reconciled",
        "discrepant",
    ]


async def test_every_closing_is_looked_at_once_more_and_tells_nothing_when_nothing_came(
    pos: Any, till: Any, a_closing: Make
) -> None:
    await till.post("/v1/day-closings", a_closing())
    assert await reevaluate_due(pos.runtime) == 0
    await make_due(pos)
    assert await reevaluate_due(pos.runtime) == 1
    assert await reevaluate_due(pos.runtime) == 0
    assert await pos.value("SELECT count(*) FROM outbox") == 1


async def test_a_further_closing_takes_the_place_of_the_first(pos: Any, till: Any, a_closing: Make) -> None:
    first, second = a_closing(), a_closing(sale_count=0, sale_total=0, by_payment={})
    for closing in (first, second):
        await till.post("/v1/day-closings", closing)
    page = await pos.get("/v1/day-closings", store_id="S0001")
    assert {item["closing_id"]: item["status"] for item in page["items"]} == {
        first["closing_id"]: "superseded",
        second["closing_id"]: "reconciled",
    }


async def test_a_closing_that_cannot_be_read_is_refused(pos: Any, till: Any, a_closing: Make) -> None:
    for change in ({"business_date": "2026-02-30"}, {"business_date": "0001-01-01"}, {"closing_id": 7}):
        answer = await till.post("/v1/day-closings", a_closing() | change)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, next(iter(change)))
    odd = a_closing(by_payment={"gold": 1})
    assert (await till.post("/v1/day-closings", odd)).status_code == 422
    assert await pos.value("SELECT count(*) FROM day_closings") == 0
