"""What jobs calculate is calculated on a Dask cluster where one is named, and comes to the same."""

import asyncio

import pytest

from humidor_common.engine import cluster as engine
from humidor_common.engine.work import EngineLost
from humidor_common.testing.cluster import dask_cluster
from humidor_customers.jobs.working import work_once
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.till import profile_all
from humidor_customers.working import HANDLERS

FILL = """
INSERT INTO purchase_documents
SELECT gen_random_uuid(), NULL, current_date - n + interval '10 hours', current_date - n, 10, false, 'sale',
       'consumer', 'M' || lpad((n % 40)::text, 4, '0'), 'S0001', 'CNY',
       purchase_line(1, 1, 20, 1000 + 400 * (n % 9), 'pack', false), '06900000000001'
FROM generate_series(1, 200) n
"""


async def fit(desk: Desk, model: str, dask_address: str | None) -> dict[str, object]:
    body = {"model": model, "party_kind": "consumer"}
    job = await desk.ask("POST", "/v1/models", json=body, expect=202)
    assert await work_once(desk.runtime.pool, HANDLERS, dask_address=dask_address)
    done: dict[str, object] = await desk.ask("GET", f"/v1/jobs/{job['job_id']}")
    return done


async def test_a_model_fitted_on_a_cluster_is_the_one_that_is_fitted_here(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with dask_cluster(1) as cluster:
        there = await asyncio.to_thread(lambda: cluster.address)
        await cluster.ready(1)
        refused = await fit(desk, "rfm", there)
        assert (refused["state"], refused["code"]) == ("failed", "unfit")
        pool = desk.runtime.pool
        await pool.execute(FILL)
        await pool.execute(
            "INSERT INTO purchase_parties_changed SELECT DISTINCT party_kind, party_id FROM purchases"
        )
        await profile_all(desk)
        views = []
        for address in (there, None):
            job = await fit(desk, "rfm", address)
            assert job["state"] == "done", job
            result = job["result"]
            assert isinstance(result, dict)
            views.append(await desk.ask("GET", f"/v1/models/{result['model_id']}"))
    assert views[0]["fit"] == views[1]["fit"]
    assert views[0]["customers"] == 40
    job = await desk.ask("POST", "/v1/models", json={"model": "rfm", "party_kind": "consumer"}, expect=202)
    monkeypatch.setattr(engine, "CONNECT_SECONDS", 1)
    with pytest.raises(EngineLost, match="cannot be reached"):
        await work_once(desk.runtime.pool, HANDLERS, dask_address=there)
    assert (await desk.ask("GET", f"/v1/jobs/{job['job_id']}"))["state"] == "running"
