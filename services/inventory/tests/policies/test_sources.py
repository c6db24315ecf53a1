"""Levels follow by event: a published forecast, a changed lead time, what was sold day by day."""

import asyncio
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from humidor_common.clock import utc_now
from humidor_common.db.transaction import transaction
from humidor_common.messaging.subscription import Poison
from humidor_inventory.forecasts.rules import complaint
from humidor_inventory.planning.calculating import calculate_piece
from humidor_inventory.policies.consumers import on_forecast_published
from humidor_inventory.policies.recalculation import recalculate
from humidor_inventory.testing.planning import Planner, forecast
from humidor_inventory.testing.shop import STORE, Shop, make_gtin, received

WEEKLY: dict[str, Any] = {
    "policy": "R_S",
    "demand": {"source": "forecast"},
    "review_days": 3,
    "service": {"kind": "cycle", "target": 0.95},
    "order_multiple": 10,
}


TODAY = "(now() AT TIME ZONE 'Asia/Shanghai')::date"


@pytest.fixture
async def planner(shop: Shop) -> Planner:
    made = Planner(shop)
    await made.supplier()
    return made


@pytest.fixture
async def gtin(planner: Planner) -> str:
    """A product that takes 2 days to come."""
    await planner.shop.put_product(made := make_gtin(1), supplier_id="CTC", lead_time_days=2)
    return made


async def policy(planner: Planner, gtin: str, store_id: str = STORE) -> Any:
    return await planner.shop.ask("GET", f"/v1/policies/{store_id}/{gtin}")


async def test_a_newer_forecast_moves_the_level_and_brings_on_a_suggestion(
    planner: Planner, gtin: str
) -> None:
    await planner.publish(forecast(gtin, 6))
    view = await planner.put(f"/v1/policies/{STORE}/{gtin}", WEEKLY)
    # 5 days together at 95 %: 5 (6 + 1.6449 * 2) packs, as the cumulative quantile says.
    assert (view["answer"]["order_up_to"], view["origin"]["model"]) == (47, "theta")
    await planner.shop.receive((gtin, 60, "A"))
    assert await planner.suggestions(gtin) == []
    newer, older = forecast(gtin, 12, minute=2), forecast(gtin, 30, minute=1)
    await planner.publish(newer, older)
    view = await policy(planner, gtin)
    assert (view["answer"]["order_up_to"], view["version"]) == (93, 2)
    assert view["origin"]["forecast_id"] == str(newer.forecast_id)
    level = await planner.shop.ask("GET", f"/v1/levels/{STORE}/{gtin}")
    assert (level["order_up_to"], level["version"], level["review_days"]) == (93, 2, 3)
    (suggested,) = await planner.suggestions(gtin)
    assert suggested["quantity"] == 40
    await planner.publish(older)
    assert (await policy(planner, gtin))["version"] == 2
    kept = await planner.shop.ask("GET", f"/v1/forecasts/{STORE}/{gtin}")
    assert kept["cumulative"][4]["quantiles"][-1] == {
        "probability": 0.95,
        "quantity_sticks": pytest.approx(5 * 20 * (12 + 1.6448536 * 4), abs=1e-3),
    }
    await planner.shop.check()


async def test_a_level_that_a_person_set_without_a_policy_stays(planner: Planner, gtin: str) -> None:
    await planner.level(gtin, reorder_point=7, order_up_to=9, order_multiple=1)
    await planner.publish(forecast(gtin, 12))
    given = WEEKLY | {"demand": {"mean_per_day": 1, "sd_per_day": 1}}
    await planner.shop.put_product(other := make_gtin(2), lead_time_days=2)
    await planner.put(f"/v1/policies/{STORE}/{other}", given)
    await planner.publish(forecast(other, 50))
    level = await planner.shop.ask("GET", f"/v1/levels/{STORE}/{gtin}")
    assert (level["reorder_point"], level["version"]) == (7, 1)
    assert (await policy(planner, other))["version"] == 1


async def test_a_batch_of_forecasts_sets_its_levels_in_one_go(planner: Planner) -> None:
    gtins = [make_gtin(number) for number in range(1, 41)]
    for gtin in gtins:
        await planner.shop.put_product(gtin, lead_time_days=2)
    await planner.publish(*(forecast(gtin, 6) for gtin in gtins))
    for gtin in gtins:
        await planner.put(f"/v1/policies/{STORE}/{gtin}", WEEKLY)
    before = await planner.shop.runtime.pool.fetchval("SELECT count(*) FROM audit_trail")
    await planner.publish(*(forecast(gtin, 12, minute=1) for gtin in gtins))
    rows = await planner.shop.runtime.pool.fetch(
        "SELECT DISTINCT order_up_to_sticks / 20, version FROM levels"
    )
    assert [tuple(row) for row in rows] == [(93, 2)]
    assert await planner.shop.runtime.pool.fetchval("SELECT count(*) FROM audit_trail") == before


