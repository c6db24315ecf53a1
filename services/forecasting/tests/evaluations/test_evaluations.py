"""Evaluations over HTTP and by the worker: what was planted is found, kept, told, and told anew."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from humidor_common.clock import utc_now
from humidor_common.db.transaction import transaction
from humidor_common.events.forecasting import PromotionEvaluated
from humidor_common.events.pos import SaleRecorded
from humidor_forecasting.evaluations import helper, queries, statements
from humidor_forecasting.evaluations.gathering import Defaults, gather
from humidor_forecasting.evaluations.queries import Job
from humidor_forecasting.evaluations.schemas import EvaluationInput
from humidor_forecasting.evaluations.working import LEASE, Evaluator
from humidor_forecasting.promotions.consumers import SUBSCRIPTION as CAMPAIGNS
from humidor_forecasting.settings import ForecastingSettings
from humidor_forecasting.testing.market import (
    Market,
    campaign,
    identity,
    line,
    product,
    sale,
    store,
    store_day,
)

THREE = ["difference_in_differences", "synthetic_control", "structural_time_series"]
OTHER = "06901028000017"
ID = str(identity("campaign"))
BEFORE, DURING = 56, 10
TREATED, HELD_OUT = ["S0001", "S0002", "S0003"], ["S0004", "S0005", "S0006"]


def start() -> date:
    return store_day() - timedelta(days=23)


def ended() -> dict[str, Any]:
    """Say when and where the campaign was."""
    return {
        "starts_on": start().isoformat(), "ends_on": (start() + timedelta(days=DURING - 1)).isoformat(),
        "store_ids": TREATED, "holdout_store_ids": HELD_OUT, "state": "ended",
    }  # fmt: skip


def evaluator(market: Market, **changes: Any) -> Evaluator:
    settings = market.runtime.settings
    assert isinstance(settings, ForecastingSettings)
    return Evaluator(market.runtime.pool, settings.model_copy(update=changes), lambda: None)


def history(store_id: str, *, lift: float = 1.0) -> list[SaleRecorded]:
    """A sale a day of two products until yesterday, lifted and cheaper in the campaign's days."""
    chance, first = random.Random(store_id), start() - timedelta(days=BEFORE)
    found = []
    for number in range(BEFORE + 23):
        day = first + timedelta(days=number)
        within = BEFORE <= number < BEFORE + DURING and lift > 1
        packs = round((40 + 10 * (number % 7 == 5) + chance.randint(-4, 4)) * (lift if within else 1))
        lines = [line(packs, price=2000 if within else 2500), line(60 + chance.randint(-5, 5), gtin=OTHER)]
        at = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
        found.append(sale(f"{store_id}/{number}", *lines, at=at, store_id=store_id))
    return found


async def sell(market: Market) -> None:
    await market.know(product(), product(OTHER, brand="Other"), *map(store, [*TREATED, *HELD_OUT]))
    for store_id in TREATED:
        await market.sold(*history(store_id, lift=1.5))
    for store_id in HELD_OUT:
        await market.sold(*history(store_id))
    await market.tell(CAMPAIGNS, campaign(**ended()))


async def ask(market: Market, promotion_id: str = ID, **terms: Any) -> Any:
    return await market.ask(
        "POST", "/v1/evaluations", json={"promotion_id": promotion_id, **terms}, expect=202
    )


async def done(market: Market, asked: Any) -> Any:
    assert await evaluator(market).work_once()
    return await market.ask("GET", f"/v1/evaluations/{asked['evaluation_id']}")


async def test_variants_are_evaluated_one_by_one_against_the_same_holdouts(
    market: Market,
) -> None:
    await market.know(product(), product(OTHER, brand="Other"), *map(store, [*TREATED, *HELD_OUT]))
    for store_id, lift in zip(TREATED, (1.1, 1.1, 1.8), strict=True):
        await market.sold(*history(store_id, lift=lift))
    for store_id in HELD_OUT:
        await market.sold(*history(store_id))
    await market.tell(CAMPAIGNS, campaign(**ended()))
    stranger = {"name": "A", "store_ids": ["S0001", "S0009"]}
    refused = {"promotion_id": ID, "variant": stranger}
    problem = await market.ask("POST", "/v1/evaluations", json=refused, expect=422)
    assert problem["errors"][0]["field"] == "variant.store_ids"
    uplifts = []
    for name, store_ids, cost in (("A", TREATED[:2], 40_000), ("B", TREATED[2:], 20_000)):
        variant = {"name": name, "store_ids": store_ids}
        view = await done(market, await ask(market, variant=variant, methods=THREE[:1]))
        result = view["result"]
        assert (result["stores"], result["control_stores"]) == (len(store_ids), 3)
        assert (result["cost_minor"], view["terms"]["variant"]) == (cost, variant)
        uplifts.append(result["uplift"]["effect_percent"]["value"])
    assert uplifts[0] < 30 < uplifts[1]
    told = await market.told(PromotionEvaluated)
    assert [each.promotion_id for each in told] == [f"{ID}/A", f"{ID}/B"]


