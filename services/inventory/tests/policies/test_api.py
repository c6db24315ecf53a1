import math
from typing import Any

import pytest

from humidor_inventory.testing.shop import STORE, Shop, line, make_gtin, sale

POLICY: dict[str, Any] = {
    "policy": "r_Q",
    "demand": {"mean_per_day": 12, "sd_per_day": 5},
    "service": {"kind": "fill", "target": 0.98},
    "order_quantity": 60,
}
WEEKLY: dict[str, Any] = {
    "policy": "R_S",
    "demand": {"mean_per_day": 12, "sd_per_day": 5},
    "lead_time_days": 2,
    "review_days": 7,
    "service": {"kind": "cycle", "target": 0.95},
}


async def suggestions(shop: Shop, gtin: str) -> Any:
    path = f"/v1/replenishments?store_id={STORE}&gtin={gtin}&state=open"
    return (await shop.ask("GET", path))["items"]


async def calculate(shop: Shop, *items: dict[str, Any]) -> Any:
    found = await shop.ask("POST", "/v1/policies:calculate", json={"items": items})
    return found["results"]


async def test_an_answer_explains_itself_by_figures_that_can_be_recomputed(shop: Shop) -> None:
    (found,) = await calculate(shop, WEEKLY)
    steps = {step["name"]: step for step in found["steps"]}
    assert steps["mean_over_interval"]["value"] == pytest.approx(12 * 9)
    assert steps["sd_over_interval"]["value"] == pytest.approx(math.sqrt(9) * 5)
    need = 12 * 9 + 1.6448536269514722 * 15
    assert steps["order_up_to"]["value"] == pytest.approx(need)
    assert (found["order_up_to"], found["reorder_point"]) == (math.ceil(need), math.ceil(need) - 1)
    assert found["adjustments"][0]["kind"] == "rounding"
    assert {step["unit"] for step in found["steps"]} == {"pack", "pack/day", "day", "1"}
    assert "F_{L+R}^-1" in found["formula"]
    assert "Silver" in found["source"]
    assert "ADI" in found["distribution"]["reason"]
    assert found["inputs"]["lead_time_days"] == 2
    assert found["service"]["reached"] >= 0.95


async def test_the_textbook_s_order_quantity_comes_over_http(shop: Shop) -> None:
    item = {
        "policy": "eoq",
        "demand": {"mean_per_day": 1300 / 365, "sd_per_day": 0},
        "lead_time_days": 0,
        "unit_cost_minor": 75,
        "holding_rate_per_year": 0.3,
        "ordering_cost_minor": 800,
    }
    plain, backordered, banded = await calculate(
        shop,
        item,
        item | {"backorder_cost_minor_per_year": 500},
        item
        | {
            "price_bands": [
                {"from_quantity": 0, "unit_cost_minor": 75},
                {"from_quantity": 400, "unit_cost_minor": 72},
                {"from_quantity": 800, "unit_cost_minor": 68},
            ]
        },
    )
    steps = [{s["name"]: s["value"] for s in each["steps"]} for each in (plain, backordered, banded)]
    assert (steps[0]["eoq"], steps[0]["eoq_cost"]) == pytest.approx((304.0468, 6841.05), rel=1e-5)
    assert plain["order_quantity"] == 304
    assert (steps[1]["eoq"], steps[1]["share_backordered"]) == pytest.approx((310.8126, 0.04306), rel=1e-4)
    assert (banded["order_quantity"], steps[2]["eoq_cost"]) == (800, pytest.approx(97_860.0))


