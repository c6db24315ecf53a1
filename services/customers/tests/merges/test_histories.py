"""Whatever happens between a merge and its undoing, both records come back, with what changed since."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from humidor_customers.merges.rules import GROUPS
from humidor_customers.testing.desk import Desk, licence

SCALARS = ("name", "sales_line", "trade_area", "compliance_grade", "address")
words = st.sampled_from(["A", "B", "C"])
changes = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(SCALARS, words) | {"tags": st.lists(words, max_size=3)}
)


async def put(desk: Desk, retailer_id: str, number: int, fields: dict[str, Any]) -> dict[str, Any]:
    body = {"name": "A", "licence_number": licence(number)} | fields
    answer = await desk.client.put(f"/v1/retailers/{retailer_id}", json=body, headers=desk.auth())
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    records=st.tuples(changes, changes),
    take=st.sets(st.sampled_from(sorted(set(GROUPS) - {"state"}))),
    later=st.lists(changes, max_size=3),
)
async def test_undoing_gives_both_back_after_any_history(
    desk: Desk, records: tuple[dict[str, Any], ...], take: set[str], later: list[dict[str, Any]]
) -> None:
    await desk.runtime.pool.execute(
        "TRUNCATE retailers, duplicate_candidates, merges, retailer_stores, licence_checks, retailer_notes "
        "CASCADE"
    )
    before = [await put(desk, f"C{n}", n, fields) for n, fields in enumerate(records)]
    body = {"survivor_id": "C0", "merged_id": "C1", "take": sorted(take), "reason": "same"}
    made = await desk.ask("POST", "/v1/merges", json=body, expect=201)
    merged = await desk.get("C0")
    now = merged
    for fields in later:
        kept = {name: now[name] for name in (*SCALARS, "tags", "licence_number")}
        now = await put(desk, "C0", 0, kept | fields)
    done = await desk.ask("POST", f"/v1/merges/{made['merge_id']}:undo", json={"reason": "two"})
    survivor, other = await desk.get("C0"), await desk.get("C1")
    touched = {name for name in (*SCALARS, "tags") if now[name] != merged[name]}
    assert {each["field"] for each in done["kept"]} == touched
    for name in before[0]:
        if name in SCALARS:
            assert survivor[name] == (now[name] if name in touched else before[0][name]), name
        elif name not in ("tags", "version", "changed_at"):
            assert survivor[name] == before[0][name], name
    came = set(merged["tags"]) - set(before[0]["tags"])
    assert set(survivor["tags"]) == set(now["tags"]) - came
    for name in before[1]:
        if name not in ("version", "changed_at"):
            assert other[name] == before[1][name], name
