"""Strategies over HTTP: drafted, refused, simulated, published, shared and explained."""

from typing import Any
from uuid import UUID

import msgspec

from humidor_common.db.transaction import transaction
from humidor_common.events.customers import StrategyPublished, SupplyShared
from humidor_customers.allocation.caps import caps_of
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.supply import MONTH, make_cycle, make_scheme, make_strategy, put_in_tiers

HOT, SLOW, FREE = "06901028000001", "06901028000002", "06901028000003"
LINES: list[dict[str, Any]] = [
    {"subject": "segment", "code": "high", "caps_cartons": [3, 4, 8]},
    {"subject": "product", "code": HOT, "price_segment": "high", "caps_cartons": [1, 2, 6]},
    {"subject": "product", "code": HOT, "price_segment": "high", "mode": "market_type", "audience": ["rural"],
     "caps_cartons": [1, 1, 1]},
    {"subject": "product", "code": SLOW, "price_segment": "high", "caps_cartons": [4]},
]  # fmt: skip


async def ask_requests(desk: Desk, code: str, *rows: tuple[str, str, int], expect: int = 200) -> Any:
    """Import requests in cartons: customer, product, how many."""
    lines = [f"{code},{name},{gtin.lstrip('0')},{cartons},条" for name, gtin, cartons in rows]
    content = "\n".join(["订货周期,客户编码,商品编码,需求量,单位", *lines]).encode("gb18030")
    path = "/v1/imports?kind=cycle-requests&dry_run=false"
    return await desk.ask("POST", path, content=content, headers={"Content-Type": "text/csv"}, expect=expect)


async def market(desk: Desk) -> dict[str, UUID]:
    """Four customers in three tiers, one of them rural, with the requests of last week; two cycles."""
    for name, more in (
        ("C1", {}),
        ("C2", {}),
        ("C3", {"market_type": "rural"}),
        ("C4", {"store_ids": ["S0001"]}),
    ):
        await desk.put(name, **more)
    await make_scheme(desk)
    await put_in_tiers(desk, {"C1": 3, "C2": 2, "C3": 3, "C4": 1})
    cycles = {code: await make_cycle(desk, code, week) for code, week in (("W47", 2), ("W48", 3))}
    report = await ask_requests(
        desk, "W47", ("C1", HOT, 9), ("C1", SLOW, 4), ("C2", HOT, 2), ("C3", HOT, 3), ("C1", FREE, 5)
    )
    assert report["created"] == 5
    return cycles


async def simulate(desk: Desk, strategy: Any, *cycles: UUID, expect: int = 201, **more: Any) -> Any:
    body = {"request_cycle_ids": [str(each) for each in cycles]} | more
    path = f"/v1/strategies/{strategy['strategy_id']}/simulations"
    return await desk.ask("POST", path, json=body, expect=expect)


async def indicators(desk: Desk, run: Any, by: str) -> dict[Any, Any]:
    found = await desk.ask("GET", f"/v1/allocation-runs/{run['run_id']}/indicators", params={"by": by})
    key = {"product": "gtin", "tier": "tier", "segment": "price_segment"}[by]
    return {each[key]: each for each in found["items"]}


def ratio(view: Any, name: str) -> tuple[int, int]:
    return view[name]["numerator"], view[name]["denominator"]


async def publish(desk: Desk, strategy: Any, *, expect: int = 200, **more: Any) -> Any:
    path = f"/v1/strategies/{strategy['strategy_id']}:publish"
    return await desk.ask("POST", path, json={"reason": "week 48"} | more, expect=expect)


