"""A scheme in force has its last period scored by itself, and only a person puts the tiers in force."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humidor_common.db.transaction import transaction
from humidor_customers.jobs.working import work_once
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.supply import make_scheme, send_figures
from humidor_customers.tiers.cadence import KIND, run_scoring, start_due
from humidor_customers.tiers.rules import Cadence, last_period

CADENCES: list[Cadence] = ["weekly", "monthly", "quarterly", "half_yearly", "yearly"]


@pytest.mark.parametrize(
    ("cadence", "day", "starts_on", "ends_on"),
    [
        ("weekly", "2026-11-30", "2026-11-23", "2026-11-29"),
        ("weekly", "2026-11-29", "2026-11-16", "2026-11-22"),
        ("monthly", "2026-03-01", "2026-02-01", "2026-02-28"),
        ("quarterly", "2026-10-01", "2026-07-01", "2026-09-30"),
        ("quarterly", "2026-09-30", "2026-04-01", "2026-06-30"),
        ("half_yearly", "2026-01-01", "2025-07-01", "2025-12-31"),
        ("yearly", "2026-11-27", "2025-01-01", "2025-12-31"),
    ],
)
def test_the_last_period_is_the_calendars(cadence: Cadence, day: str, starts_on: str, ends_on: str) -> None:
    found = last_period(cadence, date.fromisoformat(day))
    assert found == (date.fromisoformat(starts_on), date.fromisoformat(ends_on))


@given(st.sampled_from(CADENCES), st.dates(date(1990, 1, 1), date(2190, 1, 1)))
def test_periods_follow_each_other_and_end_before_the_day(cadence: Cadence, day: date) -> None:
    starts_on, ends_on = last_period(cadence, day)
    assert starts_on <= ends_on < day
    assert last_period(cadence, ends_on + timedelta(days=1)) == (starts_on, ends_on)
    assert last_period(cadence, starts_on)[1] == starts_on - timedelta(days=1)


async def start(desk: Desk, day: str) -> int:
    async with transaction(desk.runtime.pool) as conn:
        return await start_due(conn, now=datetime.fromisoformat(f"{day}T04:00:00").replace(tzinfo=UTC))


async def test_a_period_is_scored_once_when_it_is_due_and_published_by_a_person(desk: Desk) -> None:
    pool = desk.runtime.pool
    scheme = await make_scheme(desk, cadence="monthly", scored_days_after=3)
    by_hand = await make_scheme(desk, code="cigars", cadence="monthly", scored_days_after=None)
    assert by_hand["scored_days_after"] is None
    assert [await start(desk, day) for day in ("2026-11-03", "2026-11-04", "2026-11-27")] == [1, 1, 0]
    handlers = {KIND: run_scoring}
    assert await work_once(pool, handlers)
    (first, second) = (await desk.ask("GET", "/v1/jobs", params={"kind": KIND}))["items"][::-1]
    assert (first["state"], first["code"], first["created_by"]) == ("failed", "nobody-to-score", "schedule")
    assert first["parameters"]["ends_on"] == "2026-09-30"

    await desk.put("C1")
    await send_figures(desk, ("C1", "purchase_value_minor", "2026-10-01", 100))
    assert await work_once(pool, handlers)
    assert not await work_once(pool, handlers)
    done = await desk.ask("GET", f"/v1/jobs/{second['job_id']}")
    assert (done["state"], done["result"]["customers"]) == ("done", 1)
    path = f"/v1/tier-schemes/{scheme['scheme_id']}/scorings"
    (scoring,) = (await desk.ask("GET", path))["items"]
    assert (scoring["state"], scoring["calculated_by"], scoring["starts_on"]) == (
        "calculated",
        "schedule",
        "2026-10-01",
    )
    assert (await desk.ask("GET", "/v1/tiers/cigarettes"))["items"] == []
    published = f"/v1/tier-scorings/{scoring['scoring_id']}:publish"
    await desk.ask("POST", published, json={"reason": "October"})
    assert len((await desk.ask("GET", "/v1/tiers/cigarettes"))["items"]) == 1

    month = {"starts_on": "2026-11-01", "ends_on": "2026-11-30"}
    await desk.ask("POST", path, json=month, expect=201)
    assert await start(desk, "2026-12-10") == 0
    assert await start(desk, "2027-01-10") == 1
