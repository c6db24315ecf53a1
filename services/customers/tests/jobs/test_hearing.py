"""Jobs that say how far their calculation is, and end in the middle of it when nobody wants them any more."""

import asyncio
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from humidor_common.testing.echo import count_on
from humidor_customers.estimates import clustering
from humidor_customers.estimates.buying import Customers, expected, fit
from humidor_customers.hearing import Heard, counted, part
from humidor_customers.jobs import working
from humidor_customers.jobs.working import Job, work_once
from humidor_customers.testing.desk import Desk


class Enough(Exception):  # noqa: N818 - reads as what is said
    """Nobody waits for it any more."""


def stopping(heard: list[float], most: int) -> Heard:
    def hear(share: float) -> None:
        heard.append(share)
        if len(heard) == most:
            raise Enough

    return hear


async def test_a_job_that_is_cancelled_ends_in_the_middle_of_its_calculation(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "BEAT_SECONDS", 0.01)
    begun = asyncio.Event()
    seen: list[float] = []

    async def endless(job: Job) -> Mapping[str, Any]:
        job.say(0.4, "fitting")
        begun.set()
        try:
            await job.calculate_heard(0.7, count_on, 10**9)
        finally:
            seen.append(job.progress)
        return {}

    body = {"model": "rfm", "party_kind": "consumer"}
    job = await desk.ask("POST", "/v1/models", json=body, expect=202)
    run = asyncio.create_task(work_once(desk.runtime.pool, {"model": endless}))
    await begun.wait()
    while job["progress"] <= 0.4:
        job = await desk.ask("GET", f"/v1/jobs/{job['job_id']}")
    await desk.ask("POST", f"/v1/jobs/{job['job_id']}:cancel")
    assert await run
    assert 0.4 < seen[0] < 0.41
    assert (await desk.ask("GET", f"/v1/jobs/{job['job_id']}"))["stage"] == "fitting"


async def test_the_progress_of_a_calculation_goes_to_what_was_set_for_its_end(desk: Desk) -> None:
    told: list[float] = []

    async def short(job: Job) -> Mapping[str, Any]:
        job.say(0.4, "fitting")
        heard = part(told.append, 0.4, 0.7)
        assert await job.calculate_heard(0.7, count_on, 4) == 4
        for n in range(4):
            heard(n / 4)
        return {"progress": job.progress}

    await desk.ask("POST", "/v1/models", json={"model": "rfm", "party_kind": "consumer"}, expect=202)
    assert await work_once(desk.runtime.pool, {"model": short})
    (job,) = (await desk.ask("GET", "/v1/jobs"))["items"]
    assert job["result"]["progress"] == pytest.approx(0.4 + 0.3 * 0.75) == told[-1]


def test_what_is_passed_on_is_all_of_it_with_shares_that_rise() -> None:
    heard: list[float] = []
    assert list(counted(iter(range(10_000)), 10_000, heard.append)) == list(range(10_000))
    assert heard == [0.0, 0.4096, 0.8192]


def test_models_end_in_the_middle_of_what_takes_long() -> None:
    draws = np.random.default_rng(3)
    x = draws.integers(0, 9, 120_000)
    t = draws.integers(60, 100, 120_000) / 1.0
    customers = Customers(x, np.where(x > 0, t * draws.random(120_000), 0.0), t)
    heard: list[float] = []
    with pytest.raises(Enough):
        fit(customers, "bg", stopping(heard, 3))
    assert heard == [0.0] * 3
    heard = []
    model = fit(Customers(x[:500], customers.t_x[:500], t[:500]))
    with pytest.raises(Enough):
        expected(model, customers, 52.0, stopping(heard, 3))
    assert heard == [0.0, 50 / 120, 100 / 120]
    heard = []
    points = np.repeat(np.eye(3), 100, axis=0) + draws.normal(0, 0.01, (300, 3))
    with pytest.raises(Enough):
        clustering.fit(points, stopping(heard, 2))
    assert 0 < heard[1] < 1
