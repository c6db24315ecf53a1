"""Candidates as the worker finds them, and what people say of them."""

from typing import Any

from humidor_common.clock import utc_now
from humidor_common.db.transaction import transaction
from humidor_customers.duplicates import queries
from humidor_customers.duplicates.schemas import Filters
from humidor_customers.duplicates.service import PIECE, compare_due
from humidor_customers.testing.desk import Desk, licence


async def compare_all(desk: Desk) -> int:
    """Compare all that is due; gives how many customers that were."""
    total = 0
    while True:
        async with transaction(desk.runtime.pool) as conn:
            done = await compare_due(conn, now=utc_now())
        total += done
        if not done:
            return total


async def pairs(desk: Desk, **filters: str) -> list[tuple[str, str, int]]:
    found = (await desk.ask("GET", "/v1/duplicates", params=filters))["items"]
    return [(each["first_id"], each["second_id"], each["score"]) for each in found]


def phone(number: str) -> list[dict[str, Any]]:
    return [{"name": "x", "phone": number}]


async def test_records_of_one_customer_are_found_with_the_reasons(desk: Desk) -> None:
    await desk.put("C1", name="城南便利店", trade_area="A", contacts=phone("138 1234 5678"))
    await desk.put("C2", name="城南 烟酒店", trade_area="A")
    await desk.put("C3", name="北山", trade_area="A", contacts=phone("+86 13812345678"))
    await desk.put("C4", name="城南", trade_area="B")
    await desk.put("C1", state="closed", name="城南便利店", trade_area="A", contacts=phone("13812345678"))
    await desk.put("C5", name="新店", licence_number=licence(1))
    assert await compare_all(desk) == 5
    assert await pairs(desk) == [("C1", "C5", 60), ("C1", "C2", 50), ("C1", "C3", 45)]
    assert await pairs(desk, retailer_id="C3") == [("C1", "C3", 45)]
    assert await pairs(desk, least_score="50") == [("C1", "C5", 60), ("C1", "C2", 50)]
    found = (await desk.ask("GET", "/v1/duplicates", params={"limit": "1"}))["items"][0]
    assert (found["first_name"], found["second_name"]) == ("城南便利店", "新店")
    assert found["reasons"] == [{"code": "same_licence", "points": 60, "detail": licence(1)}]
    page = await desk.ask("GET", "/v1/duplicates", params={"limit": "2"})
    rest = await desk.ask("GET", "/v1/duplicates", params={"cursor": page["next_cursor"]})
    assert [each["second_id"] for each in rest["items"]] == ["C3"]
    await desk.put("C3", name="北山", trade_area="A")
    assert await compare_all(desk) == 1
    assert ("C1", "C3", 45) not in await pairs(desk)
    assert await compare_all(desk) == 0


async def test_two_customers_who_are_told_apart_stay_apart_until_they_grow_more_alike(desk: Desk) -> None:
    await desk.put("C1", name="城南", trade_area="A")
    await desk.put("C2", name="城南", trade_area="A")
    await compare_all(desk)
    path, reason = "/v1/duplicates/C2/C1:dismiss", {"reason": "two shops of that name"}
    said = await desk.ask("POST", path, json=reason)
    assert (said["state"], said["decided_by"], said["decision_reason"]) == (
        "dismissed",
        "tester",
        reason["reason"],
    )
    assert (await desk.ask("POST", path, json=reason, expect=409))["code"] == "candidate-decided"
    await desk.put("C1", name="城南", trade_area="A", sales_line="L1")
    await compare_all(desk)
    assert await pairs(desk) == []
    assert await pairs(desk, state="dismissed") == [("C1", "C2", 50)]
    for each in ("C1", "C2"):
        await desk.put(each, name="城南", trade_area="A", contacts=phone("13812345678"))
    await compare_all(desk)
    assert await pairs(desk) == [("C1", "C2", 95)]
    await desk.ask("POST", "/v1/duplicates/C1/C9:dismiss", json=reason, expect=404)
    assert await desk.trail("duplicate", "C1/C2") == [("dismiss", reason["reason"])]


async def test_more_than_a_piece_is_compared_and_a_crowded_area_by_equal_names(
    desk: Desk, monkeypatch: Any
) -> None:
    monkeypatch.setattr(queries, "MOST_IN_AREA", 3)
    for n in range(PIECE + 2):
        await desk.put(
            f"C{n:02d}", name=f"{'城南' if n < 2 else '城南甲乙丙丁'}{n if n > 1 else ''}", trade_area="A"
        )
    assert await compare_all(desk) == PIECE + 2
    assert await pairs(desk) == [("C00", "C01", 50)]


async def test_candidates_are_for_callers_of_every_store(desk: Desk) -> None:
    bound: dict[str, Any] = {"headers": desk.auth("manager", stores=["S0001"])}
    await desk.ask("GET", "/v1/duplicates", **bound, expect=403)
    await desk.ask("POST", "/v1/duplicates/C1/C2:dismiss", json={"reason": "x"}, **bound, expect=403)
    auditor: dict[str, Any] = {"headers": desk.auth("auditor")}
    await desk.ask("GET", "/v1/duplicates", **auditor)
    await desk.ask("POST", "/v1/duplicates/C1/C2:dismiss", json={"reason": "x"}, **auditor, expect=403)
    await desk.ask("GET", "/v1/duplicates?cursor=WzEsMl0", expect=422)


async def test_the_list_and_the_comparing_find_their_indexes(desk: Desk) -> None:
    async with desk.runtime.pool.acquire() as conn:
        statement, arguments = queries.build(Filters(), after=(100, "", ""), limit=101)
        await conn.execute("SET enable_seqscan = off")
        rows = await conn.fetch(f"EXPLAIN {statement}", *arguments)
        plan = "\n".join(row[0] for row in rows)
        due = await conn.fetch(
            "EXPLAIN SELECT retailer_id FROM retailers WHERE compared_version < version "
            "AND merged_into IS NULL ORDER BY retailer_id LIMIT 20"
        )
        await conn.execute("RESET enable_seqscan")
    assert "ix_duplicate_candidates_state" in plan
    assert "ix_retailers_not_compared" in "\n".join(row[0] for row in due)
