"""A customer from all sides, also after its record took in another one and gave it back."""

from datetime import timedelta
from typing import Any

from humidor_common.clock import utc_now
from humidor_customers.testing.office import Office


async def fill(office: Office, retailer_id: str, day: str) -> None:
    """Let a customer have one of everything."""
    customer = {"kind": "retailer", "id": retailer_id}
    handle = {"handle": f"wm-{retailer_id}", "customer": customer}
    await office.ask("POST", "/v1/channels/wecom/handles", json=handle, expect=201)
    call = {"medium": "call", "direction": "in", "occurred_at": f"{day}T01:00:00Z"}
    task = {"title": "call back", "due_at": f"{day}T09:00:00Z", "assignee": "li"}
    talk = {"kind": "consultation", "subject": "x", "owner": "li"}
    for path, body in (("interactions", call), ("tasks", task), ("presales", talk)):
        await office.ask("POST", f"/v1/{path}", json=body | {"customer": customer}, expect=201)
    plan = {"planned_on": day, "visitor": "li", "stops": [{"retailer_id": retailer_id}]}
    await office.ask("POST", "/v1/visit-plans", json=plan, expect=201)


async def look(office: Office, retailer_id: str) -> Any:
    return await office.ask("GET", f"/v1/retailers/{retailer_id}/overview")


async def counts(office: Office, retailer_id: str) -> list[int]:
    """Count what the lists of a customer hold: interactions, tasks, presales, visits, names."""
    of = f"customer_kind=retailer&customer_id={retailer_id}"
    paths = [f"interactions?{of}", f"tasks?{of}", f"presales?retailer_id={retailer_id}"]
    paths += [f"retailers/{retailer_id}/visits", f"channels/handles/retailer/{retailer_id}"]
    return [len((await office.ask("GET", f"/v1/{each}"))["items"]) for each in paths]


async def test_a_customer_is_seen_from_all_sides_with_all_that_a_merged_record_brought(
    office: Office,
) -> None:
    first, second = (str(utc_now().date() - timedelta(days=ago)) for ago in (8, 7))
    for retailer_id, day in (("C1", first), ("C2", second)):
        await office.put(retailer_id)
        await fill(office, retailer_id, day)
    before = await look(office, "C1")
    assert (before["retailer"]["licence_state"], before["consumer"]) == ("active", None)
    assert {each["kind"]: each["entries"] for each in before["year"]} == {"consultation": 1, "interaction": 1}
    opened = {"tasks": 1, "tasks_overdue": 1, "presales": 1, "next_visit_on": first}
    assert before["open"] == opened | {"next_task_due_at": f"{first}T09:00:00Z"}
    body = {"survivor_id": "C1", "merged_id": "C2", "take": [], "reason": "same"}
    made = await office.ask("POST", "/v1/merges", json=body, expect=201)
    merged = await look(office, "C1")
    assert {each["kind"]: each["entries"] for each in merged["year"]} == {"consultation": 2, "interaction": 2}
    assert (merged["open"]["tasks"], merged["open"]["presales"], len(merged["newest"])) == (2, 2, 4)
    assert await counts(office, "C1") == [2] * 5
    # What comes in under the merged record's name belongs to the survivor now.
    third = {"handle": "wm-C2", "customer": {"kind": "retailer", "id": "C1"}}
    await office.ask("POST", "/v1/channels/wecom/handles", json=third, expect=201)
    await office.ask("POST", f"/v1/merges/{made['merge_id']}:undo", json={"reason": "two"})
    assert await counts(office, "C1") == await counts(office, "C2") == [1] * 5
    after = await look(office, "C1")
    assert (after["year"], after["open"]) == (before["year"], before["open"])


async def test_a_member_is_seen_by_its_store_without_the_contact(office: Office) -> None:
    await office.join("M1", "sms", phone="13812345678")
    found = await office.ask("GET", "/v1/consumers/M1/overview")
    assert [each["channel"] for each in found["consumer"]["consents"]] == ["sms"]
    assert (found["retailer"], found["year"], found["newest"]) == (None, [], [])
    assert "13812345678" not in str(found)
    stranger = office.auth("clerk", stores=["S0002"])
    await office.ask("GET", "/v1/consumers/M1/overview", headers=stranger, expect=404)
    await office.ask("GET", "/v1/retailers/C9/overview", expect=404)
