"""Tasks are given, found by who and when, changed under their version, and done."""

from typing import Any
from uuid import UUID

from humidor_common.auth import Principal
from humidor_customers.inputs import BEGIN
from humidor_customers.tasks import service
from humidor_customers.tasks.schemas import Filters
from humidor_customers.testing.desk import NOON, Desk
from humidor_customers.testing.explaining import Explaining

_MANY = """
INSERT INTO tasks (task_id, party_kind, party_id, kind, priority, due_at, assignee, state, created_by,
                   created_at, version, changed_at)
SELECT gen_random_uuid(), 'retailer', 'C' || n % 500, 'call', 'normal', now() - make_interval(mins => n),
       'p' || n % 50, CASE WHEN n % 100 = 0 THEN 'open' ELSE 'done' END, 'x', now(), 1, now()
FROM generate_series(1, 8000) n
"""
TASK = {"kind": "call", "title": "Ask for the licence", "due_at": "2026-01-05T01:00:00Z", "assignee": "li"}


async def give(desk: Desk, customer_id: str = "C1", **changes: Any) -> Any:
    kind = "consumer" if customer_id.startswith("M") else "retailer"
    body = TASK | {"customer": {"kind": kind, "id": customer_id}} | changes
    return await desk.ask("POST", "/v1/tasks", json=body, expect=201)


async def titles(desk: Desk, **filters: Any) -> list[str]:
    return [each["title"] for each in (await desk.ask("GET", "/v1/tasks", params=filters))["items"]]


async def test_a_task_is_found_by_who_and_when_changed_and_done(desk: Desk) -> None:
    await desk.put("C1", store_ids=["S0001"])
    first = await give(desk, title="a")
    assert (first["state"], first["overdue"], first["version"]) == ("open", True, 1)
    await give(desk, title="b", due_at="2199-01-01T00:00:00Z")
    await give(desk, title="c", due_at="2026-01-04T00:00:00Z", assignee="wang")
    assert await titles(desk) == ["c", "a", "b"]
    page = await desk.ask("GET", "/v1/tasks?limit=2")
    assert [each["title"] for each in page["items"]] == ["c", "a"]
    assert await titles(desk, cursor=page["next_cursor"]) == ["b"]
    assert await titles(desk, assignee="li", due_before="2026-12-01T00:00:00Z") == ["a"]
    path = f"/v1/tasks/{first['task_id']}"
    changed = {**TASK, "title": "d", "priority": "high"}
    await desk.ask("PUT", path, json=changed, headers={"If-Match": '"2"'}, expect=412)
    assert (await desk.ask("PUT", path, json=changed, headers={"If-Match": '"1"'}))["version"] == 2
    done = await desk.ask("POST", f"{path}:complete", json={"outcome": "it comes by mail"})
    assert (done["state"], done["overdue"], done["outcome"]) == ("done", False, "it comes by mail")
    for again in (("PUT", path, changed), ("POST", f"{path}:cancel", {"reason": "x"})):
        problem = await desk.ask(*again[:2], json=again[2], expect=409)
        assert problem["code"] == "task-closed"
    (entry,) = (await desk.ask("GET", "/v1/retailers/C1/timeline"))["items"]
    assert (entry["kind"], entry["details"]) == ("task", {"kind": "call", "late": True})
    assert await titles(desk, state="done", customer_kind="retailer", customer_id="C1") == ["d"]
    assert [action for action, _ in await desk.trail("task", first["task_id"])] == [
        "create",
        "change",
        "done",
    ]


async def test_tasks_are_for_whose_customer_it_is_and_ones_own(desk: Desk) -> None:
    await desk.put("C1", store_ids=["S0001"])
    task = await give(desk)
    path = f"/v1/tasks/{task['task_id']}"
    stranger = desk.auth("manager", stores=["S0002"], subject="li")
    await desk.ask("GET", path, headers=stranger, expect=404)
    await desk.ask("POST", f"{path}:complete", json={"outcome": "x"}, headers=stranger, expect=404)
    await desk.ask("GET", "/v1/tasks", headers=stranger, expect=403)
    found = await desk.ask("GET", "/v1/tasks?assignee=li", headers=stranger)
    assert [each["task_id"] for each in found["items"]] == [task["task_id"]]
    await desk.ask("POST", f"{path}:cancel", json={"reason": "x"}, headers=desk.auth("clerk"), expect=403)
    body = TASK | {"customer": {"kind": "retailer", "id": "C9"}}
    await desk.ask("POST", "/v1/tasks", json=body, expect=404)


async def test_a_task_about_an_erased_member_says_nothing_of_the_person(desk: Desk) -> None:
    member = {"member_id": "M1", "store_id": "S0001", "adult": {"outcome": "unchecked"}}
    await desk.ask("POST", "/v1/consumers", json=member, expect=201)
    task = await give(desk, "M1", title="Call 王芳", note="王芳 asked")
    await desk.ask("POST", "/v1/consumers/M1:erase", json={"reason": "asked for"})
    found = await desk.ask("GET", f"/v1/tasks/{task['task_id']}")
    assert (found["title"], found["note"]) == (None, None)
    trail = await desk.runtime.pool.fetch("SELECT to_jsonb(a)::text FROM audit_trail a")
    assert not [row for row in trail if "王芳" in row[0]]


async def test_lists_of_tasks_find_their_indexes_however_many_are_done(desk: Desk) -> None:
    caller = Principal(subject="li", kind="user")
    async with desk.runtime.pool.acquire() as conn:
        await conn.execute(_MANY)
        await conn.execute("ANALYZE tasks")
        explaining: Any = Explaining(conn)
        for asked, index in (
            ({"state": "open"}, "ix_tasks_due"),
            ({"state": "done"}, "ix_tasks_due"),
            ({"state": "open", "assignee": "p0"}, "ix_tasks_assignee"),
            ({"state": "done", "assignee": "p0"}, "ix_tasks_assignee"),
        ):
            filters = Filters.model_validate(asked)
            start = (BEGIN, UUID(int=0))
            await service.page(explaining, caller, filters, after=start, limit=101, now=NOON)
            assert index in explaining.plan, (asked, explaining.plan)
            assert not [each for each in ("Seq Scan", "Sort") if each in explaining.plan], explaining.plan
