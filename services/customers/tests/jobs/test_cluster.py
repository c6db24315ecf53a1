"""What jobs calculate is calculated on a Dask cluster where one is named, and comes to the same."""

import asyncio
import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from humidor_common.clock import utc_now
from humidor_common.db.transaction import transaction
from humidor_common.engine import cluster as engine
from humidor_common.engine.calling import call_heard
from humidor_common.engine.cluster import connected
from humidor_common.engine.work import EngineLost
from humidor_common.testing.cluster import DaskCluster, dask_cluster
from humidor_common.testing.echo import count_on
from humidor_customers.jobs import queries, working
from humidor_customers.jobs.working import Cancelled, Job, work_once
from humidor_customers.mining import running
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.mining import ask, found, mine
from humidor_customers.testing.ordering import gtin
from humidor_customers.testing.selling import know
from humidor_customers.testing.till import profile_all
from humidor_customers.working import HANDLERS

# Members who buy at rates of their own two products of three, at two times, and of whom many leave.
FILL = """
INSERT INTO purchase_documents
SELECT gen_random_uuid(), NULL, current_date - days + interval '10 hours', current_date - days,
       10 + n % 3 * 4, false, 'sale', 'consumer', 'M' || lpad(n::text, 4, '0'), 'S000' || 1 + n % 2, 'CNY',
       purchase_line(1, 1, 20, 1000 + 400 * (n % 9) + k, 'pack', false)
       || purchase_line(2, 1 + k % 2, 20, 700, 'pack', false),
       ($1::text[])[1 + (n + k / 4) % 3] || ' ' || ($1::text[])[1 + n % 3]
FROM (SELECT n, k, 380 - (n % 23) * 7 - k * (4 + n * 7 % 57) AS days, n * 31 % 25 AS leaves
      FROM generate_series(1, 450) n, generate_series(0, 24) k) a
WHERE days >= 0 AND k <= leaves
"""
MODELS = ("rfm", "lifetime", "churn", "potential", "clusters")
RUNS: tuple[dict[str, Any], ...] = (
    {"kind": "associations", "support": 0.01, "confidence": 0.1},
    {"kind": "sequences", "item": "brand"},
    {"kind": "switching"},
    {"kind": "affinities", "group": "area", "only_significant": False},
    {"kind": "cohorts", "lookback_days": 30},
    {"kind": "recommendations"},
)
FOUND = "SELECT place, found FROM mining_rows WHERE run_id = $1::uuid ORDER BY place"


@pytest.fixture(scope="module")
def cluster() -> Iterator[DaskCluster]:
    with dask_cluster(2) as two:
        yield two


@pytest.fixture
async def there(cluster: DaskCluster) -> str:
    """The address of a cluster of two workers."""
    while len([each for each in cluster.workers if each.poll() is None]) < 2:
        cluster.add_worker()
    await cluster.ready(2)
    return cluster.address


@pytest.fixture
async def till(desk: Desk) -> Desk:
    await know(desk, p1=("Harbour", "North", "1"), p2=("River", "South", "2"), p3=("Reef", "North", "1"))
    await desk.put("R1", trade_area="town", store_ids=["S0001"])
    await desk.runtime.pool.execute(FILL, [gtin(1), gtin(2), gtin(3)])
    return desk


def scope() -> dict[str, str]:
    today = utc_now().date()
    return {"since": str(today - timedelta(days=300)), "until": str(today)}


async def fit(desk: Desk, model: str, dask_address: str | None) -> dict[str, Any]:
    body = {"model": model, "party_kind": "consumer"}
    job = await desk.ask("POST", "/v1/models", json=body, expect=202)
    assert await work_once(desk.runtime.pool, HANDLERS, dask_address=dask_address)
    done: dict[str, Any] = await desk.ask("GET", f"/v1/jobs/{job['job_id']}")
    return done


async def test_models_fitted_on_a_cluster_are_those_that_are_fitted_here(till: Desk, there: str) -> None:
    pool = till.runtime.pool
    refused = await fit(till, "rfm", there)
    assert (refused["state"], refused["code"]) == ("failed", "unfit")
    await pool.execute(
        "INSERT INTO purchase_parties_changed SELECT DISTINCT party_kind, party_id FROM purchases"
    )
    await profile_all(till)
    for model in MODELS:
        views = []
        for address in (there, None):
            job = await fit(till, model, address)
            assert job["state"] == "done", job
            views.append(await till.ask("GET", f"/v1/models/{job['result']['model_id']}"))
        for same in ("parameters", "fit", "holdout", "reason"):
            assert views[0][same] == views[1][same], (model, same)
        assert views[0]["customers"] == 450


async def test_what_is_mined_on_a_cluster_is_what_is_mined_here(till: Desk, there: str) -> None:
    for params in RUNS:
        runs = [await mine(till, dask_address=address, **scope(), **params) for address in (there, None)]
        for _, result in runs:
            assert result.pop("read_at")
        assert runs[0][1] == runs[1][1]
        rows = [[tuple(row) for row in await till.runtime.pool.fetch(FOUND, run_id)] for run_id, _ in runs]
        assert rows[0] == rows[1]
        assert len(rows[0]) == runs[0][1]["rows"] > 0, params


