import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from humidor_common.ids import uuid7

Make = Callable[..., Any]


async def test_a_sale_is_stored_with_its_lines_and_its_event(pos: Any, till: Any, a_sale: Make) -> None:
    sale = a_sale(member_id="M-1")
    answer = await till.post("/v1/sales", sale)
    assert (answer.status_code, answer.json()) == (
        201,
        {"sale_id": sale["sale_id"], "status": "accepted", "exceptions": []},
    )
    shown = await pos.get(f"/v1/sales/{sale['sale_id']}")
    assert (shown["total"], shown["status"], shown["terminal_id"]) == (10000, "accepted", till.terminal_id)
    assert [(line["gtin"], line["quantity"]) for line in shown["lines"]] == [
        (line["gtin"], 2) for line in sale["lines"]
    ]
    (row,) = await pos.fetch("SELECT type, topic, key, subject, traceparent, payload FROM outbox")
    assert (row["type"], row["topic"], row["key"]) == ("pos.sale-recorded.v1", "pos.sale.v1", "S0001")
    event = json.loads(row["payload"])
    assert (event["sale_id"], event["total"], event["exceptions"]) == (sale["sale_id"], 10000, [])
    assert row["traceparent"]


async def test_the_same_again_gets_the_same_answer_and_changes_nothing(
    pos: Any, till: Any, a_sale: Make
) -> None:
    sale = a_sale(age_check=None)
    first = await till.post("/v1/sales", sale)
    stored = await pos.stored()
    shuffled = {key: sale[key] for key in reversed(sale)}
    shuffled["sold_at"] = datetime.fromisoformat(sale["sold_at"]).astimezone(None).isoformat()
    again = await till.send("/v1/sales", json.dumps(shuffled, indent=3).encode())
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.content == first.content
    assert json.loads(first.content)["exceptions"] == ["age_check_missing"]
    assert await pos.stored() == stored


async def test_another_sale_under_the_same_id_is_a_conflict(pos: Any, till: Any, a_sale: Make) -> None:
    sale = a_sale()
    await till.post("/v1/sales", sale)
    stored = await pos.stored()
    answer = await till.post("/v1/sales", sale | {"member_id": "M-2"})
    assert (answer.status_code, answer.json()["code"]) == (409, "id-reused")
    assert await pos.stored() == stored


async def test_many_at_once_with_one_id_are_stored_once(pos: Any, till: Any, a_sale: Make) -> None:
    sale = a_sale()
    answers = await asyncio.gather(*(till.post("/v1/sales", sale) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.content for answer in answers}) == 1
    assert await pos.value("SELECT count(*) FROM outbox") == 1


UNREADABLE: list[tuple[list[Any], Any, str]] = [
    (["lines", 0, "quantity"], 0, "lines[0].quantity"),
    (["lines", 0, "quantity"], -1, "lines[0].quantity"),
    (["lines", 0, "quantity"], 1_000_001, "lines[0].quantity"),
    (["lines", 1, "quantity"], "2", "lines[1].quantity"),
    (["lines", 1, "quantity"], 1.5, "lines[1].quantity"),
    (["lines", 0, "unit_price"], -1, "lines[0].unit_price"),
    (["lines", 0, "unit_price"], 2**63, "lines[0].unit_price"),
    (["lines", 0, "gtin"], "06901028001234", "lines[0].gtin"),
    (["lines", 0, "gtin"], "", "lines[0].gtin"),
    (["lines", 0, "unit"], "bottle", "lines[0].unit"),
    (["lines", 0, "line"], 2, "lines[1].line"),
    (["lines", 0, "lot"], "L\u00001", "lines[0].lot"),
    (["lines", 0, "lot"], "L1\n", "lines[0].lot"),
    (["lines", 0, "code"], "x" * 65, "lines[0].code"),
    (["lines"], [], "lines"),
    (["payments", 0, "method"], "gold", "payments[0].method"),
    (["payments", 0, "amount"], 2**64, "payments[0].amount"),
    (["sale_id"], "1234", "sale_id"),
    (["sold_at"], "2026-11-23T10:15:00", "sold_at"),
    (["sold_at"], "0001-01-01T00:00:00+08:00", "sold_at"),
    (["sold_at"], "yesterday", "sold_at"),
    (["currency"], "cny", "currency"),
    (["member_id"], "Robert'); DROP TABLE sales;--", "member_id"),
    (
        ["age_check"],
        {"method": "id_seen", "passed": True, "document_number": "1"},
        "age_check.document_number",
    ),
    (["age_check"], {"method": "smell", "passed": True}, "age_check.method"),
]


