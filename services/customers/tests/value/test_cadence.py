"""Models follow what customers do: those in force or asked for are fitted anew once a period."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from humidor_common.db.transaction import transaction
from humidor_customers.jobs.working import work_once
from humidor_customers.settings import CustomersSettings
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.till import buy, join, profile_all, sale
from humidor_customers.value.cadence import RETRY, start_due
from humidor_customers.working import HANDLERS

DAY = timedelta(days=1)
SILENT = """
INSERT INTO purchase_documents
SELECT gen_random_uuid(), NULL, current_date - days + interval '10 hours', current_date - days, 10, false,
       'sale', 'consumer', 'M' || n, 'S0001', 'CNY', purchase_line(1, 1, 20, 1000, 'pack', false),
       '06900000000001'
FROM (SELECT n, 100 + 30 * k AS days FROM generate_series(1, 4) n, generate_series(1, 3) k) a
"""


async def start(desk: Desk, later: timedelta, period: timedelta = DAY) -> int:
    async with transaction(desk.runtime.pool) as conn:
        return await start_due(conn, period=period, now=datetime.now(UTC) + later)


async def ask(desk: Desk, model: str, **more: Any) -> Any:
    body = {"model": model, "party_kind": "consumer"} | more
    return await desk.ask("POST", "/v1/models", json=body, expect=202)


async def work(desk: Desk) -> Any:
    """Do the job that is queued, and give it: the newest."""
    await desk.runtime.pool.execute("UPDATE jobs SET due_at = now() WHERE state = 'queued'")
    assert await work_once(desk.runtime.pool, HANDLERS)
    assert not await work_once(desk.runtime.pool, HANDLERS)
    return (await desk.ask("GET", "/v1/jobs"))["items"][0]


async def test_a_customer_who_buys_again_or_first_is_scored_anew_by_itself(desk: Desk) -> None:
    await desk.runtime.pool.execute(SILENT)
    await desk.runtime.pool.execute(
        "INSERT INTO purchase_parties_changed SELECT DISTINCT party_kind, party_id FROM purchases"
    )
    await join(desk, "M1", "M9")
    await profile_all(desk)
    assert await start(desk, 30 * DAY) == 0
    await ask(desk, "rfm")
    assert await start(desk, 30 * DAY) == 0
    assert (await work(desk))["state"] == "done"
    before = await desk.ask("GET", "/v1/profiles/consumer/M1")
    assert before["value_segment"]["evidence"]["bought_since"] is False

    now = datetime.now(UTC)
    await buy(desk, sale(10, "M1", at=now), sale(20, "M9", at=now))
    await profile_all(desk)
    between = await desk.ask("GET", "/v1/profiles/consumer/M1")
    assert between["value_segment"]["evidence"] == before["value_segment"]["evidence"] | {
        "bought_since": True
    }
    assert (await desk.ask("GET", "/v1/profiles/consumer/M9"))["value_segment"]["value"] is None

    assert await start(desk, DAY - timedelta(minutes=1)) == 0
    assert [await start(desk, DAY + timedelta(minutes=1)) for _ in range(2)] == [1, 0]
    job = await work(desk)
    assert (job["state"], job["created_by"]) == ("done", "schedule")
    assert job["parameters"] == {"model": "rfm", "party_kind": "consumer", "horizon_days": None}
    after = await desk.ask("GET", "/v1/profiles/consumer/M1")
    assert after["value_segment"]["evidence"]["recency"] > before["value_segment"]["evidence"]["recency"]
    assert after["value_segment"]["evidence"]["model_id"] == job["result"]["model_id"]
    assert (await desk.ask("GET", "/v1/profiles/consumer/M9"))["value_segment"]["value"] is not None

    await desk.runtime.pool.execute("DELETE FROM jobs")
    assert await start(desk, timedelta()) == 0
    assert await start(desk, 2 * DAY) == 1


async def test_what_failed_is_tried_again_with_what_was_asked_and_what_was_cancelled_is_not(
    desk: Desk,
) -> None:
    await ask(desk, "churn", horizon_days=45)
    assert (await work(desk))["code"] == "unfit"
    assert await start(desk, RETRY - timedelta(minutes=1)) == 0
    assert await start(desk, RETRY + timedelta(minutes=1)) == 1
    (job, _) = (await desk.ask("GET", "/v1/jobs"))["items"]
    assert (job["state"], job["parameters"]["horizon_days"]) == ("queued", 45)
    await desk.ask("POST", f"/v1/jobs/{job['job_id']}:cancel")
    assert await start(desk, 30 * DAY) == 0


def test_the_period_is_a_day_and_can_be_none() -> None:
    assert CustomersSettings.model_fields["customers_models_days"].default == 1
    with pytest.raises(ValueError, match="greater than or equal to 0"):
        CustomersSettings(customers_models_days=-1)