async def test_a_call_on_a_cluster_tells_how_far_it_is_and_ends_when_nobody_waits_for_it(there: str) -> None:
    shares: asyncio.Queue[float] = asyncio.Queue()
    endless = [asyncio.create_task(call_heard(there, shares.put_nowait, count_on, 10**9)) for _ in range(2)]
    assert 0 < max([await shares.get() for _ in range(3)]) < 1, "both begin at nothing"
    for each in endless:
        each.cancel()
    assert await call_heard(there, shares.put_nowait, count_on, 3) == 3, "a thread is free again"
    assert await call_heard(None, shares.put_nowait, count_on, 3) == 3


class Enough(Exception):  # noqa: N818 - reads as what is said
    """Nobody waits for it any more."""


async def test_a_call_on_a_cluster_ends_there_when_what_hears_it_raises(there: str) -> None:
    def hear(share: float) -> None:
        if share > 0:
            raise Enough

    with pytest.raises(Enough):
        await call_heard(there, hear, count_on, 10**9)
    async with connected(there) as client:
        await _miners(client, 0)


async def test_models_that_are_cancelled_end_in_mid_calculation_on_the_cluster_too(
    till: Desk, there: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "BEAT_SECONDS", 0.05)

    async def endless(job: Job) -> dict[str, Any]:
        job.say(0.4, "fitting")
        await job.calculate_heard(0.7, count_on, 10**9)
        return {}

    body = {"model": "rfm", "party_kind": "consumer"}
    job = await till.ask("POST", "/v1/models", json=body, expect=202)
    run = asyncio.create_task(work_once(till.runtime.pool, {"model": endless}, dask_address=there))
    while job["progress"] <= 0.4:
        job = await till.ask("GET", f"/v1/jobs/{job['job_id']}")
    await till.ask("POST", f"/v1/jobs/{job['job_id']}:cancel")
    assert await run
    async with connected(there) as client:
        await _miners(client, 0)


async def _miners(client: Any, count: int) -> list[str]:
    """Wait until so many workers of the cluster have something to do; gives their addresses."""
    async with asyncio.timeout(60):
        while True:
            busy = [str(address) for address, keys in (await client.processing()).items() if keys]
            if len(busy) == count:
                return busy
            await asyncio.sleep(0.05)


async def test_a_worker_that_is_killed_while_it_mines_leaves_it_to_another(till: Desk, there: str) -> None:
    pool, mining = till.runtime.pool, running.handlers(till.runtime.settings.pg_dsn)
    run_id = await ask(till, kind="cohorts", **scope())
    async with connected(there) as client:
        pids = await client.run(os.getpid)
        for pid in pids.values():
            os.kill(pid, signal.SIGSTOP)
        run = asyncio.create_task(work_once(pool, mining, dask_address=there))
        killed = pids.pop((await _miners(client, 1))[0])
        os.kill(killed, signal.SIGKILL)
        for pid in pids.values():
            os.kill(pid, signal.SIGCONT)
        assert await run
    job = await till.ask("GET", f"/v1/jobs/{run_id}")
    assert job["state"] == "done", job
    rows = await found(till, run_id, "cohorts", limit=1000)
    assert len({(row["cohort"], row["offset"]) for row in rows}) == len(rows) == job["result"]["rows"] > 0


async def test_a_run_that_is_cancelled_ends_on_the_cluster_too(till: Desk, there: str) -> None:
    pool, mining = till.runtime.pool, running.handlers(till.runtime.settings.pg_dsn)
    run_id = await ask(till, kind="switching", **scope())
    async with transaction(pool) as conn:
        claimed = await queries.claim(conn, now=utc_now())
    assert claimed is not None
    job = Job(pool, claimed, there)
    async with connected(there) as client:
        pids = await client.run(os.getpid)
        for pid in pids.values():
            os.kill(pid, signal.SIGSTOP)
        run = asyncio.ensure_future(mining[claimed.kind](job))
        await _miners(client, 1)
        await till.ask("POST", f"/v1/jobs/{run_id}:cancel")
        await job.tell()
        with pytest.raises(Cancelled):
            await run
        await _miners(client, 0)
        for pid in pids.values():
            os.kill(pid, signal.SIGCONT)
    assert not await pool.fetch(FOUND, run_id)


async def test_a_cluster_that_is_away_leaves_jobs_under_way(
    till: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "CONNECT_SECONDS", 1)
    job = await till.ask("POST", "/v1/models", json={"model": "rfm", "party_kind": "consumer"}, expect=202)
    with pytest.raises(EngineLost, match="cannot be reached"):
        await work_once(till.runtime.pool, HANDLERS, dask_address="tcp://127.0.0.1:1")
    assert (await till.ask("GET", f"/v1/jobs/{job['job_id']}"))["state"] == "running"
    with pytest.raises(EngineLost, match="cannot be reached"):
        await mine(till, dask_address="tcp://127.0.0.1:1", kind="cohorts", **scope())
    assert (await till.ask("GET", "/v1/jobs?kind=mining_cohorts"))["items"][0]["state"] == "running"
