"""Models from the request to the scores: fitted by a job, judged, in force, and refused with a reason."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from humidor_customers.jobs import working
from humidor_customers.jobs.working import Job, work_once
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.till import profile_all
from humidor_customers.working import HANDLERS

PATH = "/v1/models"
# Members who buy at rates of their own (every 4 to 60 days), and most of whom leave at some time.
FILL = """
INSERT INTO purchase_documents
SELECT gen_random_uuid(), NULL, current_date - days + interval '10 hours', current_date - days, 10, false,
       'sale', 'consumer', 'M' || lpad(n::text, 4, '0'), 'S0001', 'CNY',
       purchase_line(1, 1, 20, 1000 + 400 * (n % 9) + k, 'pack', false), '06900000000001'
FROM (SELECT n, k, 380 - (n % 23) * 7 - k * (4 + n * 7 % 57) AS days, n * 31 % 25 AS leaves
      FROM generate_series(1, 600) n, generate_series(0, 80) k) a
WHERE days >= 0 AND k <= leaves
"""


async def members(desk: Desk) -> None:
    pool = desk.runtime.pool
    await pool.execute(FILL)
    await pool.execute(
        "INSERT INTO purchase_parties_changed SELECT DISTINCT party_kind, party_id FROM purchases"
    )
    await profile_all(desk)


async def fit(desk: Desk, model: str, kind: str = "consumer", **more: Any) -> Any:
    body = {"model": model, "party_kind": kind} | more
    job = await desk.ask("POST", PATH, json=body, expect=202)
    assert (job["state"], job["progress"]) == ("queued", 0)
    assert await work_once(desk.runtime.pool, HANDLERS)
    return await desk.ask("GET", f"/v1/jobs/{job['job_id']}")


async def fitted(desk: Desk, model: str, **more: Any) -> Any:
    job = await fit(desk, model, **more)
    assert (job["state"], job["progress"]) == ("done", 1), job["detail"]
    view = await desk.ask("GET", f"{PATH}/{job['result']['model_id']}")
    assert "NaN" not in json.dumps(view)
    return view


async def scores(desk: Desk, view: Any, **params: Any) -> list[Any]:
    path = f"{PATH}/{view['model_id']}/scores"
    found: list[Any] = (await desk.ask("GET", path, params={"limit": 1000} | params))["items"]
    return found


async def compare_tables(desk: Desk, rfm: Any, lifetime: Any, potential: Any) -> None:
    """Hold what stands with models as tables against their documents."""

    async def rows(view: Any, what: str, **params: Any) -> Any:
        return await desk.ask("GET", f"{PATH}/{view['model_id']}/{what}", params=params)

    tenths = (await rows(potential, "holdout"))["items"]
    assert {each["by"] for each in tenths} == {"tenth"}
    held = potential["holdout"]
    assert [each["lift"] for each in tenths] == held["lift_by_tenth"]
    assert [each["foretold"] for each in tenths] == [each["predicted"] for each in held["reliability"]]
    segments = (await rows(rfm, "holdout"))["items"]
    bought = {each["segment"]: each["bought"] for each in rfm["holdout"]["segments"]}
    assert {each["group"]: each["happened"] for each in segments} == bought
    repeats = (await rows(lifetime, "holdout"))["items"]
    assert sum(each["customers"] for each in repeats) == lifetime["holdout"]["customers"]
    first = await rows(rfm, "score-figures", limit=4)
    rest = await rows(rfm, "score-figures", limit=2, cursor=first["next_cursor"])
    assert [(row["party_id"], row["name"], row["number"]) for row in first["items"] + rest["items"]] == [
        (row["party_id"], *each)
        for row in (await scores(desk, rfm))[:2]
        for each in zip(rfm["parameters"]["figures"], row["figures"], strict=True)
    ]


async def test_every_model_is_fitted_judged_and_its_scores_stand_in_profiles(desk: Desk) -> None:
    await members(desk)
    rfm = await fitted(desk, "rfm")
    assert sum(rfm["fit"]["segments"].values()) == rfm["customers"] == 600
    champions = await scores(desk, rfm, label="champions")
    assert champions
    assert all(each["figures"][0] == 5 for each in champions)
    assert sum(each["customers"] for each in rfm["holdout"]["segments"]) == rfm["holdout"]["customers"]

    lifetime = await fitted(desk, "lifetime", horizon_days=182)
    assert lifetime["parameters"]["variant"] in ("bg", "mbg")
    held = lifetime["holdout"]
    assert held["mean_absolute_error"] < held["mean_absolute_error_by_rate_alone"]
    assert held["foretold"] == pytest.approx(held["purchases"], rel=0.35)
    alive = {each["party_id"]: each["figures"][0] for each in await scores(desk, lifetime)}
    assert len(alive) == 600
    assert all(0 <= each <= 1 for each in alive.values())

    churn = await fitted(desk, "churn")
    assert churn["fit"]["involuntary"] == 0
    risks = {each["party_id"]: each for each in await scores(desk, churn)}
    assert {each["label"] for each in risks.values()} >= {"low", "lost"}
    potential = await fitted(desk, "potential")
    assert potential["holdout"]["lift_by_tenth"][1] > 1
    table = await desk.ask("GET", f"{PATH}/{potential['model_id']}/figures", params={"limit": 1000})
    figures = {(each["part"], each["name"]): each["number"] for each in table["items"]}
    assert figures["holdout", "lift_by_tenth.2"] == potential["holdout"]["lift_by_tenth"][1]
    assert figures["parameters", "horizon_days"] == 90
    await compare_tables(desk, rfm, lifetime, potential)
    high = await scores(desk, potential, label="high_value")
    assert high
    assert all(each["score"] is None for each in high)

    member = champions[0]["party_id"]
    body = {"member_id": member, "store_id": "S0001", "adult": {"outcome": "unchecked"}}
    await desk.ask("POST", "/v1/consumers", json=body, expect=201)
    view = await desk.ask("GET", f"/v1/profiles/consumer/{member}")
    assert view["value_segment"]["value"] == "champions"
    assert view["value_segment"]["evidence"]["recency"] == 5
    assert view["lifetime_value"]["value"] > 0
    assert view["lifetime_value"]["evidence"]["alive"] == alive[member]
    assert 0 <= view["churn_risk"]["value"] == risks[member]["score"] <= 1
    seen = view["churn_risk"]["evidence"]
    assert seen["silent_days"] == view["recency"]["value"]
    assert seen["days_with_purchases"] == view["frequency"]["evidence"]["days_with_purchases"]
    assert (seen["silence_in_gaps"], seen["horizon_days"]) == (risks[member]["figures"][4], 90)
    assert seen["brier"] == churn["holdout"]["brier"] < seen["brier_of_rate"]

    again = await fitted(desk, "rfm")
    current = await desk.ask("GET", PATH, params={"model": "rfm", "current": True})
    assert [each["model_id"] for each in current["items"]] == [again["model_id"]]
    assert await scores(desk, rfm) == []
    await desk.ask("POST", f"/v1/consumers/{member}:erase", json={"reason": "asked for"})
    left = await desk.runtime.pool.fetchval("SELECT count(*) FROM model_scores WHERE party_id = $1", member)
    assert left == 0


async def test_what_the_data_does_not_allow_ends_the_job_with_the_reason(desk: Desk) -> None:
    for model in ("rfm", "lifetime", "churn", "potential", "clusters"):
        job = await fit(desk, model)
        assert (job["state"], job["code"]) == ("failed", "unfit"), job
        assert job["detail"].startswith("The data does not allow it: ")
    pool = desk.runtime.pool
    await pool.execute("""
        INSERT INTO purchase_documents
        SELECT gen_random_uuid(), NULL, now() - interval '40 days', current_date - 40, 10, false, 'sale',
               'consumer', 'M' || n, 'S0001', 'CNY',
               purchase_line(1, 1, 20, CASE n WHEN 7 THEN -9 ELSE 1000 END, 'pack', false), '06900000000001'
        FROM generate_series(1, 100) n
    """)
    await pool.execute(
        "INSERT INTO purchase_parties_changed SELECT DISTINCT party_kind, party_id FROM purchases"
    )
    await profile_all(desk)
    reasons = {"lifetime": (await fit(desk, "lifetime"))["detail"]}
    reasons["churn"] = (await fit(desk, "churn", horizon_days=28))["detail"]
    assert "bought on more than one day" in reasons["lifetime"]
    assert "customers did it" in reasons["churn"]
    flat = await fitted(desk, "rfm")
    assert flat["reason"] == "all customers have the same recency, frequency"
    await desk.ask(
        "POST", PATH, json={"model": "rfm", "party_kind": "consumer", "horizon_days": 90}, expect=422
    )
    bound = desk.auth("manager", stores=["S0001"])
    await desk.ask("POST", PATH, json={"model": "rfm", "party_kind": "consumer"}, headers=bound, expect=403)


async def test_trade_customers_are_scored_by_the_order_cycles_that_they_used(desk: Desk) -> None:
    pool = desk.runtime.pool
    for n in range(1, 6):
        await desk.put(f"C{n}")
    await pool.execute("""
        INSERT INTO order_groups VALUES ('G1', 'g', 'S0004', 'UTC', 1, 2, '19:00', 1, '16:00', 2, 1, now());
        INSERT INTO order_members
        SELECT 'C' || n, 'G1', now() - interval '300 days' FROM generate_series(1, 4) n;
        INSERT INTO order_cycles
        SELECT gen_random_uuid(), 'W' || n, current_date - 7 * n - 6, current_date - 7 * n, 1, now(), 'test'
        FROM generate_series(1, 10) n;
        INSERT INTO order_windows
        SELECT cycle_id, 'G1', starts_on, starts_on, ends_on, ends_on, NULL, NULL, 1, now() FROM order_cycles;
        INSERT INTO orders (order_id, retailer_id, cycle_id, store_id, state, stock, payment, prepaid,
            accept_less, currency, value_minor, paid_minor, delivery_on, attempt, exceptions, placed_at,
            placed_by, version, changed_at)
        SELECT gen_random_uuid(), 'C' || n, cycle_id, 'S0004', 'delivered', 'shipped', 'paid', false, false,
               'CNY', 1000, 1000, ends_on, 1, '{}', starts_on, 'test', 1, now()
        FROM order_cycles, generate_series(1, 4) n WHERE substr(code, 2)::int <= 2 * n;
        INSERT INTO purchase_documents
        SELECT gen_random_uuid(), NULL, now() - make_interval(days => 7 * k), current_date - 7 * k, 9, false,
               'order', 'retailer', 'C' || n, 'S0004', 'CNY',
               purchase_line(1, 200, 200, 1000, 'stick', false), '06900000000001'
        FROM generate_series(1, 5) n, generate_series(1, 9) k WHERE k <= 10 - 2 * n OR k = 9;
        INSERT INTO purchase_parties_changed SELECT DISTINCT party_kind, party_id FROM purchases
    """)
    await profile_all(desk)
    view = await fitted(desk, "rfm", kind="retailer")
    assert view["parameters"]["frequency"] == "order cycles used of those available"
    assert view["parameters"]["customers_by_cycles"] == 4
    found = {each["party_id"]: each["figures"][1] for each in await scores(desk, view)}
    assert found == {"C5": 1, "C1": 2, "C2": 3, "C3": 4, "C4": 5}


async def test_whose_licence_is_over_is_counted_apart_and_neither_fitted_nor_scored(desk: Desk) -> None:
    await desk.put("C1")
    # Weekly orders: of the odd ones to this week, of the others until 29 to 49 days ago.
    await desk.runtime.pool.execute("""
        INSERT INTO retailers
        SELECT (jsonb_populate_record(r, jsonb_build_object(
            'retailer_id', 'C' || n, 'licence_number', '33010219' || lpad(n::text, 4, '0')))).*
        FROM retailers r, generate_series(2, 200) n;
        UPDATE retailers SET state = 'closed' WHERE retailer_id IN ('C1', 'C2', 'C3');
        INSERT INTO purchase_documents
        SELECT gen_random_uuid(), NULL, now() - make_interval(days => days), current_date - days, 9, false,
               'order', 'retailer', 'C' || n, 'S0004', 'CNY',
               purchase_line(1, 200, 200, 1000 + n, 'stick', false), '06900000000001'
        FROM (SELECT n, 7 * k + CASE n % 2 WHEN 1 THEN n % 7 ELSE 29 + n % 21 END AS days
              FROM generate_series(1, 200) n, generate_series(0, 20) k) a;
        INSERT INTO purchase_parties_changed SELECT DISTINCT party_kind, party_id FROM purchases
    """)
    await profile_all(desk)
    churn = await fitted(desk, "churn", kind="retailer")
    assert (churn["customers"], churn["fit"]["involuntary"], churn["fit"]["customers"]) == (197, 3, 197)
    assert churn["parameters"]["horizon_days"] == 28
    assert not {"C1", "C2", "C3"} & {each["party_id"] for each in await scores(desk, churn)}


async def test_a_job_can_be_ended_and_says_how_far_it_was(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "BEAT_SECONDS", 0.01)
    entered = asyncio.Event()

    async def endless(job: Job) -> Mapping[str, Any]:
        while True:
            job.say(0.5, "counting")
            entered.set()
            await asyncio.sleep(0.01)

    await desk.ask("POST", PATH, json={"model": "rfm", "party_kind": "consumer"}, expect=202)
    running = asyncio.create_task(work_once(desk.runtime.pool, {"model": endless}))
    await entered.wait()
    job: dict[str, Any] = {"progress": 0}
    while job["progress"] < 0.5:
        (job,) = (await desk.ask("GET", "/v1/jobs?state=running"))["items"]
    assert job["stage"] == "counting"
    ended = await desk.ask("POST", f"/v1/jobs/{job['job_id']}:cancel")
    assert ended["state"] == "cancelled"
    assert await running
    await desk.ask("POST", f"/v1/jobs/{job['job_id']}:cancel", expect=409)
    assert (await desk.ask("GET", f"/v1/jobs/{job['job_id']}"))["state"] == "cancelled"


async def test_a_job_whose_worker_died_is_begun_anew_and_given_up_after_three_times(desk: Desk) -> None:
    async def breaks(_: Job) -> Mapping[str, Any]:
        raise TimeoutError

    async def fails(_: Job) -> Mapping[str, Any]:
        raise RuntimeError("secret")

    pool = desk.runtime.pool
    await desk.ask("POST", PATH, json={"model": "rfm", "party_kind": "consumer"}, expect=202)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await work_once(pool, {"model": breaks})
        assert not await work_once(pool, {"model": breaks})
        await pool.execute("UPDATE jobs SET due_at = $1", datetime.now(UTC) - timedelta(seconds=1))
    assert await work_once(pool, {"model": breaks})
    await desk.ask("POST", PATH, json={"model": "rfm", "party_kind": "consumer"}, expect=202)
    assert await work_once(pool, {"model": fails})
    jobs = (await desk.ask("GET", "/v1/jobs"))["items"]
    assert [(each["state"], each["code"]) for each in jobs] == [("failed", "internal"), ("failed", "gave-up")]
    assert "secret" not in jobs[0]["detail"]