async def test_the_textbook_s_newsvendor_comes_over_http(shop: Shop) -> None:
    item = {
        "policy": "newsvendor",
        "demand": {"mean_per_day": 50, "sd_per_day": 8},
        "lead_time_days": 0,
        "review_days": 1,
        "stockout_cost_minor": 70,
        "unit_cost_minor": 30,
        "salvage_minor": 12,
    }
    smooth, slow = await calculate(
        shop, item, item | {"demand": {"mean_per_day": 50, "sd_per_day": 0.1, "distribution": "poisson"}}
    )
    steps = {step["name"]: step["value"] for step in smooth["steps"]}
    assert steps["quantity"] == pytest.approx(56.60395592743389)
    assert (smooth["order_quantity"], slow["order_quantity"]) == (57, 56)
    assert steps["critical_ratio"] == pytest.approx(0.7 / 0.88)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"demand": {"mean_per_day": -1, "sd_per_day": 1}}, "items[0].demand.mean_per_day"),
        ({"demand": {"mean_per_day": 1}}, "items[0].demand.sd_per_day"),
        ({"demand": {}}, "items[0].demand"),
        ({"demand": {"mean_per_day": 0, "sd_per_day": 2}}, "items[0].demand.sd_per_day"),
        (
            {"demand": {"quantiles": [{"probability": p, "quantity": 9 - 8 * p} for p in (0.1, 0.9)]}},
            "items[0].demand.quantiles",
        ),
        ({"service": None}, "items[0].service"),
        ({"service": {"kind": "fill", "target": 1.0}}, "items[0].service.target"),
        ({"lead_time_days": None}, "items[0].lead_time_days"),
        ({"lead_time_days": 0, "lead_time_sd_days": 1}, "items[0].lead_time_sd_days"),
        ({"review_days": 0}, "items[0].review_days"),
        ({"supply_cap": 5, "order_multiple": 10}, "items[0].order_multiple"),
        ({"supply_cap": 15, "order_multiple": 10, "minimum_order": 12}, "items[0].minimum_order"),
        ({"policy": "eoq"}, "items[0].unit_cost_minor"),
        ({"policy": "s_S", "review_days": 0}, "items[0].order_quantity"),
        ({"policy": "newsvendor", "service": None}, "items[0].stockout_cost_minor"),
        ({"policy": "newsvendor", "stockout_cost_minor": 5}, "items[0].salvage_minor"),
        ({"lead_time_days": 3650, "demand": {"mean_per_day": 1e5, "sd_per_day": 1e5}}, None),
        ({"lead_time_days": 3650, "lead_time_sd_days": 3650}, None),
        ({"demand": {"mean_per_day": 1e5, "sd_per_day": 0}, "lead_time_sd_days": 3650}, None),
        ({"policy": "R_S", "nonsense": 1}, "items[0].nonsense"),
    ],
)
async def test_impossible_input_is_refused_by_name(
    shop: Shop, change: dict[str, Any], field: str | None
) -> None:
    if field is None:
        (found,) = await calculate(shop, WEEKLY | change)
        assert math.isfinite(found["safety_stock"])
        return
    problem = await shop.ask("POST", "/v1/policies:calculate", json={"items": [WEEKLY | change]}, expect=422)
    assert problem["errors"][0]["field"] == field


async def test_a_thousand_products_are_calculated_at_once_and_no_more(shop: Shop) -> None:
    items = [WEEKLY | {"demand": {"mean_per_day": i / 10, "sd_per_day": 1}} for i in range(1, 1001)]
    found = await calculate(shop, *items)
    assert len(found) == 1000
    levels = [each["order_up_to"] for each in found]
    assert levels[0] < levels[-1]
    await shop.ask("POST", "/v1/policies:calculate", json={"items": [*items, WEEKLY]}, expect=422)
    assert (await shop.ask("GET", "/v1/policies"))["items"] == []


