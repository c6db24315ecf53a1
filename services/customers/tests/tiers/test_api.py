"""Tiers over HTTP: drafted, locked, scored, published, overridden, with everything kept."""

from typing import Any

import msgspec

from humidor_common.events.customers import TierChanged
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.supply import MONTH, SCHEME, make_scheme, put_in_tiers, send_figures


async def told(desk: Desk) -> list[tuple[str, int | None, int | None, bool]]:
    found = [msgspec.json.decode(raw, type=TierChanged) for _, raw in await desk.told(TierChanged.TYPE)]
    return [(each.retailer_id, each.before, each.tier, each.overridden) for each in found]


async def tiers_of(desk: Desk) -> dict[str, int]:
    found = await desk.ask("GET", "/v1/tiers/cigarettes")
    return {each["retailer_id"]: each["tier"] for each in found["items"]}


async def score(desk: Desk, scheme_id: str, **period: str) -> Any:
    path = f"/v1/tier-schemes/{scheme_id}/scorings"
    return await desk.ask("POST", path, json=MONTH | period, expect=201)


async def publish(desk: Desk, scoring: Any, *, expect: int = 200) -> Any:
    path = f"/v1/tier-scorings/{scoring['scoring_id']}:publish"
    return await desk.ask("POST", path, json={"reason": "October"}, expect=expect)


async def test_customers_are_scored_into_tiers_that_hold_once_published(desk: Desk) -> None:
    for number in range(1, 5):
        await desk.put(f"C{number}", compliance_grade="C" if number == 3 else "A")
    await desk.put("C9", state="prospect", licence_number=None)
    value = "purchase_value_minor"
    report = await send_figures(
        desk,
        ("C1", value, "2026-10-01", 100),
        ("C2", value, "2026-10-01", 100),
        ("C2", value, "2026-10-15", 200),
        ("C3", value, "2026-10-01", 900),
        ("C3", value, "2026-11-01", 1),
        ("C1", "purchase_sticks", "2026-10-01", 9000),
    )
    assert report["created"] == 6
    scheme = await make_scheme(desk, grade_tiers={"C": 2})
    scoring = await score(desk, scheme["scheme_id"])
    assert (scoring["customers"], scoring["customers_by_tier"]) == (4, [1, 3, 0])
    assert await tiers_of(desk) == {}

    found = await desk.ask("GET", f"/v1/tier-scorings/{scoring['scoring_id']}/scores")
    scores = {each["retailer_id"]: each for each in found["items"]}
    # C3 leads by value (rank 87.5) and shares the rank 37.5 of nothing by volume: 0.7 * 87.5 + 0.3 * 37.5.
    assert scores["C3"]["score"] == 72.5
    assert (scores["C3"]["level"], scores["C3"]["tier"]) == (3, 2)
    assert scores["C3"]["bounded_by"] == ["compliance_grade"]
    assert scores["C2"]["measures"][0] == {"measure": value, "value": 300, "rank": 62.5, "weight": 70}
    done = await publish(desk, scoring)
    assert done["state"] == "published"
    assert await tiers_of(desk) == {"C1": 2, "C2": 2, "C3": 2, "C4": 1}
    assert await told(desk) == [(name, None, tier, False) for name, tier in (await tiers_of(desk)).items()]
    await publish(desk, scoring, expect=409)
    assert await desk.trail("tier_scoring", scoring["scoring_id"]) == [
        ("score", None),
        ("publish", "October"),
    ]


async def test_a_scheme_is_locked_before_it_scores_and_replaced_by_its_next_number(desk: Desk) -> None:
    await desk.put("C1")
    made = await desk.ask("POST", "/v1/tier-schemes", json=SCHEME, expect=201)
    path = f"/v1/tier-schemes/{made['scheme_id']}"
    terms = {name: value for name, value in SCHEME.items() if name != "code"}
    stale = await desk.ask("PUT", path, json=terms | {"tiers": 5}, headers={"If-Match": '"9"'}, expect=412)
    assert stale["code"] == "precondition-failed"
    changed = await desk.ask("PUT", path, json=terms | {"tiers": 5}, headers={"If-Match": '"1"'})
    assert (changed["tiers"], changed["version"]) == (5, 2)
    refused = await desk.ask("POST", f"{path}/scorings", json=MONTH, expect=409)
    assert refused["code"] == "scheme-state"
    await desk.ask("POST", f"{path}:publish", json={"reason": "x"}, expect=409)
    await desk.ask("POST", f"{path}:lock")
    locked = await desk.ask("PUT", path, json=terms | {"tiers": 6}, expect=409)
    assert locked["code"] == "scheme-locked"
    scoring = await score(desk, made["scheme_id"])
    assert (await publish(desk, scoring, expect=409))["code"] == "scheme-state"
    await desk.ask("POST", f"{path}:publish", json={"reason": "new year"})
    await publish(desk, scoring)

    following = await make_scheme(desk, tiers=30, newcomer_days=3000, newcomer_tier=24)
    assert (following["number"], following["state"]) == (2, "published")
    listed = await desk.ask("GET", "/v1/tier-schemes?code=cigarettes")
    assert [each["state"] for each in listed["items"]] == ["retired", "published"]
    assert await tiers_of(desk) == {"C1": 3}, "the tiers stay until the new scheme has scored"
    late = await score(desk, following["scheme_id"], starts_on="2026-11-01", ends_on="2026-11-30")
    early = await score(desk, following["scheme_id"])
    await publish(desk, late)
    assert await tiers_of(desk) == {"C1": 16}, "in the middle of one, below what a newcomer gets at best"
    assert (await publish(desk, early, expect=409))["code"] == "later-scoring"
    actions = [action for action, _ in await desk.trail("tier_scheme", made["scheme_id"])]
    assert actions == ["create", "change", "lock", "publish", "retire"]


