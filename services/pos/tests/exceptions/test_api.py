from collections.abc import Callable
from typing import Any

from humidor_common.ids import uuid7

Make = Callable[..., Any]


async def test_an_exception_stays_open_until_a_person_settles_it(pos: Any, till: Any, a_sale: Make) -> None:
    sale = a_sale(age_check=None, payments=[])
    await till.post("/v1/sales", sale)
    listed = await pos.get("/v1/exceptions", store_id="S0001", state="open")
    assert [item["code"] for item in listed["items"]] == ["age_check_missing", "payment_mismatch"]
    first = listed["items"][0]
    assert first["fact_id"] == sale["sale_id"]
    path = f"/v1/exceptions/{first['exception_id']}:resolve"
    headers = pos.auth("manager", stores=["S0001"], subject="wang")
    resolved = await pos.client.post(path, json={"note": "checked by camera"}, headers=headers)
    assert (resolved.json()["state"], resolved.json()["settled_by"]) == ("resolved", "wang")
    assert (await pos.client.post(path, json={"note": "again"}, headers=headers)).status_code == 409
    left = await pos.get("/v1/exceptions", store_id="S0001", state="open")
    assert [item["code"] for item in left["items"]] == ["payment_mismatch"]
    (entry,) = await pos.fetch("SELECT actor, reason FROM audit_trail WHERE entity = 'exception'")
    assert tuple(entry) == ("wang", "checked by camera")


async def test_exceptions_come_by_page(pos: Any, till: Any, a_sale: Make) -> None:
    for _ in range(3):
        await till.post("/v1/sales", a_sale(age_check=None))
    first = await pos.get("/v1/exceptions", store_id="S0001", limit=2)
    rest = await pos.get("/v1/exceptions", store_id="S0001", limit=2, cursor=first["next_cursor"])
    assert len({item["exception_id"] for item in first["items"] + rest["items"]}) == 3
    assert rest["next_cursor"] is None


async def test_exceptions_of_other_stores_cannot_be_seen_or_settled(
    pos: Any, till: Any, a_sale: Make
) -> None:
    await till.post("/v1/sales", a_sale(age_check=None))
    (item,) = (await pos.get("/v1/exceptions", store_id="S0001"))["items"]
    stranger = pos.auth("manager", stores=["S0002"])
    path = f"/v1/exceptions/{item['exception_id']}:resolve"
    assert (await pos.client.post(path, json={"note": "x"}, headers=stranger)).status_code == 404
    listed = await pos.client.get("/v1/exceptions", params={"store_id": "S0001"}, headers=stranger)
    assert listed.status_code == 403
    unknown = f"/v1/exceptions/{uuid7()}:resolve"
    assert (await pos.client.post(unknown, json={"note": "x"}, headers=pos.auth())).status_code == 404
    assert (await pos.client.post(path, json={"note": ""}, headers=pos.auth())).status_code == 422