async def test_a_stored_policy_sets_the_level_and_suggests_at_once(shop: Shop) -> None:
    gtin = make_gtin(1)
    await shop.ask("PUT", "/v1/suppliers/ACME", json={"name": "Acme", "lead_time_days": 4}, expect=201)
    await shop.put_product(gtin, supplier_id="ACME", order_multiple_packs=10)
    await shop.receive((gtin, 40, "A"))
    path = f"/v1/policies/{STORE}/{gtin}"
    answer = await shop.client.put(path, json=POLICY, headers=shop.auth("manager", stores=[STORE]))
    assert answer.status_code == 201
    view = answer.json()
    assert view["answer"]["inputs"] | {"lead_time_days": 4, "order_multiple": 10} == view["answer"]["inputs"]
    level = await shop.ask("GET", f"/v1/levels/{STORE}/{gtin}")
    figures = view["answer"]["level"]
    assert {name: level[name] for name in figures} == figures
    assert level["unit"] == "pack"
    (suggested,) = await suggestions(shop, gtin)
    assert suggested["quantity"] == 60
    read = await shop.client.get(path, headers=shop.auth())
    assert (read.json(), read.headers["etag"]) == (view, '"1"')
    (row,) = (await shop.ask("GET", f"/v1/policies?store_id={STORE}&policy=r_Q"))["items"]
    assert (row["gtin"], row["reorder_point"]) == (gtin, view["answer"]["reorder_point"])
    trail = await shop.runtime.pool.fetch("SELECT action FROM audit_trail WHERE entity = 'policy'")
    assert [each[0] for each in trail] == ["set"]


async def test_sales_bring_the_position_above_the_point_in_whole_quantities(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 200, "A"))
    given = POLICY | {"lead_time_days": 4, "auto_approve": True}
    view = await shop.ask("PUT", f"/v1/policies/{STORE}/{gtin}", json=given, expect=201)
    point = view["answer"]["reorder_point"]
    assert await suggestions(shop, gtin) == []
    await shop.deliver(sale(line(gtin, 200 - point)))
    assert (await shop.stock(gtin))["on_order"] == 60
    await shop.deliver(sale(line(gtin, 61)))
    assert (await shop.stock(gtin))["on_order"] == 120
    await shop.check()


async def test_two_who_change_a_policy_at_once_do_not_overwrite_each_other(shop: Shop, gtin: str) -> None:
    path = f"/v1/policies/{STORE}/{gtin}"
    await shop.ask("PUT", path, json=WEEKLY, expect=201)
    headers = shop.auth() | {"If-Match": '"1"'}
    await shop.ask("PUT", path, json=WEEKLY | {"review_days": 14}, headers=headers)
    await shop.ask("PUT", path, json=WEEKLY, headers=headers, expect=412)
    await shop.client.delete(path, headers=headers)
    assert (await shop.ask("GET", path))["parameters"]["review_days"] == 14
    gone = await shop.client.delete(path, headers=shop.auth())
    assert gone.status_code == 204
    await shop.ask("GET", path, expect=404)
    await shop.ask("GET", f"/v1/levels/{STORE}/{gtin}")


async def test_what_cannot_be_stored_is_refused_and_changes_nothing(shop: Shop, gtin: str) -> None:
    for target, change, field in (
        (f"{STORE}/{make_gtin(9)}", {}, "gtin"),
        (f"S0404/{gtin}", {}, "store_id"),
        (f"{STORE}/{gtin}", {"auto_approve": True}, "auto_approve"),
        (f"{STORE}/{gtin}", {"lead_time_days": None}, "lead_time_days"),
        (f"{STORE}/{gtin}", {"policy": "r_Q", "order_quantity": 2_000_000}, "order_quantity"),
        (f"{STORE}/{gtin}", {"demand": {"mean_per_day": 99_999, "sd_per_day": 0}, "unit": "case"}, None),
    ):
        problem = await shop.ask(
            "PUT", f"/v1/policies/{target}", json=WEEKLY | change, expect=(field and 422) or 201
        )
        assert field is None or problem["errors"][0]["field"] == field
    await shop.client.delete(f"/v1/policies/{STORE}/{gtin}", headers=shop.auth())
    stranger = shop.auth("manager", stores=["S0002"])
    path = f"/v1/policies/{STORE}/{gtin}"
    for method in ("PUT", "GET", "DELETE"):
        await shop.ask(method, path, json=WEEKLY, headers=stranger, expect=403)
    await shop.ask("PUT", path, json=WEEKLY, headers=shop.auth("analyst"), expect=403)
    await shop.ask("POST", "/v1/policies:recalculate", json={"store_id": STORE}, headers=stranger, expect=403)


