"""Mining through HTTP and the process that does it."""

from typing import Any
from uuid import UUID

import msgspec
import psutil
import pytest
from pydantic import TypeAdapter

from humidor_common.clock import utc_now
from humidor_common.db.transaction import transaction
from humidor_customers.hearing import unheard
from humidor_customers.jobs import queries
from humidor_customers.jobs.working import Cancelled, Job, work_once
from humidor_customers.mining import work
from humidor_customers.mining.finding import find
from humidor_customers.mining.gathering import read
from humidor_customers.mining.running import handlers
from humidor_customers.mining.schemas import Params
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.mining import SCOPE, ask, found, mine
from humidor_customers.testing.ordering import gtin
from humidor_customers.testing.selling import sale, sell

ALL_KINDS: tuple[dict[str, Any], ...] = (
    {"kind": "associations", "support": 0.05},
    {"kind": "sequences", "item": "brand", "support": 0.4},
    {"kind": "switching"},
    {"kind": "affinities", "item": "brand"},
    {"kind": "cohorts"},
    {"kind": "recommendations", "test_days": 61},
)
_PARAMS: TypeAdapter[Any] = TypeAdapter(Params)


class Enough(Exception):  # noqa: N818 - reads as what is said
    """Nobody waits for it any more."""


async def every(desk: Desk, run_id: str, what: str) -> list[Any]:
    """Read a list of items in pages of seven."""
    rows: list[Any] = []
    params: dict[str, Any] = {"limit": 7}
    while "cursor" not in params or params["cursor"]:
        page = await desk.ask("GET", f"/v1/mining/runs/{run_id}/{what}", params=params)
        rows += page["items"]
        params["cursor"] = page["next_cursor"]
    return rows


async def test_a_run_is_mined_by_a_process_of_its_own(shop: Desk) -> None:
    run_id = await ask(shop, kind="associations", support=0.05, confidence=0.5)
    await shop.ask("GET", f"/v1/mining/runs/{run_id}/rules", expect=409)
    assert await work_once(shop.runtime.pool, handlers(shop.runtime.settings.pg_dsn))
    job = await shop.ask("GET", f"/v1/jobs/{run_id}")
    assert (job["state"], job["progress"], job["result"]["baskets"]) == ("done", 1, 200)
    rules = await found(shop, run_id, "rules")
    best = next(row for row in rules if row["antecedent"] == [gtin(4)])
    assert (best["consequent"], best["count"], best["confidence"]) == ([gtin(1)], 100, 1.0)
    assert best["q_value"] < 1e-10
    assert best["lift"] == pytest.approx(200 / 140)
    sides: dict[tuple[int, str], list[str]] = {}
    for row in await every(shop, run_id, "rule-items"):
        sides.setdefault((row["place"], row["side"]), []).append(row["item"])
    assert sides == {
        (row["place"], side): row[side] for row in rules for side in ("antecedent", "consequent")
    }
    figures = (await shop.ask("GET", f"/v1/jobs/{run_id}/figures"))["items"]
    assert {"part": "result", "name": "baskets", "number": 200, "text": None} in figures
    assert {"part": "parameters", "name": "item", "number": None, "text": "product"} in figures
    await shop.ask("GET", f"/v1/mining/runs/{run_id}/cohorts", expect=404)
    csv = await shop.client.get(f"/v1/mining/runs/{run_id}/rules?format=csv", headers=shop.auth())
    assert csv.text.count("\r\n") == len(rules) + 1


async def test_a_run_that_finds_too_much_says_so_and_one_can_be_cancelled(desk: Desk) -> None:
    huge = [(n, 1, 1000) for n in range(1, 40)]
    await sell(desk, *(sale("S0001", f"2026-10-0{day} 12:00", huge) for day in (5, 6)))
    run_id = await ask(desk, kind="associations", support=0.5, longest=10)
    other = await ask(desk, kind="cohorts")
    await desk.ask("POST", f"/v1/jobs/{other}:cancel")
    assert await work_once(desk.runtime.pool, handlers(desk.runtime.settings.pg_dsn))
    job = await desk.ask("GET", f"/v1/jobs/{run_id}")
    assert (job["state"], job["code"]) == ("failed", "too-many-itemsets")
    assert await desk.runtime.pool.fetchval("SELECT count(*) FROM mining_rows") == 0
    assert not await work_once(desk.runtime.pool, {})