async def test_what_cannot_be_read_is_refused_by_the_name_of_its_field(
    pos: Any, till: Any, a_sale: Make
) -> None:
    stored = await pos.stored()
    for path, value, field in UNREADABLE:
        sale = a_sale()
        place = sale
        for part in path[:-1]:
            place = place[part]
        place[path[-1]] = value
        answer = await till.post("/v1/sales", sale)
        assert answer.status_code == 422, (field, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert await pos.stored() == stored


async def test_too_many_lines_are_refused(till: Any, a_sale: Make, a_line: Make) -> None:
    answer = await till.post("/v1/sales", a_sale() | {"lines": [a_line(n) for n in range(1, 502)]})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "lines")


async def test_an_absent_field_is_named(till: Any, a_sale: Make) -> None:
    sale = a_sale()
    del sale["lines"][1]["unit_price"]
    answer = await till.post("/v1/sales", sale)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "lines[1].unit_price")


async def test_a_wrong_clock_neither_stops_a_sale_nor_hides(pos: Any, till: Any, a_sale: Make) -> None:
    future = a_sale(sold_at="2091-01-01T00:00:00+08:00")
    past = a_sale(sold_at="1970-01-01T00:00:00Z")
    answers = [await till.post("/v1/sales", sale) for sale in (future, past)]
    assert [answer.json()["exceptions"] for answer in answers] == [["clock_ahead"], ["late"]]
    assert await pos.value("SELECT count(*) FROM sales_default") == 2
    assert (await pos.get(f"/v1/sales/{past['sale_id']}"))["sold_at"] == "1970-01-01T00:00:00Z"


async def test_a_carton_code_is_stored_taken_apart(pos: Any, till: Any, a_sale: Make, a_line: Make) -> None:
    code = "61123" + "00001234507ABCD430701999999"
    sale = a_sale(lines=1)
    sale["lines"] = [a_line(1, code=code, lot="L7"), a_line(2)]
    sale["payments"][0]["amount"] = 10000
    answer = await till.post("/v1/sales", sale)
    assert answer.json()["exceptions"] == ["licence_mismatch"]
    coded, plain = (await pos.get(f"/v1/sales/{sale['sale_id']}"))["lines"]
    assert coded["carton"]["serial"] == "000012345"
    assert (coded["carton"]["carton"], coded["carton"]["company"], coded["lot"]) == (7, "ABCD", "L7")
    assert plain["carton"] is None


async def test_a_batch_answers_for_each_sale(pos: Any, till: Any, a_sale: Make) -> None:
    known, fresh = a_sale(), a_sale()
    await till.post("/v1/sales", known)
    changed = known | {"member_id": "other"}
    unreadable = a_sale() | {"currency": "x"}
    elsewhere = a_sale(store_id="S0002")
    batch = [known, fresh, changed, fresh, unreadable, elsewhere, "nonsense", fresh | {"member_id": "m"}]
    answer = await till.post("/v1/sales:batch", {"sales": batch})
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [result["status"] for result in results] == [
        "duplicate", "accepted", "conflict", "duplicate", "rejected", "rejected", "rejected", "conflict",
    ]  # fmt: skip
    assert [r["problem"]["status"] if r["problem"] else None for r in results] == [
        None, None, 409, None, 422, 403, 422, 409,
    ]  # fmt: skip
    assert results[4]["sale_id"] == unreadable["sale_id"]
    assert await pos.value("SELECT count(*) FROM sales") == 2
    assert await pos.value("SELECT count(*) FROM outbox") == 2
    assert await pos.value("SELECT count(*) FROM sale_lines") == 4