async def test_a_changed_lead_time_moves_the_levels_when_they_are_calculated_anew(shop: Shop) -> None:
    slow, fixed = make_gtin(1), make_gtin(2)
    await shop.ask("PUT", "/v1/suppliers/ACME", json={"name": "Acme", "lead_time_days": 2}, expect=201)
    for gtin in (slow, fixed):
        await shop.put_product(gtin, supplier_id="ACME")
    await shop.ask("PUT", f"/v1/policies/{STORE}/{slow}", json=WEEKLY | {"lead_time_days": None}, expect=201)
    await shop.ask("PUT", f"/v1/policies/{STORE}/{fixed}", json=WEEKLY, expect=201)
    await shop.receive((slow, 140, "A"), (fixed, 140, "A"))
    assert await suggestions(shop, slow) == []
    await shop.ask("PUT", "/v1/suppliers/ACME", json={"name": "Acme", "lead_time_days": 9})
    asked = {"store_id": STORE}
    found = await shop.ask("POST", "/v1/policies:recalculate", json=asked)
    assert (found["calculated"], found["changed"], found["refused"]) == (2, [slow], [])
    (suggested,) = await suggestions(shop, slow)
    level = await shop.ask("GET", f"/v1/levels/{STORE}/{slow}")
    assert suggested["quantity"] == level["order_up_to"] - 140
    assert (await shop.ask("GET", f"/v1/policies/{STORE}/{slow}"))["version"] == 2
    again = await shop.ask("POST", "/v1/policies:recalculate", json=asked)
    assert (again["calculated"], again["changed"]) == (2, [])
    assert (await shop.ask("GET", f"/v1/policies/{STORE}/{slow}"))["version"] == 2


async def test_a_policy_without_an_answer_keeps_its_level_and_is_told(shop: Shop) -> None:
    gtin = make_gtin(1)
    await shop.put_product(gtin, lead_time_days=2)
    await shop.ask("PUT", f"/v1/policies/{STORE}/{gtin}", json=WEEKLY | {"lead_time_days": None}, expect=201)
    await shop.put_product(gtin)
    found = await shop.ask("POST", "/v1/policies:recalculate", json={"store_id": STORE})
    assert (found["calculated"], found["changed"]) == (0, [])
    assert found["refused"][0] | {"gtin": gtin, "field": "lead_time_days"} == found["refused"][0]
    assert (await shop.ask("GET", f"/v1/levels/{STORE}/{gtin}"))["order_up_to"] == 133


async def test_a_hand_set_level_gives_way_to_its_policy(shop: Shop, gtin: str) -> None:
    await shop.ask("PUT", f"/v1/policies/{STORE}/{gtin}", json=WEEKLY, expect=201)
    hand = {"reorder_point": 1, "order_up_to": 2}
    await shop.ask("PUT", f"/v1/levels/{STORE}/{gtin}", json=hand)
    found = await shop.ask("POST", "/v1/policies:recalculate", json={"store_id": STORE})
    assert found["changed"] == [gtin]
    assert (await shop.ask("GET", f"/v1/levels/{STORE}/{gtin}"))["order_up_to"] == 133


async def test_the_list_is_paged(shop: Shop) -> None:
    gtins = sorted(make_gtin(number) for number in range(3))
    for gtin in gtins:
        await shop.put_product(gtin)
        await shop.ask("PUT", f"/v1/policies/{STORE}/{gtin}", json=WEEKLY, expect=201)
    first = await shop.ask("GET", "/v1/policies?limit=2")
    rest = await shop.ask("GET", f"/v1/policies?limit=2&cursor={first['next_cursor']}")
    assert [each["gtin"] for each in first["items"] + rest["items"]] == gtins
    assert rest["next_cursor"] is None
    assert (await shop.ask("GET", "/v1/policies?policy=eoq"))["items"] == []