async def test_a_run_that_is_cancelled_meanwhile_ends_its_process_and_leaves_nothing(shop: Desk) -> None:
    pool = shop.runtime.pool
    await ask(shop, kind="associations")
    async with transaction(pool) as conn:
        claimed = await queries.claim(conn, now=utc_now())
    assert claimed is not None
    job = Job(pool, claimed)
    await shop.ask("POST", f"/v1/jobs/{claimed.job_id}:cancel")
    await job.tell()
    mine_it = handlers(shop.runtime.settings.pg_dsn)[claimed.kind]
    with pytest.raises(Cancelled):
        await mine_it(job)
    assert await pool.fetchval("SELECT count(*) FROM mining_rows") == 0
    children = psutil.Process().children(recursive=True)
    assert not [child for child in children if "humidor_customers.mining.work" in child.cmdline()]


async def test_a_process_whose_run_another_worker_has_by_now_neither_writes_nor_clears(shop: Desk) -> None:
    pool, dsn = shop.runtime.pool, shop.runtime.settings.pg_dsn
    run_id, result = await mine(shop, kind="cohorts")
    await pool.execute("UPDATE jobs SET state = 'running', lease = 2 WHERE job_id = $1::uuid", run_id)
    job = await shop.ask("GET", f"/v1/jobs/{run_id}")
    former, held = (queries.Claimed(UUID(run_id), job["kind"], job["parameters"], lease) for lease in (1, 2))
    await pool.execute("DELETE FROM mining_rows WHERE place = 0")
    await work.carry_out(work.Order(dsn, former), lambda _: None)
    assert await pool.fetchval("SELECT count(*) FROM mining_rows") == result["rows"] - 1
    await work.carry_out(work.Order(dsn, held), lambda _: None)
    assert await pool.fetchval("SELECT count(*) FROM mining_rows") == result["rows"]


async def test_a_run_says_its_stages_and_progress_that_only_rises(
    shop: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "_TOLD_EVERY_SECONDS", -1.0)
    pool, dsn = shop.runtime.pool, shop.runtime.settings.pg_dsn
    for params in ALL_KINDS:
        run_id = await ask(shop, **params)
        async with transaction(pool) as conn:
            claimed = await queries.claim(conn, now=utc_now())
        assert claimed is not None
        told: list[dict[str, Any]] = []
        await work.carry_out(work.Order(dsn, claimed), told.append)
        assert told.pop()["result"]["rows"] > 0, params
        shares = [each["progress"] for each in told]
        assert shares == sorted(shares), params
        assert list(dict.fromkeys(each["stage"] for each in told)) == ["reading", "finding", "writing"]
        finding = {each["progress"] for each in told if each["stage"] == "finding"}
        assert len(finding) > 1, (params, finding)
        assert (max(finding) < work.FOUND, shares[0]) == (True, pytest.approx(work.READ))
        await shop.ask("POST", f"/v1/jobs/{run_id}:cancel")


@pytest.mark.parametrize("params", ALL_KINDS, ids=lambda each: each["kind"])
async def test_a_calculation_ends_where_it_is_when_what_hears_it_raises(
    shop: Desk, params: dict[str, Any]
) -> None:
    asked = _PARAMS.validate_python(SCOPE | params)
    async with shop.runtime.pool.acquire() as conn:
        known = await read(conn, asked, unheard)
    heard: list[float] = []

    def hear(share: float) -> None:
        heard.append(share)
        if share > 0:
            raise Enough

    with pytest.raises(Enough):
        find(known, asked, hear)
    assert 0 < heard[-1] < 1