async def test_a_batch_of_no_or_too_many_sales_is_refused(till: Any) -> None:
    sizes: list[Any] = [[], [{}] * 1001, {}, None]
    answers = [await till.post("/v1/sales:batch", {"sales": sales}) for sales in sizes]
    assert [answer.status_code for answer in answers] == [422] * 4


async def test_a_stream_answers_each_line_in_order(pos: Any, till: Any, a_sale: Make) -> None:
    sales = [a_sale(lines=1) for _ in range(1200)]
    lines = [msgspec.json.encode(sale) for sale in sales]
    lines[700] = b'{"sale_id"'
    lines.insert(3, b"")
    answer = await till.send("/v1/sales:stream", b"\n".join(lines), "application/x-ndjson")
    results = [json.loads(line) for line in answer.text.splitlines()]
    assert [result["status"] for result in results[:2]] == ["accepted", "accepted"]
    assert results[700]["problem"]["code"] == "malformed"
    assert [r["sale_id"] for r in results if r["status"] == "accepted"] == [
        sale["sale_id"] for n, sale in enumerate(sales) if n != 700
    ]
    assert await pos.value("SELECT count(*) FROM sales") == 1199
    again = await till.send("/v1/sales:stream", b"\n".join(lines), "application/x-ndjson")
    assert {json.loads(line)["status"] for line in again.text.splitlines()} == {"duplicate", "rejected"}


async def test_sales_are_listed_newest_first_by_page(pos: Any, till: Any, a_sale: Make) -> None:
    start = datetime.now(UTC) - timedelta(hours=1)
    sales = [a_sale(lines=1 + n % 2, sold_at=(start + timedelta(minutes=n)).isoformat()) for n in range(5)]
    sales[2]["member_id"] = "M-9"
    await till.post("/v1/sales:batch", {"sales": sales})
    seen, cursor = [], None
    while True:
        params = {"store_id": "S0001", "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = await pos.get("/v1/sales", **params)
        seen += [item["sale_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [sale["sale_id"] for sale in reversed(sales)]
    by_member = await pos.get("/v1/sales", store_id="S0001", member_id="M-9")
    assert [item["sale_id"] for item in by_member["items"]] == [sales[2]["sale_id"]]
    by_gtin = await pos.get("/v1/sales", store_id="S0001", gtin="6901028001243")
    assert len(by_gtin["items"]) == 2
    since = await pos.get(
        "/v1/sales", **{"store_id": "S0001", "from": sales[3]["sold_at"], "to": sales[4]["sold_at"]}
    )
    assert [item["sale_id"] for item in since["items"]] == [sales[3]["sale_id"]]


async def test_an_id_used_in_two_stores_needs_its_store(pos: Any, a_sale: Make) -> None:
    tills = [await pos.till("S0001"), await pos.till("S0002")]
    sale_id = str(uuid7())
    for each in tills:
        sale = a_sale(sale_id=sale_id, store_id=each.store_id)
        assert (await each.post("/v1/sales", sale)).status_code == 201
    ambiguous = await pos.client.get(f"/v1/sales/{sale_id}", headers=pos.auth())
    assert ambiguous.status_code == 409
    mine = await pos.client.get(f"/v1/sales/{sale_id}", headers=pos.auth("manager", stores=["S0002"]))
    assert mine.json()["store_id"] == "S0002"
    assert (await pos.get(f"/v1/sales/{sale_id}", store_id="S0001"))["store_id"] == "S0001"


async def test_an_operator_sees_only_the_stores_of_the_token(pos: Any, till: Any, a_sale: Make) -> None:
    sale = a_sale()
    await till.post("/v1/sales", sale)
    stranger = pos.auth("manager", stores=["S0009"])
    one = await pos.client.get(f"/v1/sales/{sale['sale_id']}", headers=stranger)
    several = await pos.client.get("/v1/sales", params={"store_id": "S0001"}, headers=stranger)
    assert (one.status_code, several.status_code) == (404, 403)
