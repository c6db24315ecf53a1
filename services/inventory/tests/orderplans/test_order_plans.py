"""Order plans of trade customers: levels from their own figures, caps, a budget for what runs out first."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_inventory.orderplans.rules import Need, within_budget
from humidor_inventory.testing.shop import Shop, make_gtin


def item(number: int, **changes: Any) -> dict[str, Any]:
    values = {
        "gtin": make_gtin(number),
        "on_hand": 10,
        "demand": {"mean_per_day": 3, "sd_per_day": 1.5},
        "unit_price_minor": 18_000,
    }
    return values | changes


def body(*items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    plan = {"lead_time_days": 2, "review_days": 7, "items": list(items)}
    return plan | {"service": {"kind": "cycle", "target": 0.95}} | changes


async def test_the_level_the_cap_and_the_budget_lead_to_the_quantity(shop: Shop) -> None:
    items = [item(1), item(2, supply_cap=20), item(3, on_hand=60), item(4, on_hand=0, order_multiple=10)]
    path = "/v1/order-plans:calculate"
    plan = await shop.ask("POST", path, json=body(*items, explain=True))
    # 27 + 1.6449 sqrt(9 2.25) = 34.4: level 35.
    figures = [(line["level"], line["needed"], line["quantity"]) for line in plan["lines"]]
    assert figures == [(35, 25, 25), (35, 25, 20), (35, 0, 0), (35, 40, 40)]
    assert plan["lines"][1]["cuts"] == [{"code": "supply_cap", "quantity": 5}]
    assert plan["lines"][0]["explanation"]["policy"] == "R_S"
    assert (plan["value_minor"], plan["value_needed_minor"]) == (85 * 18_000, 90 * 18_000)

    small = await shop.ask("POST", path, json=body(*items, budget_minor=30 * 18_000))
    assert small["value_minor"] <= 30 * 18_000
    # What has nothing in stock comes first: 20 of it last 6.67 days, 5 each bring the others to 5.
    assert [line["quantity"] for line in small["lines"]] == [5, 5, 0, 20]
    assert small["lines"][0]["cuts"] == [{"code": "budget", "quantity": 20}]
    assert small["lines"][3]["days_of_cover_after"] == 6.67
    assert small["lines"][0]["explanation"] is None
    assert await shop.runtime.pool.fetchval("SELECT count(*) FROM plans") == 0


async def test_what_does_not_fit_is_named(shop: Shop) -> None:
    path = "/v1/order-plans:calculate"
    problem = await shop.ask("POST", path, json=body(item(1), item(2, demand={})), expect=422)
    assert problem["errors"][0]["field"] == "items[1].demand"
    stored = item(2, demand={"source": "forecast"})
    problem = await shop.ask("POST", path, json=body(stored), expect=422)
    assert problem["errors"][0]["field"] == "items[0].demand.source"
    await shop.ask("POST", path, json=body(item(1), item(1)), expect=422)
    await shop.ask("POST", path, json=body(*(item(1),) * 1001), expect=422)
    history = item(1, demand={"history": [float(i % 5) for i in range(60)]}, on_hand=0)
    (line,) = (await shop.ask("POST", path, json=body(history)))["lines"]
    assert line["quantity"] == line["level"] > 0


def test_the_example_of_the_rule() -> None:
    needs = [
        Need(position=position, allowed=200, multiple=1, daily=10.0, price_minor=1) for position in (50, 0)
    ]
    assert within_budget(needs, 100) == [25, 75]
    assert within_budget(needs, None) == [200, 200]


async def test_money_that_buys_no_minimum_order_buys_something_else(shop: Shop) -> None:
    """Spread evenly, 2 of 8 would go to the second, which is sold by 6 only: the first takes them."""
    first = item(1, on_hand=0, unit_price_minor=1)
    second = item(2, on_hand=4, unit_price_minor=1, minimum_order=6)
    path = "/v1/order-plans:calculate"
    plan = await shop.ask("POST", path, json=body(first, second, budget_minor=8))
    assert [line["quantity"] for line in plan["lines"]] == [8, 0]
    assert plan["lines"][1]["cuts"] == [{"code": "budget", "quantity": 31}]
    assert plan["value_minor"] == 8


@given(
    st.lists(
        st.tuples(
            st.integers(0, 50),
            st.integers(0, 20),
            st.sampled_from((1, 10)),
            st.integers(0, 9),
            st.integers(0, 5),
        ),
        min_size=1,
        max_size=8,
    ),
    st.integers(0, 2000),
)
@settings(max_examples=150, deadline=None)
def test_the_budget_is_kept_and_nothing_that_fits_is_left_out(
    drawn: list[tuple[int, int, int, int, int]], budget: int
) -> None:
    needs = [
        Need(position=p, allowed=n * m, multiple=m, daily=float(d), price_minor=price)
        for p, n, m, d, price in drawn
    ]
    bought = within_budget(needs, budget)
    spent = sum(need.price_minor * quantity for need, quantity in zip(needs, bought, strict=True))
    assert spent <= budget or bought == [need.allowed for need in needs]
    for need, quantity in zip(needs, bought, strict=True):
        assert 0 <= quantity <= need.allowed
        assert quantity % need.multiple == 0
    left = budget - spent
    for need, quantity in zip(needs, bought, strict=True):
        price = need.price_minor * need.multiple
        assert price > left or quantity + need.multiple > need.allowed
