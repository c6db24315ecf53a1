import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from humidor_pos.returns.waiting import settle_waiting

Make = Callable[..., Any]


async def last_event(pos: Any) -> Any:
    return json.loads(await pos.value("SELECT payload FROM outbox ORDER BY id DESC LIMIT 1"))


async def test_a_void_takes_back_the_whole_sale(pos: Any, till: Any, a_sale: Make, a_void: Make) -> None:
    sale = a_sale()
    await till.post("/v1/sales", sale)
    void = a_void(sale)
    answer = await till.post("/v1/voids", void)
    assert (answer.status_code, answer.json()["exceptions"]) == (201, [])
    told = await last_event(pos)
    assert [(line["gtin"], line["quantity"]) for line in told["lines"]] == [
        (line["gtin"], 2) for line in sale["lines"]
    ]
    assert (await pos.get(f"/v1/sales/{sale['sale_id']}"))["status"] == "voided"
    assert (await pos.get("/v1/sales", store_id="S0001"))["items"][0]["status"] == "voided"
    again = await till.post("/v1/voids", void)
    assert (again.status_code, again.content) == (200, answer.content)
    shown = await pos.get(f"/v1/voids/{void['void_id']}")
    assert (shown["clerk"], len(shown["lines"])) == ("li.na", 2)


async def test_a_second_void_takes_nothing_back(pos: Any, till: Any, a_sale: Make, a_void: Make) -> None:
    sale = a_sale()
    await till.post("/v1/sales", sale)
    await till.post("/v1/voids", a_void(sale))
    assert (await till.post("/v1/voids", a_void(sale))).json()["exceptions"] == ["already_voided"]
    assert (await last_event(pos))["lines"] == []


async def test_a_void_after_a_return_takes_back_the_rest(
    pos: Any, till: Any, a_sale: Make, a_return: Make, a_void: Make
) -> None:
    sale = a_sale(lines=1)
    await till.post("/v1/sales", sale)
    await till.post("/v1/returns", a_return(sale))
    assert (await till.post("/v1/voids", a_void(sale))).json()["exceptions"] == ["void_after_return"]
    assert [line["quantity"] for line in (await last_event(pos))["lines"]] == [1]


async def test_a_void_before_its_sale_voids_it_all_the_same(
    pos: Any, till: Any, a_sale: Make, a_void: Make
) -> None:
    sale = a_sale(sold_at=(datetime.now(UTC) - timedelta(minutes=5)).isoformat())
    void = a_void(sale)
    assert (await till.post("/v1/voids", void)).json()["exceptions"] == ["sale_unknown"]
    await till.post("/v1/sales", sale)
    await settle_waiting(pos.runtime)
    assert await pos.open_codes(void["void_id"]) == []
    assert (await pos.get(f"/v1/sales/{sale['sale_id']}"))["status"] == "voided"


async def test_a_void_needs_a_sale_or_lines(till: Any, a_void: Make, a_line: Make) -> None:
    nothing = await till.post("/v1/voids", a_void())
    assert (nothing.status_code, nothing.json()["errors"][0]["field"]) == (422, "lines")
    assert (await till.post("/v1/voids", a_void(lines=[a_line()]))).status_code == 201