async def test_a_strategy_is_simulated_against_last_weeks_requests_before_it_is_published(desk: Desk) -> None:
    cycles = await market(desk)
    strategy = await make_strategy(desk, cycles["W48"], LINES)
    assert (await publish(desk, strategy, expect=409))["code"] == "not-simulated"
    run = await simulate(desk, strategy, cycles["W47"], supply=[{"gtin": HOT, "sticks": 1200}])
    assert (run["customers"], run["products"], run["requests"]) == (4, 3, 5)
    products = await indicators(desk, run, "product")
    # C1 may have 6 + 4 cartons, 8 by the segment: 4.8 and 3.2 come to 5 and 3. C2 orders 2, C3 (rural) 1.
    hot = products[HOT]
    assert [hot[f"{name}_sticks"] for name in ("requested", "ordered", "supplied")] == [2800, 1600, 1200]
    assert ratio(hot, "full_order_share") == (2, 3)
    assert ratio(hot, "cap_use") == (1600, 2000)
    assert ratio(hot, "order_fill") == (1200, 2800)
    assert ratio(hot, "ordering_share") == (3, 4)
    assert products[SLOW]["cap_use"] == {"numerator": 600, "denominator": 3200, "value": 0.1875}
    assert products[FREE]["cap_use"]["value"] is None
    assert products[FREE]["supplied_sticks"] == 1000
    segments = await indicators(desk, run, "segment")
    assert segments["high"]["ordered_sticks"] == 2200
    tiers = await indicators(desk, run, "tier")
    assert {tier: each["ordered_sticks"] for tier, each in tiers.items()} == {1: 0, 2: 400, 3: 2800}

    published = await publish(desk, strategy)
    assert published["state"] == "published"
    async with desk.runtime.pool.acquire() as conn:
        caps = await caps_of(conn, cycles["W48"], ["C1", "C3", "C404"])
        some = await caps_of(conn, cycles["W48"], ["C1"], gtins=[SLOW, FREE])
        none = await caps_of(conn, cycles["W47"], ["C1"])
    assert [caps.of_product("C1", gtin) for gtin in (HOT, SLOW, FREE)] == [1200, 800, None]
    assert (caps.of_product("C3", HOT), caps.of_product("C404", HOT)) == (200, 0)
    assert (caps.of_segment("C1", "high"), caps.segment_of[HOT]) == (1600, "high")
    assert (some.of_product("C1", SLOW), some.of_segment("C1", "high")) == (800, 1600)
    assert (none.strategy_id, none.of_product("C1", HOT)) == (None, None)

    following = await make_strategy(desk, cycles["W48"], LINES[1:2], unlisted="refused")
    await publish(desk, following, unsimulated=True)
    changed = await desk.ask("GET", f"/v1/strategies/{strategy['strategy_id']}")
    assert changed["state"] == "superseded"
    own = await desk.ask("GET", "/v1/retailers/C1/caps", params={"cycle_id": str(cycles["W48"])})
    assert own["products"] == [{"gtin": HOT, "price_segment": "high", "cap_sticks": 1200}]
    assert (own["unlisted"], own["segments"]) == ("refused", {})
    told = [
        msgspec.json.decode(raw, type=StrategyPublished) for _, raw in await desk.told(StrategyPublished.TYPE)
    ]
    assert [(each.products, each.superseded_id) for each in told] == [
        (2, None),
        (1, UUID(strategy["strategy_id"])),
    ]
    actions = [action for action, _ in await desk.trail("strategy", strategy["strategy_id"])]
    assert actions == ["create", "change_lines", "publish", "supersede"]


async def test_what_is_short_is_shared_and_every_customer_can_ask_why(desk: Desk) -> None:
    cycles = await market(desk)
    strategy = await make_strategy(desk, cycles["W48"], LINES)
    path = f"/v1/strategies/{strategy['strategy_id']}/sharings"
    body: dict[str, Any] = {"rule": "priority", "supply": [{"gtin": HOT, "sticks": 1400}]}
    assert (await desk.ask("POST", path, json=body, expect=409))["code"] == "strategy-not-published"
    await publish(desk, strategy, unsimulated=True)
    assert (await desk.ask("POST", path, json=body, expect=409))["code"] == "no-requests"
    await ask_requests(desk, "W48", ("C1", HOT, 9), ("C2", HOT, 2), ("C3", HOT, 1), ("C4", HOT, 1))
    headers = {"Idempotency-Key": "share-1"}
    run = await desk.ask("POST", path, json=body, headers=headers, expect=201)
    assert await desk.ask("POST", path, json=body, headers=headers, expect=201) == run
    assert (await desk.ask("POST", path, json=body, expect=409))["code"] == "shared-already"

    async def got(name: str) -> Any:
        asked = {"cycle_id": str(cycles["W48"])}
        return (await desk.ask("GET", f"/v1/retailers/{name}/shares", params=asked))["items"][0]

    assert [(await got(name))["supplied_sticks"] for name in ("C1", "C2", "C3", "C4")] == [1200, 0, 200, 0]
    first = await got("C1")
    assert [each["code"] for each in first["steps"]] == ["requested", "cap", "shared", "supplied"]
    assert first["steps"][2]["figures"] == {"supply_sticks": 1400, "all_ordered_sticks": 2000}
    again = body | {"rule": "max_min", "reason": "more came in", "supply": [{"gtin": HOT, "sticks": 1600}]}
    await desk.ask("POST", path, json=again, expect=201)
    assert [(await got(name))["supplied_sticks"] for name in ("C1", "C2", "C3", "C4")] == [800, 400, 200, 200]
    runs = await desk.ask("GET", f"/v1/strategies/{strategy['strategy_id']}/runs")
    assert [(each["rule"], each["in_force"]) for each in runs["items"]] == [
        ("max_min", True),
        ("priority", False),
    ]
    told = [msgspec.json.decode(raw, type=SupplyShared) for _, raw in await desk.told(SupplyShared.TYPE)]
    assert [(each.rule, each.gtins) for each in told] == [("priority", [HOT]), ("max_min", [HOT])]
    assert (await desk.trail("strategy", strategy["strategy_id"]))[-1] == ("share", "more came in")