async def test_a_person_sets_a_tier_with_a_reason_that_stays_or_ends(desk: Desk) -> None:
    await desk.put("C1")
    await desk.put("C2")
    body = {"tier": 1, "reason": "rebuilt"}
    path = "/v1/tiers/cigarettes/C1/override"
    assert (await desk.ask("PUT", path, json=body, expect=409))["code"] == "no-scheme-in-force"
    scheme = await make_scheme(desk)
    too_high = await desk.ask("PUT", path, json=body | {"tier": 4}, expect=422)
    assert too_high["errors"][0]["field"] == "tier"
    await desk.ask("PUT", path, json={"tier": 1}, expect=422)
    await desk.ask("PUT", path, json=body)
    never = await desk.ask("POST", f"{path}:end", json={"reason": "over"}, expect=409)
    assert never["code"] == "never-scored"
    await desk.ask("PUT", "/v1/tiers/cigarettes/C2/override", json=body | {"stays": True})
    await publish(desk, await score(desk, scheme["scheme_id"]))
    assert await tiers_of(desk) == {"C1": 2, "C2": 1}
    back = await desk.ask("POST", "/v1/tiers/cigarettes/C2/override:end", json={"reason": "over"})
    assert (back["tier"], back["override_tier"]) == (2, None)
    assert await told(desk) == [
        ("C1", None, 1, True),
        ("C2", None, 1, True),
        ("C1", 1, 2, False),
        ("C2", 1, 2, False),
    ]
    trail = await desk.trail("customer_tier", "cigarettes/C1")
    assert trail == [("override", "rebuilt"), ("end_override", "October")]
    assert await desk.trail("customer_tier", "cigarettes/C2") == [
        ("override", "rebuilt"),
        ("end_override", "over"),
    ]


async def test_a_merged_customer_has_no_tier_of_its_own_until_the_merge_is_undone(desk: Desk) -> None:
    await desk.put("C1")
    await desk.put("C2")
    await make_scheme(desk)
    await put_in_tiers(desk, {"C1": 1, "C2": 3})
    merge = await desk.ask(
        "POST", "/v1/merges", json={"survivor_id": "C1", "merged_id": "C2", "reason": "one"}, expect=201
    )
    assert await tiers_of(desk) == {"C1": 1}
    body = {"tier": 2, "reason": "x"}
    await desk.ask("PUT", "/v1/tiers/cigarettes/C2/override", json=body, expect=409)
    await desk.ask("POST", f"/v1/merges/{merge['merge_id']}:undo", json={"reason": "two"})
    assert await tiers_of(desk) == {"C1": 1, "C2": 3}


async def test_callers_of_a_store_read_their_own_tiers_alone(desk: Desk) -> None:
    await desk.put("C1", store_ids=["S0001"])
    await desk.put("C2")
    await make_scheme(desk)
    await put_in_tiers(desk, {"C1": 1, "C2": 3})
    bound = desk.auth("manager", stores=["S0001"])
    for path, status in (
        ("/v1/tiers/cigarettes", 403),
        ("/v1/tier-schemes", 403),
        ("/v1/retailers/C1/tiers", 200),
        ("/v1/retailers/C2/tiers", 404),
    ):
        assert (await desk.client.get(path, headers=bound)).status_code == status, path
    refused = await desk.client.post("/v1/tier-schemes", json=SCHEME, headers=desk.auth("auditor"))
    assert refused.status_code == 403


async def test_a_scheme_that_does_not_fit_together_is_refused_by_field(desk: Desk) -> None:
    wrong: list[dict[str, Any]] = [
        {"measures": []},
        {"measures": [{"measure": "a", "weight": 1}, {"measure": "a", "weight": 2}]},
        {"shares_bp": [5000, 5000]},
        {"minimum_scores": [50]},
        {"minimum_scores": [60, 50]},
        {"newcomer_tier": 4},
        {"minimum_scores": [50, 60], "shares_bp": [10_000, 0, 0]},
        {"tiers": 101},
    ]
    for changes in wrong:
        answer = await desk.ask("POST", "/v1/tier-schemes", json=SCHEME | changes, expect=422)
        assert answer["errors"], changes
    report = await desk.client.post(
        "/v1/imports?kind=tier-figures",
        content="retailer_id,measure,begins_on,value\nC404,a,2026-10-01,1\nC1,a,2026-10-01,-1",
        headers=desk.auth() | {"Content-Type": "text/csv"},
    )
    assert [(each["row"], each["field"]) for each in report.json()["errors"]] == [
        (2, "retailer_id"),
        (3, "value"),
    ]
