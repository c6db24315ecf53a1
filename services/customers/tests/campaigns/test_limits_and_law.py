"""Who may approve which budget, what the law said when, and what is refused rather than never done."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from humidor_common.db.transaction import transaction
from humidor_customers.campaign_limits.rules import Limit, TooHigh, find_fault
from humidor_customers.campaign_rules import service as law
from humidor_customers.campaign_rules.rules import Facts, Rule, judge, keeps_set_price
from humidor_customers.catalogue.consumers import SUBSCRIPTION as PRODUCTS
from humidor_customers.testing.campaigning import PATH, STORES, Office, draft, today
from humidor_customers.testing.ordering import gtin, product, tell

LIMITS = "/v1/campaign-limits"
RULES = "/v1/campaign-rules"
MANAGERS = Limit("role", "manager", 500_000)


@pytest.mark.parametrize(
    ("limits", "budget", "fault"),
    [
        ([], 10**9, None),
        ([], 0, None),
        ([MANAGERS], 500_000, None),
        ([MANAGERS], 500_001, TooHigh(500_000)),
        ([MANAGERS], 0, TooHigh(500_000)),
        ([Limit("role", "admin", None)], 1, TooHigh(0)),
        ([MANAGERS, Limit("role", "quality", 700_000)], 700_000, None),
        ([MANAGERS, Limit("role", "quality", None)], 0, None),
        ([MANAGERS, Limit("person", "li", 100)], 101, TooHigh(100)),
        ([MANAGERS, Limit("person", "li", None)], 0, None),
        ([MANAGERS, Limit("person", "wang", 100)], 101, None),
    ],
)
def test_ones_own_limit_counts_before_the_highest_of_ones_roles(
    limits: list[Limit], budget: int, fault: TooHigh | None
) -> None:
    assert find_fault(limits, "li", ["manager", "quality"], budget) == fault


def test_a_rule_meets_what_runs_on_one_of_its_days_and_some_keep_the_set_price() -> None:
    since, until = date(2026, 3, 1), date(2026, 5, 31)
    rule = Rule(
        "own.x", "CN", "forbidden", "kind", {"below_set_price": True}, "l", None, None, "s", since, until
    )
    facts = Facts("price", "consumers", "in_store", frozenset(), "id_seen", None, 1900, below_set_price=True)
    for first, last, met in (
        (since - timedelta(days=9), since, True),
        (until, until + timedelta(days=9), True),
        (until + timedelta(days=1), until + timedelta(days=9), False),
        (since - timedelta(days=9), since - timedelta(days=1), False),
    ):
        assert bool(judge([rule], facts, "CN", last, first)) is met
        assert keeps_set_price([rule], "CN", first, last) is met
    assert judge([rule], facts._replace(below_set_price=False), "CN", since) == []
    assert not keeps_set_price([rule._replace(severity="review")], "CN", since, until)
    assert not keeps_set_price([rule], "US", since, until)


async def test_a_budget_needs_somebody_whose_limit_it_does_not_pass(office: Office) -> None:
    desk = office.desk
    managers, person = f"{LIMITS}/role/manager/CNY", f"{LIMITS}/person/boss/CNY"
    body = {"amount_minor": 40_000, "reason": "Decided by the board"}
    await desk.ask("PUT", managers, json=body, headers=office.boss, expect=403)
    await desk.ask("PUT", f"{LIMITS}/role/king/CNY", json=body, expect=422)
    assert (await desk.ask("PUT", managers, json=body, expect=201))["version"] == 1
    made = await office.make(budget_minor=50_000)
    await office.step(made, "submit")
    refused = await office.step(made, "approve", {}, headers=office.boss, expect=403)
    assert (refused["code"], "50000 CNY" in refused["detail"], "40000" in refused["detail"]) == (
        "approval-limit", True, True
    )  # fmt: skip
    assert (await office.step(made, "approve", {}, expect=403))["code"] == "four-eyes", "whatever the limit"
    await desk.ask(
        "PUT", managers, json=body | {"amount_minor": 45_000}, headers={"If-Match": '"9"'}, expect=412
    )
    await desk.ask("PUT", person, json={"amount_minor": 60_000}, expect=201)
    assert (await office.step(made, "approve", {}, headers=office.boss))["state"] == "approved"

    endless = await office.make(budget_minor=0)
    await office.step(endless, "submit")
    refused = await office.step(endless, "approve", {}, headers=office.boss, expect=403)
    assert "without a limit" in refused["detail"]
    await desk.ask("PUT", person, json={"amount_minor": None}, headers={"If-Match": '"1"'})
    await office.step(endless, "approve", {}, headers=office.boss)
    small = await office.make(budget_minor=1, currency="USD")
    await office.approve(small)
    first = await desk.ask("GET", LIMITS, params={"limit": 1}, headers=office.boss)
    rest = await desk.ask("GET", LIMITS, params={"cursor": first["next_cursor"]})
    assert [each["holder"] for each in first["items"] + rest["items"]] == ["boss", "manager"]
    assert await desk.trail("campaign_limit", "role/manager/CNY") == [("create", "Decided by the board")]


async def test_a_step_that_is_asked_for_again_with_its_key_is_taken_once(office: Office) -> None:
    desk, made = office.desk, await office.make()
    path, headers = f"{PATH}/{made['campaign_id']}", desk.auth() | {"Idempotency-Key": "once"}
    answers = [await desk.client.post(f"{path}:submit", headers=headers) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert [each.headers["ETag"] for each in answers] == ['"2"', '"2"']
    assert "Idempotency-Replayed" in answers[1].headers
    await office.step(made, "submit", expect=409)
    for step, body in (
        ("approve", {"reason": None}),
        ("return", {"reason": "x"}),
        ("cancel", {"reason": "x"}),
    ):
        asked: dict[str, Any] = {"headers": office.boss | {"Idempotency-Key": step}}
        assert await office.step(made, step, body, **asked) == await office.step(made, step, body, **asked)
    actions = [action for action, _ in await desk.trail("campaign", made["campaign_id"])]
    assert actions == ["create", "submit", "approve", "return", "cancel"]
    reused = await office.step(
        made, "submit", headers=office.boss | {"Idempotency-Key": "cancel"}, expect=422
    )
    assert reused["code"] == "idempotency-key-reused"


async def test_what_would_never_fire_is_refused_and_licences_that_end_too_early_stay_out(
    office: Office,
) -> None:
    desk = office.desk
    for ceiling in ({"most_complaints": 3}, {"most_complaints_per_thousand": 0.5}):
        refused = await office.make(**ceiling, expect=422)
        assert (refused["code"], refused["errors"][0]["field"]) == ("complaints-not-told", *ceiling)
    made = await office.make()
    path = f"{PATH}/{made['campaign_id']}"
    await desk.ask("PUT", path, json=draft(most_complaints=3), expect=422)

    last = datetime.fromisoformat(made["ends_on"]).date()
    ends = {"R1": last - timedelta(days=1), "R2": last}
    for n, (retailer_id, until) in enumerate(ends.items()):
        await desk.put(retailer_id, store_ids=[STORES[n]], licence_valid_until=str(until))
    plan = await office.read(made, "/plan")
    assert plan["stay_out"] == [{"reason": f"licence-ends-{ends['R1']}", "stores": 1}]
    first = await office.read(made, "/stores", params={"limit": 5})
    rest = await office.read(made, "/stores", params={"cursor": first["next_cursor"], "limit": 100})
    shown = {each["store_id"]: each for each in first["items"] + rest["items"]}
    assert sorted(shown) == STORES, "also of a draft"
    assert [each["store_id"] for each in shown.values() if each["part"] == "excluded"] == ["S0001"]
    assert shown["S0001"]["reason"] == f"licence-ends-{ends['R1']}"
    figures = {each["name"]: each for each in (await office.read(made, "/plan-figures"))["items"]}
    assert (figures["treated"]["number"], figures["stay_out.1.stores"]["number"]) == (plan["treated"], 1)
    assert figures["balance.1.figure"]["text"] == "before_sticks"
    await office.approve(made)
    await office.step(made, "schedule")
    assert (await office.read(made, "/stores"))["items"] == list(shown.values())


async def test_what_a_rule_said_when_and_who_changed_it_can_be_read(office: Office) -> None:
    desk, pool = office.desk, office.desk.runtime.pool
    now = datetime.now(UTC)
    async with transaction(pool) as conn:
        assert await law.take_down_law(conn, now=now) == len(law.built_in())
        assert await law.take_down_law(conn, now=now) == 0
    await pool.execute(
        """UPDATE campaign_rule_versions SET rule = rule || '{"says": "An older release."}'
           WHERE rule_id = 'cn.minors'"""
    )
    async with transaction(pool) as conn:
        assert await law.take_down_law(conn, now=now + timedelta(hours=1)) == 1
    newer, older = (await desk.ask("GET", f"{RULES}/cn.minors/versions"))["items"]
    assert (newer["version"], newer["changed_by"], newer["valid_until"]) == (2, "software", None)
    assert (older["says"], older["valid_until"]) == ("An older release.", newer["valid_from"])
    assert (older["law"], older["article"], older["in_force_since"]) == (newer["law"], "59", "2021-06-01")

    rule = {
        "severity": "review", "field": "kind", "conditions": {"kind": ["training"]}, "law": "House rule 7",
        "says": "Looked at.", "in_force_since": str(today() - timedelta(days=9)),
    }  # fmt: skip
    path = f"{RULES}/own.training"
    await desk.ask("PUT", path, json=rule, expect=201)
    assert len((await office.make(kind="training"))["findings"]) == 1
    past = str(today() - timedelta(days=1))
    await desk.ask("PUT", path, json=rule | {"in_force_until": "2020-01-01"}, expect=422)
    await desk.ask("PUT", path, json=rule | {"in_force_until": past, "reason": "Over"})
    assert (await office.make(kind="training"))["findings"] == [], "it is not in force any more"
    first = await desk.ask("GET", f"{path}/versions", params={"limit": 1})
    (last,) = (await desk.ask("GET", f"{path}/versions", params={"cursor": first["next_cursor"]}))["items"]
    assert (first["items"][0]["reason"], first["items"][0]["in_force_until"]) == ("Over", past)
    assert (last["version"], last["changed_by"], last["in_force_until"]) == (1, "tester", None)
    await desk.ask("GET", f"{RULES}/own.none/versions", expect=404)
    await desk.ask("GET", f"{path}/versions", headers=desk.auth("manager", stores=["S0001"]), expect=403)


async def test_where_the_retail_price_is_fixed_nobody_is_told_to_sell_below_it(office: Office) -> None:
    desk = office.desk
    settings: Any = desk.runtime.settings
    desk.runtime.settings = settings.model_copy(update={"customers_jurisdiction": "US"})
    await tell(desk, PRODUCTS, product(1, version=2, retail_price_per_pack=2500, currency="CNY"))
    consumers: dict[str, Any] = {"kind": "price", "audience": "consumers", "channel": "in_store"}
    consumers |= {"adult_check": "id_seen", "holdout_share": 0}
    begins = await office.make(**consumers, discount_percent=10)
    assert begins["keeps_set_price"] is False
    await office.approve(begins, reason="Allowed here")
    await office.step(begins, "schedule")
    rule = {
        "severity": "forbidden", "field": "price_per_pack", "conditions": {"below_set_price": True},
        "law": "Law of the state", "says": "Not below the set price.", "in_force_since": "2026-01-01",
    }  # fmt: skip
    await desk.ask("PUT", f"{RULES}/own.set-price", json=rule, expect=201)
    refused = await office.make(**consumers, price_per_pack=2400, expect=422)
    assert (refused["code"], refused["errors"][0]["field"]) == ("campaign-forbidden", "price_per_pack")
    assert "own.set-price" in refused["detail"]
    assert (await office.make(**consumers, price_per_pack=2500))["keeps_set_price"] is True
    assert (await office.make(**consumers, price_per_pack=2400, gtins=[gtin(2)]))["state"] == "draft"
    assert await office.look(1) == 1
    told = await office.told()
    assert [(each.keeps_set_price, each.discount_percent) for each in told] == [(False, 10), (True, 10)]