async def test_bundles_and_quotas_are_refused_with_the_rule_that_they_break(desk: Desk) -> None:
    cycles = await market(desk)
    strategy = await make_strategy(desk, cycles["W48"], [])
    path = f"/v1/strategies/{strategy['strategy_id']}/lines"
    for term, code in (
        ({"bundle_with": SLOW}, "tying-forbidden"),
        ({"minimum_cartons": [1, 1, 1]}, "quota-forbidden"),
    ):
        refused = await desk.ask("PUT", path, json={"lines": [LINES[1] | term]}, expect=422)
        assert refused["code"] == code
        assert refused["errors"][0]["field"].endswith(next(iter(term)))
        assert "article 22" in refused["source"]
    body = {"cycle_id": str(cycles["W48"]), "scheme_code": "cigarettes", "name": "x", "quota": 1}
    assert (await desk.ask("POST", "/v1/strategies", json=body, expect=422))["code"] == "quota-forbidden"
    listed = await desk.ask("GET", "/v1/strategies/refusals")
    assert [each["code"] for each in listed["refusals"]] == ["tying-forbidden", "quota-forbidden"]


async def test_lines_that_do_not_fit_are_refused_by_place_and_nothing_is_written(desk: Desk) -> None:
    cycles = await market(desk)
    strategy = await make_strategy(desk, cycles["W48"], LINES)
    path = f"/v1/strategies/{strategy['strategy_id']}/lines"
    for change, field in (
        ({"caps_cartons": [1, 2]}, "lines[1].caps_cartons"),
        ({"mode": "market_type", "audience": ["space"]}, "lines[1].audience"),
        ({"mode": "retailer", "audience": ["C404"]}, "lines[1].audience"),
        ({"price_segment": "low"}, "lines[1].price_segment"),
        ({"mode": "tag"}, "lines[1]"),
        ({"code": "abc"}, "lines[1]"),
        ({"caps_cartons": [-1, 0, 0]}, "lines[1].caps_cartons[0]"),
    ):
        refused = await desk.ask("PUT", path, json={"lines": [LINES[1], LINES[1] | change]}, expect=422)
        assert refused["errors"][0]["field"] == field, change
    await desk.ask("PUT", path, json={"lines": LINES}, headers={"If-Match": '"1"'}, expect=412)
    kept = await desk.ask("GET", path, params={"limit": 3})
    assert [each["line"] for each in kept["items"]] == [1, 2, 3]
    rest = await desk.ask("GET", path, params={"cursor": kept["next_cursor"]})
    assert [each["caps_sticks"] for each in rest["items"]] == [[800]]
    await publish(desk, strategy, unsimulated=True)
    assert (await desk.ask("PUT", path, json={"lines": []}, expect=409))["code"] == "strategy-published"
    unknown = {"request_cycle_ids": ["019aaf6e-5c00-7000-8000-000000000001"]}
    runs = f"/v1/strategies/{strategy['strategy_id']}/simulations"
    refused = await desk.ask("POST", runs, json=unknown, expect=422)
    assert refused["errors"][0]["field"] == "request_cycle_ids[0]"
    twice = {"request_cycle_ids": [str(cycles["W47"])] * 2}
    refused = await desk.ask("POST", runs, json=twice, expect=422)
    assert refused["errors"][0]["message"].endswith("names a cycle twice")


