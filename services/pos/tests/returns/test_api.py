import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from humidor_pos.returns.waiting import settle_all_waiting, settle_waiting

Make = Callable[..., Any]


async def test_a_return_is_stored_with_its_event(pos: Any, till: Any, a_sale: Make, a_return: Make) -> None:
    sale = a_sale()
    await till.post("/v1/sales", sale)
    back = a_return(sale)
    answer = await till.post("/v1/returns", back)
    assert (answer.status_code, answer.json()["exceptions"]) == (201, [])
    again = await till.post("/v1/returns", back)
    assert (again.status_code, again.content) == (200, answer.content)
    assert (await till.post("/v1/returns", back | {"reason": "other"})).status_code == 409
    events = await pos.fetch("SELECT type, payload FROM outbox ORDER BY id")
    assert [event["type"] for event in events] == ["pos.sale-recorded.v1", "pos.sale-returned.v1"]
    told = json.loads(events[1]["payload"])
    assert (told["sale_id"], told["restock"], told["total"]) == (sale["sale_id"], False, 2500)
    shown = await pos.get(f"/v1/returns/{back['return_id']}")
    assert (shown["reason"], shown["total"]) == ("damaged", 2500)
    assert len((await pos.get("/v1/returns", store_id="S0001"))["items"]) == 1


async def test_a_return_may_stand_alone(till: Any, a_return: Make) -> None:
    answer = await till.post("/v1/returns", a_return())
    assert (answer.status_code, answer.json()["exceptions"]) == (201, [])


async def test_a_return_before_its_sale_is_settled_when_the_sale_comes(
    pos: Any, till: Any, a_sale: Make, a_return: Make
) -> None:
    sale = a_sale(lines=1)
    good, too_many = a_return(sale), a_return(sale)
    too_many["lines"][0]["quantity"] = 2
    too_many["payments"][0]["amount"] = 5000
    for back in (good, too_many):
        assert (await till.post("/v1/returns", back)).json()["exceptions"] == ["sale_unknown"]
    assert await settle_waiting(pos.runtime) == 0
    sale["sold_at"] = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    assert (await till.post("/v1/sales", sale)).status_code == 201
    assert await settle_waiting(pos.runtime) == 2
    assert await settle_waiting(pos.runtime) == 0
    assert await pos.open_codes(good["return_id"]) == ["return_exceeds_sale"]
    assert await pos.open_codes(too_many["return_id"]) == ["return_exceeds_sale"]
    closed = await pos.get("/v1/exceptions", store_id="S0001", state="closed")
    assert {item["note"] for item in closed["items"]} == {"the sale has come"}


async def test_what_has_waited_for_long_is_settled_as_well(
    pos: Any, till: Any, a_sale: Make, a_return: Make
) -> None:
    sale = a_sale()
    returned = a_return(sale)
    await till.post("/v1/returns", returned)
    await pos.fetch("UPDATE exceptions SET raised_at = raised_at - interval '1 day'")
    await till.post("/v1/sales", sale)
    assert await settle_waiting(pos.runtime) == 0
    await settle_all_waiting(pos.runtime)
    assert await pos.open_codes(returned["return_id"]) == []


async def test_more_cannot_come_back_than_was_sold_unnoticed(
    till: Any, a_sale: Make, a_return: Make, a_line: Make
) -> None:
    sale = a_sale(lines=1)
    await till.post("/v1/sales", sale)
    half = a_return(sale)
    assert (await till.post("/v1/returns", half)).json()["exceptions"] == []
    rest = a_return(sale)
    assert (await till.post("/v1/returns", rest)).json()["exceptions"] == []
    third = await till.post("/v1/returns", a_return(sale))
    assert third.json()["exceptions"] == ["return_exceeds_sale"]
    foreign = a_return(sale, lines=[a_line(1, gtin="06901028001250", quantity=1)])
    assert (await till.post("/v1/returns", foreign)).json()["exceptions"] == ["not_in_sale"]


async def test_units_are_compared_by_the_products_factors(
    till: Any, a_sale: Make, a_return: Make, a_line: Make
) -> None:
    sale = a_sale(lines=1) | {"lines": [a_line(1, quantity=1, unit="carton", unit_price=25000)]}
    sale["payments"][0]["amount"] = 25000
    await till.post("/v1/sales", sale)
    ten = a_return(sale, lines=[a_line(1, quantity=10)], payments=[{"method": "cash", "amount": 25000}])
    assert (await till.post("/v1/returns", ten)).json()["exceptions"] == []
    assert (await till.post("/v1/returns", a_return(sale))).json()["exceptions"] == ["return_exceeds_sale"]


async def test_a_return_of_a_voided_sale_is_raised(
    till: Any, a_sale: Make, a_return: Make, a_void: Make
) -> None:
    sale = a_sale()
    await till.post("/v1/sales", sale)
    await till.post("/v1/voids", a_void(sale))
    assert (await till.post("/v1/returns", a_return(sale))).json()["exceptions"] == ["sale_voided"]


async def test_an_id_of_a_sale_cannot_be_used_for_a_return(till: Any, a_sale: Make, a_return: Make) -> None:
    sale = a_sale()
    await till.post("/v1/sales", sale)
    answer = await till.post("/v1/returns", a_return(sale, return_id=sale["sale_id"]))
    assert (answer.status_code, answer.json()["code"]) == (409, "id-reused")


async def test_a_return_that_cannot_be_read_is_refused(pos: Any, till: Any, a_return: Make) -> None:
    stored = await pos.stored()
    changes: list[dict[str, Any]] = [
        {"reason": ""},
        {"restock": "yes"},
        {"sale_id": "7"},
        {"lines": []},
        {"returned_at": "9999-12-31T23:59:59-08:00"},
    ]
    for change in changes:
        answer = await till.post("/v1/returns", a_return(**change))
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, next(iter(change)))
    assert await pos.stored() == stored