async def test_stores_of_a_promotion_beyond_the_most_that_are_evaluated_are_no_controls(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sell(market)
    monkeypatch.setattr(statements, "MOST_TREATED", 2)
    terms = EvaluationInput(promotion_id=ID).model_dump(mode="json")
    job = Job(identity("evaluation"), ID, terms, 1, {})
    async with transaction(market.runtime.pool) as conn:
        gathered = await gather(conn, job, Defaults(14, None), now=utc_now())
    assert gathered.given is not None
    roles = [(each.store_id, each.role) for each in gathered.given.stores]
    assert roles == [(each, "treated") for each in TREATED[:2]] + [(each, "holdout") for each in HELD_OUT]


async def test_a_campaign_with_holdouts_is_evaluated_kept_and_told_and_again_is_newer(market: Market) -> None:
    await sell(market)
    asked = await ask(market, margin_percent=20.0, after_days=13, before_days=56, methods=THREE)
    assert (asked["state"], asked["result"], asked["promotion_version"]) == ("queued", None, 1)
    view = await done(market, asked)
    assert (view["state"], view["method"], view["trusted"]) == ("done", "difference_in_differences", True)
    assert (view["share_done"], view["stage"]) == (1.0, None)
    assert [each["code"] for each in view["reasons"]] == ["few-controls"]
    result = view["result"]
    assert (result["stores"], result["control_stores"], result["cost_minor"]) == (3, 3, 60_000)
    uplift = result["uplift"]
    truth = uplift["sold_sticks"] / 3
    assert uplift["effect_sticks"]["low"] < truth < uplift["effect_sticks"]["high"]
    assert result["discount_minor"] == pytest.approx(25 * uplift["sold_sticks"])
    assert result["profit_minor"]["high"] < 0
    assert [each["method"] for each in result["results"]] == THREE
    assert result["days"][0]["day"] == (start() - timedelta(days=BEFORE)).isoformat()
    (told,) = await market.told(PromotionEvaluated)
    assert (told.promotion_id, str(told.evaluation_id)) == (ID, view["evaluation_id"])
    assert told.uplift_sticks.value == pytest.approx(uplift["effect_sticks"]["value"])
    assert (told.stores, told.control_stores, told.currency, told.reasons) == (3, 3, "CNY", ["few-controls"])
    assert told.cannibalised_sticks is not None
    assert told.cannibalised_sticks.low < 0 < told.cannibalised_sticks.high
    await market.tell(CAMPAIGNS, campaign(version=2, **ended() | {"spent_minor": 90_000}))
    again = await done(market, await ask(market, methods=THREE[:2]))
    assert [each["method"] for each in again["result"]["results"]] == THREE[:2]
    assert (again["promotion_version"], again["result"]["cost_minor"]) == (2, 90_000)
    assert [each["code"] for each in again["reasons"]] == ["few-controls", "after-not-over", "no-margin"]
    _, newer = await market.told(PromotionEvaluated)
    assert newer.evaluated_at > told.evaluated_at
    assert (newer.key, newer.profit_minor) == (told.key, None)
    listed = await market.ask("GET", "/v1/evaluations", params={"promotion_id": ID, "limit": "1"})
    assert [each["evaluation_id"] for each in listed["items"]] == [again["evaluation_id"]]
    rest = await market.ask("GET", "/v1/evaluations", params={"cursor": listed["next_cursor"]})
    assert [each["evaluation_id"] for each in rest["items"]] == [view["evaluation_id"]]
    await who_may(market, view["evaluation_id"])


async def who_may(market: Market, evaluation_id: str) -> None:
    some, own = market.auth("manager", stores=["S0001"]), market.auth("manager", stores=[*TREATED, *HELD_OUT])
    body = {"promotion_id": ID}
    await market.ask("POST", "/v1/evaluations", json=body, headers=some, expect=403)
    await market.ask("POST", "/v1/evaluations", json=body, headers=market.auth("auditor"), expect=403)
    await market.ask("GET", f"/v1/evaluations/{evaluation_id}", headers=some, expect=403)
    assert (await market.ask("GET", "/v1/evaluations", headers=some))["items"] == []
    assert len((await market.ask("GET", "/v1/evaluations", headers=own))["items"]) == 2
    await market.ask("GET", f"/v1/evaluations/{identity('none')}", expect=404)
    unknown = await market.ask("POST", "/v1/evaluations", json={"promotion_id": "none"}, expect=422)
    assert unknown["errors"][0]["field"] == "promotion_id"
    await market.ask("POST", f"/v1/evaluations/{evaluation_id}:cancel", expect=409)
    actions = await market.runtime.pool.fetch("SELECT action FROM audit_trail ORDER BY id")
    assert [row[0] for row in actions] == ["start", "start"]


async def test_what_ended_is_evaluated_by_itself_once_for_each_version_when_the_waiting_is_over(
    market: Market,
) -> None:
    async def put(promotion_id: str, days: int, *, expect: int = 201) -> None:
        last = utc_now().date() - timedelta(days=days)
        body = {"name": "Over", "mechanic": "display", "starts_on": (last - timedelta(days=9)).isoformat()}
        path = f"/v1/promotions/{promotion_id}"
        await market.ask("PUT", path, json=body | {"ends_on": last.isoformat()}, expect=expect)

    for promotion_id, days in (("over", 15), ("fresh", 14), ("old", 300)):
        await put(promotion_id, days)

    async def queued() -> list[Any]:
        for _ in range(2):
            await evaluator(market).schedule()
        items = (await market.ask("GET", "/v1/evaluations"))["items"]
        return [(each["promotion_id"], each["promotion_version"], each["automatic"]) for each in items]

    await evaluator(market, forecasting_evaluate_after_days=-1).schedule()
    assert await queued() == [("over", 1, True)]
    await put("over", 16, expect=200)
    assert await queued() == [("over", 2, True), ("over", 1, True)]
    assert await evaluator(market).work_once()
    (_, first) = (await market.ask("GET", "/v1/evaluations"))["items"]
    assert (first["state"], first["method"], first["reasons"][0]["code"]) == ("done", None, "no-stores")


async def test_promotions_that_cannot_be_judged_get_an_answer_with_reasons_and_are_not_told(
    market: Market,
) -> None:
    await market.know(product(), store())
    await market.sold(*history("S0001")[-30:])

    def days(first: int, last: int) -> dict[str, Any]:
        starts_on, ends_on = (store_day() + timedelta(days=each) for each in (first, last))
        return {"starts_on": starts_on.isoformat(), "ends_on": ends_on.isoformat()}

    await market.tell(
        CAMPAIGNS,
        campaign("gone", state="cancelled"),
        campaign("future", **days(3, 9)),
        campaign("early", **days(-21, -20), store_ids=["S0001"]),
        campaign("unsold", **days(-9, -5), gtins=["00000000000017"], store_ids=["S0001"]),
        campaign("nowhere", store_ids=[], holdout_store_ids=[]),
    )
    expected = {
        "gone": "cancelled", "future": "in-future", "early": "too-short-before", "unsold": "no-sales-before",
        "nowhere": "no-stores",
    }  # fmt: skip
    for name, code in expected.items():
        view = await done(market, await ask(market, str(identity(name))))
        assert (view["state"], view["method"], view["result"]) == ("done", None, None), name
        assert [each["code"] for each in view["reasons"]] == [code]
    running = campaign("running", **days(-6, 8), store_ids=["S0001"])
    await market.tell(CAMPAIGNS, running)
    asked = await ask(market, str(identity("running")), methods=["structural_time_series"])
    view = await done(market, asked)
    assert view["method"] == "structural_time_series"
    assert {"still-running", "short-before", "no-controls"} <= {each["code"] for each in view["reasons"]}
    assert view["trusted"] is False
    assert await market.told(PromotionEvaluated) == []


async def test_an_evaluation_is_cancelled_meanwhile_taken_over_or_fails_and_says_why(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    await market.know(product(), store())
    await market.sold(*history("S0001"))
    await market.tell(CAMPAIGNS, campaign(**ended() | {"store_ids": ["S0001"]}))
    monkeypatch.setattr(helper, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(helper, "COMMAND", ("-c", "import time; time.sleep(60)"))
    asked = await ask(market)
    path = f"/v1/evaluations/{asked['evaluation_id']}"
    busy = evaluator(market)
    heed = busy._heed

    async def cancel_first(job: Job, step: Any) -> None:
        if (await market.ask("GET", path))["state"] == "running":
            await market.ask("POST", f"{path}:cancel")
        await heed(job, step)

    monkeypatch.setattr(busy, "_heed", cancel_first)
    assert await busy.work_once()
    assert (await market.ask("GET", path))["state"] == "cancelled"
    hanging = await ask(market)
    assert await evaluator(market, forecasting_seconds_per_evaluation=0.2).work_once()
    view = await market.ask("GET", f"/v1/evaluations/{hanging['evaluation_id']}")
    assert (view["state"], view["detail"]) == ("failed", "no answer within 0.2 s")
    for command, why in (("pass", "the process that worked on it died"), (MISTAKE, "ZeroDivisionError: x")):
        monkeypatch.setattr(helper, "COMMAND", ("-c", command))
        view = await done(market, await ask(market))
        assert (view["state"], view["detail"]) == ("failed", why)
    left = await ask(market)
    pool = market.runtime.pool
    async with transaction(pool) as conn:
        lost = await queries.claim(conn, lease=LEASE, now=utc_now() + timedelta(days=1))
    assert lost is not None
    assert not await evaluator(market).work_once()
    await pool.execute("UPDATE evaluations SET due_at = now() - interval '1 s' WHERE state = 'running'")
    view = await done(market, left)
    assert view["detail"] == "ZeroDivisionError: x"
    async with transaction(pool) as conn:
        assert not await queries.end(conn, lost, "done", None, [utc_now()])


MISTAKE = """
print('{"stage": "failed", "share_done": 1, "failure": "ZeroDivisionError: x"}')
"""