async def test_a_topic_read_again_keeps_the_newest_and_sets_no_level_back(
    planner: Planner, gtin: str
) -> None:
    events = [forecast(gtin, 6), forecast(gtin, 12, minute=1)]
    await planner.publish(*events)
    await planner.put(f"/v1/policies/{STORE}/{gtin}", WEEKLY)
    await planner.shop.ask("GET", f"/v1/forecasts/{STORE}/{gtin}")
    pool = planner.shop.runtime.pool
    await pool.execute("DELETE FROM forecasts")
    for event in events:
        async with transaction(pool) as conn:
            await on_forecast_published(conn, [received(event)])
    assert (await policy(planner, gtin))["version"] == 1
    assert await pool.fetchval("SELECT forecast_id FROM forecasts") == events[1].forecast_id


async def test_a_changed_lead_time_moves_the_levels_that_rest_on_it(planner: Planner, gtin: str) -> None:
    stores = [STORE, "S0002", "S0003"]
    for store_id in stores[1:]:
        await planner.store(store_id)
    for store_id in stores:
        await planner.publish(forecast(gtin, 6, store_id=store_id))
        await planner.put(f"/v1/policies/{store_id}/{gtin}", WEEKLY)
    await planner.shop.put_product(own := make_gtin(2), supplier_id="CTC")
    await planner.put(
        f"/v1/policies/{STORE}/{own}", WEEKLY | {"demand": {"mean_per_day": 6, "sd_per_day": 2}}
    )
    assert await planner.follow() == 0
    await planner.shop.put_product(gtin, supplier_id="CTC", lead_time_days=5)
    # In pieces of two, as if the worker had died between them.
    assert await planner.follow(size=2) == 2
    assert [(await policy(planner, gtin, s))["answer"]["order_up_to"] for s in stores] == [75, 75, 75]
    before = (await policy(planner, own))["answer"]["order_up_to"]
    await planner.put("/v1/suppliers/CTC", {"name": "CTC", "lead_time_days": 14})
    assert await planner.follow() == 2
    assert (await policy(planner, own))["answer"]["order_up_to"] > before
    assert (await policy(planner, gtin))["version"] == 2


async def test_a_measured_deviation_counts_only_while_the_measured_lead_time_does(planner: Planner) -> None:
    await planner.shop.put_product(gtin := make_gtin(2), supplier_id="CTC")
    await planner.put("/v1/suppliers/CTC", {"name": "CTC", "lead_time_days": 3})
    await planner.shop.runtime.pool.execute(
        "UPDATE suppliers SET measured_lead_time_days = 3, measured_lead_time_sd_days = 1"
    )
    given = WEEKLY | {"demand": {"mean_per_day": 6, "sd_per_day": 2}}
    made = await planner.put(f"/v1/policies/{STORE}/{gtin}", given)
    stated = {"name": "CTC", "lead_time_days": 3, "lead_time_source": "stated"}
    await planner.put("/v1/suppliers/CTC", stated)
    assert await planner.follow() == 1
    after = await policy(planner, gtin)
    # 36 + 1.6449 sqrt(6 4 + 36 1) and sqrt(6 4).
    assert [each["answer"]["order_up_to"] for each in (made, after)] == [49, 45]


async def test_of_a_forecast_and_a_lead_time_at_the_same_moment_neither_is_lost(
    planner: Planner, gtin: str
) -> None:
    await planner.publish(forecast(gtin, 6))
    await planner.put(f"/v1/policies/{STORE}/{gtin}", WEEKLY)
    await planner.shop.put_product(gtin, supplier_id="CTC", lead_time_days=5)
    await asyncio.gather(planner.follow(), planner.publish(forecast(gtin, 12, minute=1)))
    assert (await policy(planner, gtin))["answer"]["order_up_to"] == 149


async def test_what_changed_between_reading_and_writing_is_calculated_once_more(
    planner: Planner, gtin: str, monkeypatch: Any
) -> None:
    """Another transaction calculates the same policy after it was read and before it is locked."""
    await planner.publish(forecast(gtin, 6))
    await planner.put(f"/v1/policies/{STORE}/{gtin}", WEEKLY)
    await planner.shop.put_product(gtin, supplier_id="CTC", lead_time_days=5)
    pool = planner.shop.runtime.pool
    monkeypatch.setattr("humidor_inventory.policies.recalculation.lock_stores", lock := _Late(planner, gtin))
    async with transaction(pool) as conn:
        done = await recalculate(conn, [(STORE, gtin)], now=utc_now())
    assert lock.calls == 2
    assert done.calculated == [(STORE, gtin)]
    assert (await policy(planner, gtin))["answer"]["order_up_to"] == 149


class _Late:
    """Lets a forecast come in just before the first lock."""

    def __init__(self, planner: Planner, gtin: str) -> None:
        self.planner, self.gtin, self.calls = planner, gtin, 0

    async def __call__(self, conn: Any, stores: Any) -> None:
        from humidor_inventory.stock.service import lock_stores

        self.calls += 1
        if self.calls == 1:
            await self.planner.publish(forecast(self.gtin, 12, minute=1))
        await lock_stores(conn, stores)


