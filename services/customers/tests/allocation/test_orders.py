"""Orders are cut to what the published strategy allows, and count as requests of their cycle."""

from humidor_customers.testing.desk import Desk
from humidor_customers.testing.ordering import gtin, offer, open_cycle
from humidor_customers.testing.supply import make_scheme, make_strategy, put_in_tiers


async def test_an_order_is_cut_to_the_cap_of_its_tier_and_to_the_total_of_its_segment(desk: Desk) -> None:
    await desk.put("C1")
    cycle_id = await open_cycle(desk, ["C1"])
    await offer(desk, 1, 2)
    await make_scheme(desk)
    await put_in_tiers(desk, {"C1": 2})
    lines = [
        {"subject": "segment", "code": "mid", "caps_cartons": [1, 5, 9]},
        {"subject": "product", "code": gtin(1), "caps_cartons": [1, 3, 9]},
    ]
    strategy = await make_strategy(desk, cycle_id, lines)
    path = f"/v1/strategies/{strategy['strategy_id']}"
    await desk.ask("POST", f"{path}:publish", json={"reason": "first", "unsimulated": True})
    wanted = [{"gtin": gtin(n), "quantity": 4, "unit": "carton"} for n in (1, 2)]
    order = await desk.ask("POST", "/v1/orders", json={"retailer_id": "C1", "lines": wanted}, expect=201)
    assert [each["requested_sticks"] for each in order["lines"]] == [800, 800]
    assert [each["ordered_sticks"] for each in order["lines"]] == [600, 400]

    runs = {"request_cycle_ids": [str(cycle_id)]}
    nothing = await desk.ask("POST", f"{path}/simulations", json=runs, expect=409)
    assert nothing["code"] == "no-requests", "a draft is no demand yet"
    await desk.ask("POST", f"/v1/orders/{order['order_id']}:confirm")
    run = await desk.ask("POST", f"{path}/simulations", json=runs, expect=201)
    found = await desk.ask("GET", f"/v1/allocation-runs/{run['run_id']}/indicators?by=segment")
    assert [(each["requested_sticks"], each["ordered_sticks"]) for each in found["items"]] == [(1600, 1000)]
    seen = await desk.ask("POST", f"{path}/observations", expect=201)
    found = await desk.ask("GET", f"/v1/allocation-runs/{seen['run_id']}/indicators?by=product")
    figures = [
        (each["requested_sticks"], each["ordered_sticks"], each["supplied_sticks"]) for each in found["items"]
    ]
    assert figures == [(800, 600, 0), (800, 400, 0)], "the warehouse has not answered yet"
    assert (seen["kind"], seen["rule"]) == ("observation", None)


async def test_without_a_segment_of_the_offer_the_price_class_is_one_for_orders_caps_and_simulations(
    desk: Desk,
) -> None:
    await desk.put("C1")
    cycle_id = await open_cycle(desk, ["C1"])
    await offer(desk, 1, 2, segment=None)
    await make_scheme(desk)
    await put_in_tiers(desk, {"C1": 2})
    lines = [
        {"subject": "segment", "code": "class-2", "caps_cartons": [1, 5, 9]},
        {"subject": "product", "code": gtin(1), "caps_cartons": [4]},
    ]
    strategy = await make_strategy(desk, cycle_id, lines)
    path = f"/v1/strategies/{strategy['strategy_id']}"
    await desk.ask("POST", f"{path}:publish", json={"reason": "first", "unsimulated": True})
    own = await desk.ask("GET", "/v1/retailers/C1/caps", params={"cycle_id": str(cycle_id)})
    assert [each["price_segment"] for each in own["products"]] == ["class-2"]
    wanted = [{"gtin": gtin(n), "quantity": 4} for n in (1, 2)]
    body = {"retailer_id": "C1", "confirm": True, "lines": wanted}
    order = await desk.ask("POST", "/v1/orders", json=body, expect=201)
    assert [each["ordered_sticks"] for each in order["lines"]] == [800, 200]
    runs = {"request_cycle_ids": [str(cycle_id)]}
    run = await desk.ask("POST", f"{path}/simulations", json=runs, expect=201)
    found = await desk.ask("GET", f"/v1/allocation-runs/{run['run_id']}/indicators?by=segment")
    assert [
        (each["price_segment"], each["requested_sticks"], each["ordered_sticks"]) for each in found["items"]
    ] == [("class-2", 1600, 1000)]
