"""A campaign from a refused draft to its effect, on real PostgreSQL through HTTP."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from humidor_common.db.transaction import transaction
from humidor_customers.campaign_rules import service as law
from humidor_customers.campaigns import gathering, queries
from humidor_customers.campaigns.consumers import PROJECTION, SUBSCRIPTION
from humidor_customers.campaigns.keeping import look_at_due
from humidor_customers.campaigns.schemas import CampaignInput
from humidor_customers.jobs.working import work_once
from humidor_customers.testing.campaigning import PATH, STORES, Office, draft, evaluated, today
from humidor_customers.testing.desk import store
from humidor_customers.testing.explaining import Explaining
from humidor_customers.testing.ordering import gtin, tell
from humidor_customers.working import HANDLERS


async def run_until_spent(office: Office, made: Any) -> None:
    assert await office.look(1) == 1
    assert (await office.read(made))["state"] == "scheduled"
    assert await office.look(3) == 1
    assert (await office.read(made))["state"] == "running"
    first = await office.spend(made, 30_000, key="first")
    assert await office.spend(made, 30_000, key="first") == first
    await office.spend(made, -40_000, expect=422)
    await office.spend(made, 20_000)
    assert await office.look(4) == 1
    stopped = await office.read(made)
    assert (stopped["state"], stopped["stop_code"], stopped["spent_minor"]) == (
        "stopped",
        "budget-spent",
        50_000,
    )
    assert stopped["last_day"] == str(today() + timedelta(days=4))
    assert await office.look(5) == 0
    told_states = [(each.state, each.spent_minor) for each in await office.told()]
    assert told_states == [
        ("scheduled", 0), ("running", 0), ("running", 30_000), ("running", 50_000), ("stopped", 50_000)
    ]  # fmt: skip
    assert (await office.told())[-1].ends_on == stopped["last_day"]
    actions = [action for action, _ in await office.desk.trail("campaign", made["campaign_id"])]
    assert actions == [
        "create", "change", "submit", "return", "submit", "return", "submit",
        "approve", "schedule", "begin", "spend", "spend", "stop",
    ]  # fmt: skip


async def see_effect(office: Office, made: Any) -> None:
    desk = office.desk
    await office.read(made, "/effect", expect=404)
    at = datetime.now(UTC)
    await tell(desk, SUBSCRIPTION, evaluated(made, at=at))
    await tell(desk, SUBSCRIPTION, evaluated(made, at=at - timedelta(hours=1), uplift=1.0))
    effect = await office.read(made, "/effect")
    assert effect["uplift_sticks"] == {"value": 300, "low": 100, "high": 500}
    table = {row["name"]: row for row in (await office.read(made, "/effect-figures"))["items"]}
    assert (table["uplift_sticks.low"]["number"], table["trusted"]["number"]) == (100, 1)
    assert table["method"]["text"] == effect["method"]
    assert (effect["pulled_forward_sticks"], effect["trusted"]) == (None, True)
    # (40,000 + 50,000 − 50,000) ÷ 50,000, and its bounds.
    assert effect["return_on_spent"] == {"value": 0.8, "low": -0.2, "high": 1.8}
    later = evaluated(made, at=at + timedelta(hours=1), currency="USD", trusted=False, reasons=["short-past"])
    await tell(desk, SUBSCRIPTION, later)
    effect = await office.read(made, "/effect")
    assert (effect["return_on_spent"], effect["trusted"], effect["reasons"]) == (None, False, ["short-past"])

    answer = await desk.client.get(PATH, params={"format": "csv"}, headers=desk.auth())
    assert answer.status_code == 200, answer.text
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    (row,) = rows
    assert (row["name"], row["effect_method"], row["effect_trusted"]) == ("Tidier shelves", "bsts", "false")
    assert [float(row[f"uplift{bound}_sticks"]) for bound in ("", "_low", "_high")] == [300, 100, 500]
    assert (float(row["profit_low_minor"]), row["profit_currency"]) == (-10_000, "USD")
    assert datetime.fromisoformat(row["effect_evaluated_at"]) == at + timedelta(hours=1)
    listed = await desk.ask("GET", PATH, params={"state": "stopped", "kind": "service", "store_id": "S0001"})
    assert [each["campaign_id"] for each in listed["items"]] == [made["campaign_id"]]


async def test_a_campaign_is_aimed_at_retailers_where_nobody_says_otherwise(office: Office) -> None:
    body = draft()
    del body["audience"]
    made = await office.desk.ask("POST", PATH, json=body, expect=201)
    assert made["audience"] == "retailers"
    price = body | {"kind": "price", "discount_percent": 10}
    await office.desk.ask("POST", PATH, json=price, expect=422)
    described = CampaignInput.model_json_schema()
    assert described["properties"]["audience"]["default"] == "retailers"
    assert "audience" not in described["required"]


async def test_a_campaign_goes_from_a_refused_draft_over_four_eyes_to_its_effect(office: Office) -> None:
    desk = office.desk
    refused = await office.make(audience="consumers", kind="price", discount_percent=10, expect=422)
    assert refused["code"] == "campaign-forbidden"
    assert {each["field"] for each in refused["errors"]} == {"adult_check", "discount_percent", "kind"}
    assert "cn.minors" in str(refused)
    assert "art. 59" in str(refused)

    made = await office.make()
    assert (made["state"], made["owner"], made["findings"]) == ("draft", "tester", [])
    path = f"{PATH}/{made['campaign_id']}"
    stale = {"If-Match": '"1"'}
    changed = await desk.ask("PUT", path, json=draft(name="Tidier shelves"), headers=stale)
    assert (changed["name"], changed["version"]) == ("Tidier shelves", 2)
    await desk.ask("PUT", path, json=draft(), headers=stale, expect=412)
    await desk.ask("PUT", path, json=draft(kind="gift", audience="consumers"), expect=422)

    preview = await office.read(made, "/plan")
    assert (preview["fixed"], preview["treated"], preview["holdout"]) == (False, 9, 3)
    assert [each["holdout"] for each in preview["strata"]] == [1, 1, 1]
    assert preview["detectable_percent"] > 0
    await office.step(made, "schedule", expect=409)
    await office.step(made, "submit")
    assert (await office.step(made, "approve", {}, expect=403))["code"] == "four-eyes"
    await office.step(made, "return", {"reason": "Mistake"})
    await office.step(made, "submit", headers=office.boss)
    assert (await office.step(made, "approve", {}, expect=403))["code"] == "four-eyes", "who made it"
    await office.step(made, "return", {"reason": "Mistake"})
    await office.step(made, "submit")
    assert (await office.step(made, "approve", {}, headers=office.boss))["approved_by"] == "boss"
    assert await office.told() == []
    await office.step(made, "schedule")
    plan = await office.read(made, "/plan")
    assert plan == preview | {"fixed": True}
    drawn = (await office.read(made, "/stores"))["items"]
    held = [each["store_id"] for each in drawn if each["part"] == "holdout"]
    assert len(held) == 3
    assert {each["basis"] for each in drawn} == {"till"}
    assert sum(each["before_sticks"] for each in drawn) == (2 * 78 + 12) * 20
    (told,) = await office.told()
    assert (told.state, told.holdout_store_ids, told.gtins) == ("scheduled", held, [gtin(1)])
    assert sorted(told.store_ids + held) == STORES
    await run_until_spent(office, made)
    await see_effect(office, made)


async def test_who_stays_out_is_said_empty_ones_are_refused_and_overlaps_are_warned_of(
    office: Office,
) -> None:
    desk = office.desk
    await desk.put("R1", trade_area="north", store_ids=["S0001", "S0002"])
    empty: dict[str, Any] = {"name": "None", "party_kind": "retailer", "mode": "live"}
    empty |= {"rule": {"field": "purchases", "at_least": 1}}
    segment = await desk.ask("POST", "/v1/segments", json=empty, expect=201)
    nobody = await office.make(store_ids=None, segment_id=segment["segment_id"])
    await office.approve(nobody)
    assert (await office.step(nobody, "schedule", expect=422))["errors"][0]["field"] == "segment_id"
    await office.make(store_ids=None, segment_id=str(uuid4()), expect=404)
    for changes, field in (
        ({"store_ids": ["S9999"]}, "store_ids"),
        ({"gtins": [gtin(9)]}, "gtins"),
        ({"ends_on": str(today())}, "body"),
        ({"kind": "gift"}, "gift"),
        ({"price_per_pack": 1900}, "price_per_pack"),
    ):
        assert field in str(await office.make(**changes, expect=422))

    check = {"status": "suspended", "source": "portal"}
    await desk.ask("POST", "/v1/retailers/R1/licence-checks", json=check, expect=201)
    exclusions = [{"store_id": "S0003", "reason": "is being rebuilt"}]
    first = await office.scheduled(exclusions=exclusions, gtins=None)
    stores = {each["store_id"]: each for each in (await office.read(first, "/stores"))["items"]}
    assert stores["S0001"]["reason"] == "licence-suspended"
    assert (stores["S0003"]["part"], stores["S0003"]["reason"]) == ("excluded", "is being rebuilt")
    second = await office.make(store_ids=["S0004", "S0005", "S0001"], holdout_share=0)
    (overlap,) = (await office.read(second, "/plan"))["overlaps"]
    assert (overlap["campaign_id"], overlap["stores"]) == (first["campaign_id"], 2)
    only = await office.make(store_ids=["S0001"], holdout_share=0)
    await office.approve(only)
    problem = await office.step(only, "schedule", expect=422)
    assert "1 stay out" in problem["detail"]
    cancelled = await office.step(first, "cancel", {"reason": "Rain"})
    assert (cancelled["state"], cancelled["stop_detail"]) == ("cancelled", "Rain")
    assert [each.state for each in await office.told()] == ["scheduled", "cancelled"]
    assert (await office.read(second, "/plan"))["overlaps"] == []
    await office.step(await office.scheduled(gtins=None), "stop", {"reason": "Rain"}, expect=409)
    this_day = str(datetime.now(ZoneInfo("Asia/Shanghai")).date())
    begun = await office.scheduled(starts_on=this_day, gtins=None)
    stopped = await office.step(begun, "cancel", {"reason": "Rain"})
    assert (stopped["state"], stopped["last_day"]) == ("stopped", this_day)


async def test_a_segment_is_for_its_stores_and_one_without_a_till_counts_its_owners_orders(
    office: Office,
) -> None:
    desk, pool = office.desk, office.desk.runtime.pool
    await desk.tell(store("S0013"))
    await desk.put("R1", trade_area="north", store_ids=["S0001", "S0002", "S0013"])
    body = {"name": "Chosen", "party_kind": "retailer", "mode": "frozen"}
    rule = {"field": "purchases", "at_least": 1}
    segment = (await desk.ask("POST", "/v1/segments", json=body | {"rule": rule}, expect=201))["segment_id"]
    assert await work_once(pool, HANDLERS)
    await pool.execute("INSERT INTO segment_chunks VALUES ($1, 1, 0, 'R1', 'R1', ARRAY['R1'])", segment)
    await pool.execute(
        """INSERT INTO purchase_documents
           VALUES (gen_random_uuid(), NULL, $1::date, $1::date, 0, false, 'order', 'retailer', 'R1', 'S0004',
               'CNY', purchase_line(1, 2, 400, 1, 'carton', false), $2)""",
        today() - timedelta(days=10),
        gtin(1),
    )
    made = await office.scheduled(store_ids=None, segment_id=segment, holdout_share=0.5)
    stores = {each["store_id"]: each for each in (await office.read(made, "/stores"))["items"]}
    assert {each: view["basis"] for each, view in stores.items()} == {
        "S0001": "till", "S0002": "till", "S0013": "orders"
    }  # fmt: skip
    assert stores["S0013"]["before_sticks"] == pytest.approx(400 / 3)
    assert stores["S0013"]["stratum"].startswith("north/")
    plan = await office.read(made, "/plan")
    assert (plan["treated"] + plan["holdout"], plan["balance"][0]["figure"]) == (3, "before_sticks")


async def test_an_operators_stricter_rule_asks_for_a_reason_and_stops_what_runs(office: Office) -> None:
    desk = office.desk
    rule = {
        "severity": "review", "field": "kind", "conditions": {"kind": ["training"]},
        "law": "House rule 7", "says": "Looked at by the head of sales.", "in_force_since": "2026-01-01",
    }  # fmt: skip
    path = "/v1/campaign-rules/own.training"
    assert (await desk.ask("PUT", path, json=rule, expect=201))["built_in"] is False
    await desk.ask("PUT", "/v1/campaign-rules/cn.minors", json=rule, expect=409)
    await desk.ask("PUT", path, json=rule, headers={"If-Match": '"9"'}, expect=412)
    await desk.ask("PUT", "/v1/campaign-rules/cn.more", json=rule, expect=422)
    await desk.ask("PUT", path, json=rule | {"conditions": {"mood": ["good"]}}, expect=422)
    made = await office.make(kind="training")
    assert [each["rule_id"] for each in made["findings"]] == ["own.training"]
    await office.step(made, "submit")
    refused = await office.step(made, "approve", {}, headers=office.boss, expect=422)
    assert refused["errors"][0]["field"] == "reason"
    await office.step(made, "approve", {"reason": "Seen the slides"}, headers=office.boss)
    await office.step(made, "return", {"reason": "Wrong month"})
    approved = await office.approve(made, reason="Seen them again")
    assert approved["approval_reason"] == "Seen them again"
    await office.step(made, "schedule")
    service = await office.scheduled(gtins=[gtin(2)])
    await office.look(3)
    await desk.ask("PUT", path, json=rule | {"severity": "forbidden", "reason": "Accident"})
    assert await office.look(4) == 2
    stopped = await office.read(made)
    assert (stopped["state"], stopped["stop_code"]) == ("stopped", "forbidden")
    assert "own.training" in stopped["stop_detail"]
    assert (await office.read(service))["state"] == "running"
    await office.look(30)
    ended = await office.read(service)
    assert (ended["state"], ended["last_day"]) == ("ended", ended["ends_on"])
    first = await desk.ask("GET", "/v1/campaign-rules", params={"limit": 5})
    rest = await desk.ask("GET", "/v1/campaign-rules", params={"cursor": first["next_cursor"], "limit": 100})
    listed = [each["rule_id"] for each in first["items"] + rest["items"]]
    assert listed == sorted(
        {each.rule_id for each in law.built_in() if each.jurisdiction == "CN"} | {"own.training"}
    )
    assert (await desk.ask("GET", "/v1/campaign-rules", params={"jurisdiction": "US"}))["items"][0]["article"]


async def test_a_campaign_whose_stores_sell_less_than_its_floor_is_stopped_after_a_week(
    office: Office,
) -> None:
    late = await office.make(starts_on=str(today() - timedelta(days=2)))
    await office.approve(late)
    refused = await office.step(late, "schedule", expect=422)
    assert refused["errors"][0]["field"] == "starts_on"
    started = {"sales_floor_percent": 80}
    weak = await office.scheduled(**started, holdout_share=0)
    strong = await office.scheduled(**started, gtins=[gtin(2)], holdout_share=0)
    pool = office.desk.runtime.pool
    await pool.execute("UPDATE campaign_stores SET before_sticks = 20 * before_sticks")
    await pool.execute("UPDATE campaigns SET starts_on = $1", today() - timedelta(days=9))
    for pending in ("market_stores_to_sum VALUES ('S0001')", "purchase_days_changed VALUES ('S0001', $1)"):
        arguments = [today() - timedelta(days=5)] if "$1" in pending else []
        await pool.execute(f"INSERT INTO {pending}", *arguments)
        assert await office.look(0) == 2
        assert (await office.read(weak))["state"] == "running", "sums are not complete"
        await pool.execute(f"DELETE FROM {pending.split()[0]}")  # noqa: S608 - names of ours
        await pool.execute("UPDATE campaigns SET due_at = now() WHERE due_at IS NOT NULL")
    async with transaction(pool) as conn:
        assert await look_at_due(conn, now=datetime.now(UTC)) == 2
        assert await office.look(0) == 0, "another worker takes what is locked"
    states = [(await office.read(each))["stop_code"] for each in (weak, strong)]
    assert states == ["sales-fell", None]


async def test_only_callers_of_every_store_with_the_right_to_write_run_campaigns(office: Office) -> None:
    desk, made = office.desk, await office.make()
    reader, bound = desk.auth("auditor"), desk.auth("manager", stores=["S0001"])
    await office.read(made, headers=reader)
    await office.step(made, "submit", headers=reader, expect=403)
    for part in ("", "/plan", "/stores", "/spendings", "/effect"):
        await office.read(made, part, headers=bound, expect=403)
    await desk.ask("GET", PATH, headers=bound, expect=403)
    await desk.ask("POST", PATH, json=draft(), headers=bound, expect=403)
    await desk.ask("PUT", "/v1/campaign-rules/own.x", json={}, headers=office.boss, expect=403)
    await desk.ask("GET", f"{PATH}/{uuid4()}", expect=404)


async def test_effects_can_be_read_anew_and_plans_find_their_indexes(office: Office) -> None:
    pool = office.desk.runtime.pool
    other = {"campaign_id": "someone-elses", "starts_on": "2026-01-01", "ends_on": "2026-01-02"}
    await tell(office.desk, SUBSCRIPTION, evaluated(other, at=datetime(2026, 2, 1, tzinfo=UTC)))
    async with transaction(pool) as conn:
        assert (await PROJECTION.digest(conn))["effects"] == 1
        await PROJECTION.clear(conn)
        assert (await PROJECTION.digest(conn))["effects"] == 0
    made = await office.make()
    async with transaction(pool) as conn:
        campaign = await queries.read(conn, UUID(made["campaign_id"]))
        assert campaign is not None
        explaining: Any = Explaining(conn)
        await conn.execute("SET LOCAL enable_seqscan = off")
        await queries.overlaps(explaining, campaign, STORES)
        assert "ix_campaign_stores_store" in explaining.plan
        await gathering.candidates(explaining, campaign, now=datetime.now(UTC))
        assert "pk_market_days" in explaining.plan