async def test_requests_of_a_merged_customer_count_for_the_one_that_goes_on_for_it(desk: Desk) -> None:
    cycles = await market(desk)
    shop = LINES[3] | {"mode": "retailer", "audience": ["C2"], "caps_cartons": [9]}
    strategy = await make_strategy(desk, cycles["W48"], [*LINES, shop])
    merge = {"survivor_id": "C1", "merged_id": "C2", "reason": "one"}
    made = await desk.ask("POST", "/v1/merges", json=merge, expect=201)
    run = await simulate(desk, strategy, cycles["W47"])
    assert (run["customers"], run["requests"]) == (3, 4)
    hot = (await indicators(desk, run, "product"))[HOT]
    assert (hot["requested_sticks"], ratio(hot, "ordering_share")) == (2800, (2, 3))
    async with transaction(desk.runtime.pool) as conn:
        await conn.execute("UPDATE strategies SET state = 'published'")
        assert (await caps_of(conn, cycles["W48"], ["C1"])).of_product("C1", SLOW) == 1800
    await desk.ask("POST", f"/v1/merges/{made['merge_id']}:undo", json={"reason": "two"})
    again = await simulate(desk, strategy, cycles["W47"])
    assert (again["customers"], again["requests"]) == (4, 5)
    async with desk.runtime.pool.acquire() as conn:
        assert (await caps_of(conn, cycles["W48"], ["C1"])).of_product("C1", SLOW) == 800


async def test_a_cycle_is_never_supplied_by_tiers_of_another_number_of_the_scheme(desk: Desk) -> None:
    await market(desk)
    cycles = [await make_cycle(desk, f"far-{number}", 5000 + number) for number in (1, 2)]
    await publish(desk, await make_strategy(desk, cycles[0], LINES), unsimulated=True)
    late = await make_strategy(desk, cycles[1], LINES)
    scheme = await make_scheme(desk, tiers=2)
    assert (await publish(desk, late, expect=409, unsimulated=True))["code"] == "scheme-retired"
    scored = await desk.ask(
        "POST", f"/v1/tier-schemes/{scheme['scheme_id']}/scorings", json=MONTH, expect=201
    )
    path = f"/v1/tier-scorings/{scored['scoring_id']}:publish"
    refused = await desk.ask("POST", path, json={"reason": "x"}, expect=409)
    assert refused["code"] == "strategy-by-former"
    two = [line | {"caps_cartons": [1, 2]} for line in LINES]
    await publish(desk, await make_strategy(desk, cycles[0], two), unsimulated=True)
    await desk.ask("POST", path, json={"reason": "x"})
    assert {each["override_tier"] for each in (await desk.ask("GET", "/v1/tiers/cigarettes"))["items"]} == {
        1, 2, None
    }  # fmt: skip


async def test_callers_of_a_store_see_what_their_own_customers_may_have_and_no_more(desk: Desk) -> None:
    cycles = await market(desk)
    strategy = await make_strategy(desk, cycles["W48"], LINES, barred_grades=["D"])
    await publish(desk, strategy, unsimulated=True)
    await desk.put("C1", compliance_grade="D")
    asked = {"cycle_id": str(cycles["W48"])}
    barred = await desk.ask("GET", "/v1/retailers/C1/caps", params=asked)
    assert {each["cap_sticks"] for each in barred["products"]} == {0}
    bound = desk.auth("manager", stores=["S0001"])
    for path, status in (
        (f"/v1/strategies/{strategy['strategy_id']}", 403),
        ("/v1/strategies", 403),
        ("/v1/retailers/C4/caps", 200),
        ("/v1/retailers/C1/caps", 404),
        ("/v1/retailers/C4/shares", 404),
    ):
        answer = await desk.client.get(path, params=asked, headers=bound)
        assert answer.status_code == status, path
    files = desk.auth("manager", stores=["S0001"]) | {"Content-Type": "text/csv"}
    refused = await desk.client.post("/v1/imports?kind=cycle-requests", content="a", headers=files)
    assert refused.status_code == 403
    wrong = await ask_requests(desk, "W99", ("C404", HOT, 1), expect=422)
    assert [each["field"] for each in wrong["report"]["errors"]] == ["retailer_id", "cycle_code"]
