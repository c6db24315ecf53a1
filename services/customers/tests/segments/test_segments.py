"""Segments: tried, live and frozen, told by ids, and left by those who were erased."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from humidor_common.events.customers import SegmentPublished
from humidor_common.ids import uuid7
from humidor_customers.jobs.working import work_once
from humidor_customers.segments import listing, queries, running
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.till import buy, join, morning, profile_all, sale
from humidor_customers.working import HANDLERS

PATH = "/v1/segments"
OFTEN = {"field": "purchases", "at_least": 3}


async def members(desk: Desk, segment: dict[str, Any], **params: Any) -> list[str]:
    page = await desk.ask("GET", f"{PATH}/{segment['segment_id']}/members", params=params)
    found = [each["party_id"] for each in page["items"]]
    if page["next_cursor"]:
        found += await members(desk, segment, **(params | {"cursor": page["next_cursor"]}))
    return found


async def work(desk: Desk) -> None:
    """Do what waits to be done."""
    while await work_once(desk.runtime.pool, HANDLERS):
        pass


async def step(desk: Desk, segment: dict[str, Any], step: str, **more: Any) -> Any:
    """Have a job take a step with a segment, and give the job as it ended."""
    path = f"{PATH}/{segment['segment_id']}:{step}"
    job = await desk.ask("POST", path, expect=202, **more)
    await work(desk)
    return await desk.ask("GET", f"/v1/jobs/{job['job_id']}")


async def make(desk: Desk, mode: str = "live", rule: Any = None, *, expect: int = 201, **changes: Any) -> Any:
    body = {"name": "Often", "party_kind": "consumer", "mode": mode, "rule": rule or OFTEN} | changes
    return await desk.ask("POST", PATH, json=body, expect=expect)


async def shoppers(desk: Desk) -> None:
    """Members M1 to M6, who have bought one to six times."""
    await join(desk, *(f"M{n}" for n in range(1, 7)))
    await buy(
        desk,
        *(
            sale(100 * n + t, f"M{n}", at=morning() - timedelta(days=t))
            for n in range(1, 7)
            for t in range(n)
        ),
    )
    await profile_all(desk)


async def score(desk: Desk, model: str, scores: dict[str, float], figures: list[float] | None = None) -> None:
    model_id = uuid7()
    pool = desk.runtime.pool
    await pool.execute(
        """INSERT INTO models (model_id, model, party_kind, current, customers, parameters, fit, as_of,
                               fitted_at, fitted_by)
           VALUES ($1, $2, 'consumer', true, 1, '{}', '{}', now(), now(), 'test')""",
        model_id,
        model,
    )
    await pool.executemany(
        "INSERT INTO model_scores VALUES ($1, $2, $3, 'label', $4)",
        [(model_id, party_id, value, figures) for party_id, value in scores.items()],
    )


async def test_a_rule_is_tried_with_size_and_sample_and_names_the_models_that_are_missing(desk: Desk) -> None:
    await shoppers(desk)
    risky = {"any": [OFTEN, {"field": "churn_risk", "at_least": 0.5}]}
    body = {"party_kind": "consumer", "rule": risky}
    tried = await desk.ask("POST", f"{PATH}:preview", json=body)
    assert (tried["size"], tried["of"], tried["missing_models"]) == (4, 6, ["churn"])
    assert [each["party_id"] for each in tried["sample"]] == ["M3", "M4", "M5", "M6"]
    await score(desk, "churn", {"M1": 0.7, "M2": 0.1, "M6": 0.9})
    assert (await desk.ask("POST", f"{PATH}:preview", json=body))["size"] == 5
    both = {"all": [OFTEN, {"not": {"field": "churn_risk", "at_least": 0.5}}]}
    assert (await desk.ask("POST", f"{PATH}:preview", json=body | {"rule": both}))["size"] == 3
    body["rule"] = {"all": [OFTEN, {"field": "nothing", "is": 1}]}
    problem = await desk.ask("POST", f"{PATH}:preview", json=body, expect=422)
    assert problem["errors"][0]["field"] == "rule.all[1].field"
    fields = {each["field"]: each for each in (await desk.ask("GET", f"{PATH}/fields"))["fields"]}
    assert (fields["churn_risk"]["model"], fields["trade_area"]["party_kind"]) == ("churn", "retailer")


@pytest.mark.parametrize(
    ("model", "field", "place"),
    [
        ("rfm", "recency_score", 1),
        ("rfm", "frequency_score", 2),
        ("rfm", "money_score", 3),
        ("lifetime", "alive", 1),
        ("lifetime", "expected_purchases", 2),
    ],
)
async def test_a_field_reads_its_own_figure_of_the_model(
    desk: Desk, model: str, field: str, place: int
) -> None:
    await shoppers(desk)
    await score(desk, model, {"M1": 0.5}, [0.25, 3.0, 5.0])
    value = [0.25, 3.0, 5.0][place - 1]
    body = {"party_kind": "consumer", "rule": {"field": field, "is": value}}
    assert (await desk.ask("POST", f"{PATH}:preview", json=body))["size"] == 1


async def test_a_live_segment_follows_its_rule_and_a_frozen_one_stays(desk: Desk, monkeypatch: Any) -> None:
    monkeypatch.setattr(queries, "CHUNK", 2)
    await shoppers(desk)
    monkeypatch.setattr(listing, "RANGE", 2)
    live, frozen = await make(desk), await make(desk, "frozen")
    path = f"{PATH}/{frozen['segment_id']}"
    assert (frozen["size"], frozen["revision"], live["job_id"]) == (None, 0, None)
    problem = await desk.ask("GET", f"{path}/members", expect=409)
    assert (problem["code"], frozen["job_id"] in problem["detail"]) == ("segment-not-listed", True)
    await work(desk)
    frozen = await desk.ask("GET", path)
    assert (frozen["size"], frozen["revision"]) == (4, 1)
    assert (await desk.ask("POST", f"{path}:freeze", expect=409))["code"] == "segment-frozen"
    await buy(desk, *(sale(900 + n, "M1", at=morning() - timedelta(days=n)) for n in range(4)))
    await profile_all(desk)
    assert await members(desk, live, limit=2) == ["M1", "M3", "M4", "M5", "M6"]
    assert await members(desk, frozen, limit=3) == ["M3", "M4", "M5", "M6"]
    changed = {"name": "Very often", "rule": {"field": "purchases", "at_least": 5}}
    path = f"{PATH}/{live['segment_id']}"
    await desk.ask("PUT", path, json=changed, headers={"If-Match": '"9"'}, expect=412)
    assert (await desk.ask("PUT", path, json=changed, headers={"If-Match": '"1"'}))["version"] == 2
    assert await members(desk, live) == ["M1", "M5", "M6"]
    problem = await desk.ask("PUT", f"{PATH}/{frozen['segment_id']}", json=changed, expect=409)
    assert problem["code"] == "segment-frozen"
    renamed = await desk.ask("PUT", f"{PATH}/{frozen['segment_id']}", json={"name": "Once", "rule": OFTEN})
    assert (renamed["name"], renamed["size"]) == ("Once", 4)
    listed = (await desk.ask("GET", PATH))["items"]
    assert [each["name"] for each in listed] == ["Once", "Very often"]
    late = await desk.ask("POST", f"{path}:publish", expect=202)
    await desk.ask("POST", f"{path}:retire", json={"reason": "over"})
    await desk.ask("POST", f"{path}:publish", expect=409)
    await work(desk)
    assert (await desk.ask("GET", f"/v1/jobs/{late['job_id']}"))["code"] == "segment-retired"
    assert await members(desk, live) == []
    assert [each["name"] for each in (await desk.ask("GET", PATH))["items"]] == ["Once"]


async def test_a_segment_is_published_by_ids_in_parts_and_erased_members_leave_it(
    desk: Desk, monkeypatch: Any
) -> None:
    monkeypatch.setattr(queries, "CHUNK", 3)
    monkeypatch.setattr(listing, "RANGE", 2)
    monkeypatch.setattr(running, "AT_ONCE", 1)
    await shoppers(desk)
    live, frozen = await make(desk), await make(desk, "frozen")
    none = await make(desk, rule={"field": "purchases", "at_least": 99})
    for each in (live, none):
        done = await step(desk, each, "publish")
        assert (done["state"], done["result"]["revision"]) == ("done", 1), done
    told = [
        msgspec.json.decode(payload, type=SegmentPublished)
        for _, payload in await desk.told(SegmentPublished.TYPE)
    ]
    assert [(each.part, each.parts, each.size, each.party_ids) for each in told] == [
        (1, 2, 4, ["M3", "M4", "M5"]),
        (2, 2, 4, ["M6"]),
        (1, 1, 0, []),
    ]
    assert told[0].segment_id == UUID(live["segment_id"])
    await desk.ask("POST", "/v1/consumers/M4:erase", json={"reason": "asked for"})
    assert await members(desk, frozen) == await members(desk, live) == ["M3", "M5", "M6"]
    again = (await step(desk, live, "publish"))["result"]
    assert (again["revision"], again["size"]) == (2, 3)
    found = await desk.runtime.pool.fetchval(
        "SELECT count(*) FROM segment_chunks WHERE 'M4' = ANY(party_ids)"
    )
    assert found == 0
    assert [action for action, _ in await desk.trail("segment", live["segment_id"])] == [
        "create",
        "publish",
        "publish",
    ]


async def test_a_job_on_a_segment_leaves_nothing_when_it_is_cancelled_and_begins_anew_when_it_was_lost(
    desk: Desk, monkeypatch: Any
) -> None:
    monkeypatch.setattr(listing, "RANGE", 2)
    await shoppers(desk)
    live, pool = await make(desk), desk.runtime.pool
    path = f"{PATH}/{live['segment_id']}"
    key = {"Idempotency-Key": "once"}
    first = await desk.ask("POST", f"{path}:publish", headers=key, expect=202)
    assert await desk.ask("POST", f"{path}:publish", headers=key, expect=202) == first
    list_range = listing.list_range

    async def cancelled(*given: Any) -> Any:
        monkeypatch.setattr(listing, "list_range", list_range)
        await desk.ask("POST", f"/v1/jobs/{first['job_id']}:cancel")
        return await list_range(*given)

    monkeypatch.setattr(listing, "list_range", cancelled)
    await work(desk)
    assert (await desk.ask("GET", f"/v1/jobs/{first['job_id']}"))["state"] == "cancelled"
    assert await desk.told(SegmentPublished.TYPE) == []
    assert await pool.fetchval("SELECT count(*) FROM segment_chunks") == 0

    lost = await desk.ask("POST", f"{path}:freeze", expect=202)
    await pool.execute("UPDATE jobs SET state = 'running', lease = 1 WHERE job_id = $1", UUID(lost["job_id"]))

    async def changed(*given: Any) -> Any:
        body = {"name": "Ever more often", "rule": {"field": "purchases", "at_least": 6}}
        await desk.ask("PUT", path, json=body)
        monkeypatch.setattr(listing, "list_range", list_range)
        return await list_range(*given)

    monkeypatch.setattr(listing, "list_range", changed)
    await work(desk)
    ended = await desk.ask("GET", f"/v1/jobs/{lost['job_id']}")
    assert (ended["state"], ended["code"]) == ("failed", "segment-changed"), "nobody waited for the list"
    assert (await step(desk, live, "freeze"))["state"] == "done"
    frozen = await desk.ask("GET", path)
    assert (frozen["mode"], frozen["size"], await members(desk, live)) == ("frozen", 1, ["M6"])
    assert (await step(desk, live, "publish"))["result"]["revision"] == 1
    assert len(await desk.told(SegmentPublished.TYPE)) == 1


async def test_segments_are_for_those_who_see_every_store(desk: Desk) -> None:
    bound = desk.auth("manager", stores=["S0001"])
    await desk.ask("GET", PATH, headers=bound, expect=403)
    body = {"name": "x", "party_kind": "consumer", "mode": "live", "rule": OFTEN}
    await desk.ask("POST", PATH, json=body, headers=bound, expect=403)
    await desk.ask("POST", PATH, json=body, headers=desk.auth("auditor"), expect=403)
    await desk.ask("GET", f"{PATH}/{uuid7()}", expect=404)
    await make(desk, rule={"field": "trade_area", "is": "A"}, expect=422)
    await make(desk, rule={"field": "trade_area", "is": "A"}, party_kind="retailer")


async def test_a_preview_reads_in_parallel_and_of_scores_those_of_its_own_models_alone(desk: Desk) -> None:
    for model in ("rfm", "churn", "lifetime"):
        await score(desk, model, {"M1": 0.7})
    rule = {"all": [{"field": "value_segment", "is": "label"}, {"field": "churn_risk", "at_least": 0.5}]}
    async with desk.runtime.pool.acquire() as conn, conn.transaction():
        models = await queries.models_in_force(conn, "consumer")
        statement, arguments = queries.preview_statement(rule, "consumer", models)
        for setting in ("parallel_setup_cost", "parallel_tuple_cost", "min_parallel_table_scan_size"):
            await conn.execute(f"SET LOCAL {setting} = 0")
        for way in ("indexscan", "indexonlyscan", "bitmapscan", "nestloop"):
            await conn.execute(f"SET LOCAL enable_{way} = off")  # as it is for large tables
        plan = "\n".join(row[0] for row in await conn.fetch(f"EXPLAIN {statement}", *arguments))
        assert "Gather" in plan
        assert set(re.findall(r"on (model_scores_\d+)", plan)) == {
            await conn.fetchval(
                "SELECT tableoid::regclass::text FROM model_scores WHERE model_id = $1", models[model]
            )
            for model in ("rfm", "churn")
        }