async def test_sequences_and_switches_show_who_went_over(shop: Desk) -> None:
    run_id, result = await mine(shop, kind="switching")
    rows = {(row["origin"], row["target"]): row for row in await found(shop, run_id, "switches")}
    assert result["transitions"] == 160
    assert (rows["River", "Harbour"]["count"], rows["River", "Harbour"]["net"]) == (20, 20)
    assert rows["Harbour", "Harbour"]["p_value"] is None
    assert rows["River", "River"]["share"] == pytest.approx(40 / 60)
    assert (rows["River", "Harbour"]["expected"], rows["River", "Harbour"]["index"]) == (45, 20 / 45)
    assert rows["River", "Harbour"]["q_value"] < 0.01
    run_id, _ = await mine(shop, kind="sequences", item="brand", support=0.4, longest=3)
    patterns = {
        msgspec.json.encode(row["steps"]).decode(): row for row in await found(shop, run_id, "sequences")
    }
    over = patterns['[["River"],["Harbour"]]']
    assert (over["customers"], over["of_customers"], over["confidence"]) == (20, 40, 1.0)
    assert '[["Harbour"],["River"]]' not in patterns
    steps: dict[int, dict[int, list[str]]] = {}
    for row in await every(shop, run_id, "sequence-items"):
        steps.setdefault(row["place"], {}).setdefault(row["step"], []).append(row["item"])
    assert {place: list(each.values()) for place, each in steps.items()} == {
        row["place"]: row["steps"] for row in patterns.values()
    }


async def test_affinities_name_the_time_at_which_a_brand_is_bought(shop: Desk) -> None:
    run_id, result = await mine(shop, kind="affinities", item="brand")
    rows = {(row["key"], row["slot"]): row for row in await found(shop, run_id, "affinities")}
    assert {("Reef", "17-20"), ("River", "11-14")} <= rows.keys()
    assert result["significant"] == len(rows)
    evening = rows["Reef", "17-20"]
    assert (evening["count"], evening["key_count"], evening["customers"]) == (100, 100, 20)
    assert evening["lift"] == pytest.approx(evening["count"] / evening["expected"])
    assert all(row["significant"] for row in rows.values())
    run_id, result = await mine(shop, kind="affinities", group="customer", slot="weekday", purchases=5)
    assert await found(shop, run_id, "affinities") == []
    assert result["tests"] > 0


async def test_cohorts_and_recommendations_come_with_how_sure_they_are(shop: Desk) -> None:
    run_id, _ = await mine(shop, kind="cohorts")
    rows = await found(shop, run_id, "cohorts")
    assert [(row["cohort"], row["offset"], row["active"]) for row in rows] == [
        ("2026-06-01", n, 40) for n in range(5)
    ]
    assert rows[1]["low"] > 0.9
    run_id, result = await mine(shop, kind="recommendations", test_days=61)
    assert result["trained_until"] == "2026-08-31"
    assert (result["evaluation"]["customers"], result["evaluation"]["low"]) == (20, None)
    assert (result["method"], result["evaluation_reason"]) == ("popularity", "too-few-customers")
    mine_of = await found(shop, run_id, "recommendations", customer_id="M01")
    assert {row["customer_id"] for row in mine_of} == {"M01"}
    assert [row["rank"] for row in mine_of] == list(range(1, len(mine_of) + 1))
    assert gtin(5) not in {row["key"] for row in mine_of}


async def test_nothing_is_found_in_nothing_and_mistakes_are_refused(desk: Desk) -> None:
    tables = {"associations": "rules", "switching": "switches"}
    for kind in ("associations", "sequences", "switching", "affinities", "cohorts", "recommendations"):
        run_id, result = await mine(desk, kind=kind)
        assert (result["reason"], result["rows"]) == ("no-purchases", 0)
        assert await found(desk, run_id, tables.get(kind, kind)) == []
    for wrong in (
        {"kind": "associations", "support": 0},
        {"kind": "magic"},
        {"kind": "cohorts", "until": "2026-05-01"},
    ):
        await desk.ask("POST", "/v1/mining/runs", json={"params": SCOPE | wrong}, expect=422)
    bound = desk.auth("manager", stores=["S0001"])
    body = {"params": SCOPE | {"kind": "cohorts"}}
    await desk.ask("POST", "/v1/mining/runs", json=body, headers=bound, expect=403)
