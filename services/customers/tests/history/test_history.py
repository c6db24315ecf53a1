"""Every change field by field: who, when, from, to, why."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from humidor_customers.history.rules import field_changes
from humidor_customers.testing.desk import Desk, licence

values = st.one_of(st.none(), st.integers(0, 3), st.lists(st.integers(0, 2), max_size=2))
documents = st.dictionaries(
    st.sampled_from("abc"), values | st.dictionaries(st.sampled_from("xy"), values), max_size=3
)


@given(documents, documents)
def test_changes_are_the_same_the_other_way_round(before: dict[str, Any], after: dict[str, Any]) -> None:
    there = {(each.field, str(each.before), str(each.after)) for each in field_changes(before, after)}
    back = {(each.field, str(each.after), str(each.before)) for each in field_changes(after, before)}
    assert there == back
    assert field_changes(before, before) == []


def test_a_field_of_a_field_is_named_and_what_is_empty_is_not_told() -> None:
    before = {"name": "A", "custom": {"shelf": 1}, "tags": [], "version": 1}
    after = {"name": "A", "custom": {"shelf": 2, "colour": "red"}, "tags": None, "version": 2}
    assert [tuple(each) for each in field_changes(before, after)] == [
        ("custom.shelf", 1, 2),
        ("custom.colour", None, "red"),
    ]
    assert [tuple(each) for each in field_changes({"a": 0}, {"a": {}})] == [("a", 0, {})]
    assert [each.field for each in field_changes(None, {"name": "A", "address": None})] == ["name"]


async def test_the_history_of_a_customer_says_who_changed_what_and_why(desk: Desk) -> None:
    await desk.put("C1", credit_limit_minor=100, currency="CNY")
    contacts = [{"name": "王芳", "phone": "13812345678"}]
    await desk.put("C1", credit_limit_minor=200, currency="CNY", contacts=contacts, reason="pays well")
    check = {"status": "suspended", "source": "bureau"}
    await desk.ask("POST", "/v1/retailers/C1/licence-checks", json=check, expect=201)
    body = {"name": "New", "licence_number": licence(1)}
    other = {"headers": desk.auth(subject="li")}
    await desk.ask("PUT", "/v1/retailers/C1", json=body, headers=other["headers"])
    history = (await desk.ask("GET", "/v1/retailers/C1/history"))["items"]
    assert [(each["action"], each["by"], each["reason"]) for each in history] == [
        ("change", "li", None),
        ("check_licence", "tester", "bureau"),
        ("change", "tester", "pays well"),
        ("create", "tester", None),
    ]
    second = {each["field"]: (each["before"], each["after"]) for each in history[2]["changes"]}
    assert second["credit_limit_minor"] == (100, 200)
    assert second["contacts"][1][0]["phone"] == "138****78"
    assert set(second) == {"credit_limit_minor", "contacts"}
    assert {each["field"] for each in history[0]["changes"]} == {
        "name",
        "credit_limit_minor",
        "currency",
        "contacts",
    }
    limited = await desk.ask("GET", "/v1/retailers/C1/history?field=credit_limit_minor&limit=2")
    assert [each["action"] for each in limited["items"]] == ["change", "change"]
    rest = await desk.ask(
        "GET",
        "/v1/retailers/C1/history",
        params={"field": "credit_limit_minor", "cursor": limited["next_cursor"]},
    )
    assert [each["action"] for each in rest["items"]] == ["create"]
    await desk.ask("GET", "/v1/retailers/C9/history", expect=404)
    await desk.ask("GET", "/v1/retailers/C1/history?cursor=Wy0xXQ", expect=422)


async def test_the_history_of_a_member_names_nobody(desk: Desk) -> None:
    adult = {"outcome": "adult", "method": "id_seen", "checked_on": "2026-11-02"}
    body = {"member_id": "M1", "store_id": "S0001", "adult": adult, "card_number": "70007001"}
    await desk.ask("POST", "/v1/consumers", json=body, expect=201)
    await desk.ask("PUT", "/v1/consumers/M1/contact", json={"name": "赵敏"})
    answer = await desk.client.get("/v1/consumers/M1/history", headers=desk.auth())
    history = answer.json()["items"]
    assert [(each["action"], each["reason"]) for each in history] == [
        ("change_contact", "contact: name"),
        ("create", None),
    ]
    assert history[0]["changes"] == [{"field": "has_contact", "before": False, "after": True}]
    assert "赵敏" not in answer.text
    assert "70007001" not in answer.text