async def test_a_forecast_that_is_over_leaves_the_level_and_says_why(planner: Planner, gtin: str) -> None:
    await planner.publish(forecast(gtin, 6))
    await planner.put(f"/v1/policies/{STORE}/{gtin}", WEEKLY)
    # Its 14 days end with yesterday in the store, wherever the server stands.
    past = utc_now().astimezone(ZoneInfo("Asia/Shanghai")).date() - timedelta(days=14)
    await planner.shop.runtime.pool.execute("UPDATE forecasts SET starts_on = $1", past)
    asked = {"store_id": STORE}
    done = await planner.shop.ask("POST", "/v1/policies:recalculate", json=asked)
    assert (done["calculated"], done["refused"][0]["field"]) == (0, "demand.source")
    view = await policy(planner, gtin)
    assert (view["version"], view["refusal"]["message"]) == (1, "the last day of the forecast is over")


async def test_the_plan_of_the_day_calculates_levels_from_what_was_sold(planner: Planner, gtin: str) -> None:
    pool = planner.shop.runtime.pool
    path = f"/v1/policies/{STORE}/{gtin}"
    given = WEEKLY | {"demand": {"source": "history", "history_days": 28}}
    problem = await planner.shop.ask("PUT", path, json=given, expect=422)
    assert problem["errors"][0]["field"] == "demand.source"
    add = f"INSERT INTO daily_flows (store_id, gtin, day, sold_sticks) SELECT $1, $2, {TODAY} - i, $3"
    await pool.execute(f"{add} FROM generate_series(1, 40) i WHERE i % 2 = 0", STORE, gtin, 240)
    view = await planner.put(path, given)
    steps = {step["name"]: step["value"] for step in view["answer"]["steps"]}
    assert steps["demand_per_day"] == pytest.approx(6, abs=0.5)
    assert view["origin"].keys() == {"from", "until"}
    await pool.execute(f"{add} FROM generate_series(1, 40) i WHERE i % 2 = 1", STORE, gtin, 240)
    await pool.execute("UPDATE policies SET calculated_at = now() - interval '1 day'")
    await planner.shop.ask("POST", "/v1/plans", json={"dry_run": True}, expect=201)
    while await calculate_piece(pool):
        pass
    assert (await policy(planner, gtin))["version"] == 1
    await planner.plan()
    after = await policy(planner, gtin)
    assert (after["version"], after["answer"]["order_up_to"]) == (2, 60)


async def test_a_source_stands_alone(planner: Planner, gtin: str) -> None:
    path = f"/v1/policies/{STORE}/{gtin}"
    for demand in (
        {"source": "forecast"},
        {"source": "forecast", "mean_per_day": 3},
        {"history_days": 20, "mean_per_day": 1, "sd_per_day": 1},
    ):
        problem = await planner.shop.ask("PUT", path, json=WEEKLY | {"demand": demand}, expect=422)
        assert problem["errors"][0]["field"].startswith("demand.")
    item = WEEKLY | {"lead_time_days": 2}
    problem = await planner.shop.ask("POST", "/v1/policies:calculate", json={"items": [item]}, expect=422)
    assert problem["errors"][0]["field"] == "items[0].demand.source"


@pytest.mark.parametrize(
    ("change", "complaint_of_it"),
    [
        ({"horizon_days": 3}, "days and cumulative hold 3 entries each"),
        ({"horizon_days": 0}, "horizon_days is 0"),
        ({"starts_on": "soon"}, "starts_on is no date"),
        ({"starts_on": "2026-01-01"}, "days do not follow each other"),
        ({"probabilities": [0.9, 0.5, 0.6, 0.7, 0.8]}, "probabilities do not rise"),
        ({"probabilities": [0.5, 0.6, 0.7, 0.8, 1.0]}, "probabilities lie between"),
        ({"probabilities": [0.5, 0.6]}, "not as long as"),
        ({"probabilities": [0.5]}, "from 2 to 99"),
        ({"model": "a\x00"}, "NUL"),
        ({"cumulative": []}, "entries each"),
    ],
)
def test_a_forecast_that_contradicts_itself_is_refused(change: dict[str, Any], complaint_of_it: str) -> None:
    bad = msgspec.structs.replace(forecast(make_gtin(1), 5), **change)
    assert complaint_of_it in str(complaint(bad))


async def test_a_bad_forecast_is_poison_and_says_which(shop: Shop) -> None:
    bad = msgspec.structs.replace(forecast(make_gtin(1), 5), horizon_days=3)
    async with transaction(shop.runtime.pool) as conn:
        with pytest.raises(Poison, match=f"{STORE}/{make_gtin(1)}: days and cumulative"):
            await on_forecast_published(conn, [received(bad)])


def test_quantiles_that_cross_or_are_no_amounts_are_refused() -> None:
    good = forecast(make_gtin(1), 5)
    assert complaint(good) is None
    for quantiles, said in (([5.0, 4, 3, 2, 1], "cross"), ([float("inf")] * 5, "not an amount")):
        span = msgspec.structs.replace(good.cumulative[0], quantiles_sticks=quantiles)
        bad = msgspec.structs.replace(good, cumulative=[span, *good.cumulative[1:]])
        assert said in str(complaint(bad))
