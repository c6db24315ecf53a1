"""A store's facts added up, for a comparison with what others made of them."""

from collections.abc import Callable
from typing import Any

Document = dict[str, Any]
Make = Callable[..., Document]


async def test_an_empty_store_adds_up_to_nothing(pos: Any) -> None:
    assert await pos.get("/v1/totals", store_id="S0001") == {
        "store_id": "S0001",
        "documents": [],
        "lines": [],
    }


async def test_lines_are_added_up_in_sticks_by_the_products_own_factors(
    pos: Any, till: Any, a_sale: Make, a_line: Make, a_return: Make
) -> None:
    sale = a_sale(lines=1)
    carton = a_sale(lines=1) | {"lines": [a_line(1, quantity=1, unit="carton", unit_price=25_000)]}
    for document in (sale, sale, carton):
        await till.post("/v1/sales", document)
    await till.post("/v1/returns", a_return(sale))
    totals = await pos.get("/v1/totals", store_id="S0001")
    assert {each["kind"]: each["documents"] for each in totals["documents"]} == {"sale": 2, "return": 1}
    assert totals["lines"] == [
        {"kind": "return", "gtin": "06901028001236", "lines": 1, "sticks": 20, "amount_minor": 2500},
        {"kind": "sale", "gtin": "06901028001236", "lines": 2, "sticks": 240, "amount_minor": 30_000},
    ]


async def test_sticks_of_an_unknown_product_are_not_guessed(
    pos: Any, till: Any, a_sale: Make, a_line: Make
) -> None:
    await till.post("/v1/sales", a_sale(lines=1) | {"lines": [a_line(1, gtin="04006381333931")]})
    (line,) = (await pos.get("/v1/totals", store_id="S0001"))["lines"]
    assert line["sticks"] is None


async def test_a_void_has_lines_of_its_own_only_without_its_sale(
    pos: Any, till: Any, a_sale: Make, a_line: Make, a_void: Make
) -> None:
    sale = a_sale(lines=1)
    await till.post("/v1/sales", sale)
    await till.post("/v1/voids", a_void(sale))
    await till.post("/v1/voids", a_void(None, lines=[a_line(1, quantity=1)]))
    totals = await pos.get("/v1/totals", store_id="S0001")
    assert {each["kind"]: each["documents"] for each in totals["documents"]} == {"sale": 1, "void": 2}
    assert [(line["kind"], line["sticks"]) for line in totals["lines"]] == [("sale", 40), ("void", 20)]


async def test_the_digest_tells_two_sets_of_facts_apart(pos: Any, till: Any, a_sale: Make) -> None:
    digests = []
    for _ in range(2):
        await till.post("/v1/sales", a_sale())
        digests.append((await pos.get("/v1/totals", store_id="S0001"))["documents"][0]["digest"])
    assert digests[0] != digests[1]


async def test_another_stores_totals_are_not_shown(pos: Any) -> None:
    headers = pos.auth("manager", stores=["S0002"])
    answer = await pos.client.get("/v1/totals", params={"store_id": "S0001"}, headers=headers)
    assert answer.status_code == 403
