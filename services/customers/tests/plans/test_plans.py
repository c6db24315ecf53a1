"""Order plans from history, stock, forecasts, caps and budget; a fake of `inventory` speaks its words."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from humidor_common.clock import utc_now
from humidor_common.events.forecasting import DayDemand, ForecastPublished, SpanDemand
from humidor_common.ids import uuid7
from humidor_customers.allocation import caps
from humidor_customers.plans.consumers import SUBSCRIPTION as FORECASTS
from humidor_customers.plans.figures import PATH, Figures
from humidor_customers.plans.rules import demand_of
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.ordering import gtin, offer, open_cycle, tell


def test_demand_is_what_was_requested_and_never_steadier_than_chance() -> None:
    found = demand_of([0, 1400, 2800, 2800], 7, None, 200)
    assert [round(each, 1) for each in found[:2]] == [333.3, 305.5]
    assert demand_of([2800] * 4, 7, None, 200).sd_per_day == pytest.approx(282.84, abs=0.01)
    assert demand_of([2800] * 4, 7, 100.0, 200)[::2] == (100.0, "forecast")
    assert demand_of([], 7, None, 200) == (0.0, 0.0, "none")


class Calculator:
    """Answers order plans as `inventory` does: twice a day's demand is the level, all of it needed."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answer: httpx.Response | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.url.path == PATH
        assert request.headers["authorization"].startswith("Bearer ")
        body = json.loads(request.content)
        self.asked.append(body)
        if self.answer is not None:
            return self.answer
        lines = [self._line(item, body["budget_minor"]) for item in body["items"]]
        return httpx.Response(200, json={"unit": body["unit"], "lines": lines, "value_minor": 0})

    def _line(self, item: dict[str, Any], budget: int | None) -> dict[str, Any]:
        level = round(item["demand"]["mean_per_day"] * 14)
        needed = max(level - item["on_hand"] - item["on_order"], 0)
        allowed = min(needed, item.get("supply_cap", needed))
        bought = allowed if budget is None else min(allowed, budget // item["unit_price_minor"])
        cuts = [("supply_cap", needed - allowed), ("budget", allowed - bought)]
        return {
            "gtin": item["gtin"],
            "position": item["on_hand"] + item["on_order"],
            "level": level,
            "needed": needed,
            "quantity": bought,
            "value_minor": bought * item["unit_price_minor"],
            "shortfall": needed - bought,
            "cuts": [{"code": code, "quantity": quantity} for code, quantity in cuts if quantity],
            "days_of_cover": None,
            "days_of_cover_after": 3.5,
            "explanation": None,
        }


@pytest.fixture
def calculator(desk: Desk) -> Calculator:
    made = Calculator()
    http = httpx.AsyncClient(transport=httpx.MockTransport(made))
    desk.runtime.put(Figures(http, "http://inventory"))
    return made


@pytest.fixture
async def cycle(desk: Desk) -> UUID:
    """C1 asked for 6, 8 and 7 cartons of product 1 in the last three weeks."""
    await desk.put("C1", store_ids=["S0001"])
    await offer(desk, 1, 2, 3)
    cycle_id = await open_cycle(desk, ["C1"])
    rows = [(uuid7(), week, cartons) for week, cartons in ((3, 6), (2, 8), (1, 7))]
    for past, week, cartons in rows:
        first = utc_now().date() - timedelta(days=7 * week)
        await desk.runtime.pool.execute(
            """INSERT INTO order_cycles VALUES ($1, $2, $3, $4, 1, now(), 'x')""",
            past,
            f"P{week}",
            first,
            first + timedelta(days=6),
        )
        await history(desk, past, cartons)
    return cycle_id


async def history(desk: Desk, cycle_id: UUID, cartons: int) -> None:
    await desk.runtime.pool.execute(
        """WITH made AS (
               INSERT INTO orders (order_id, retailer_id, cycle_id, store_id, state, stock, payment, prepaid,
                   accept_less, currency, value_minor, paid_minor, delivery_on, attempt, exceptions,
                   placed_at, placed_by, version, changed_at)
               VALUES ($1, 'C1', $2, 'S0004', 'delivered', 'shipped', 'paid', false, false, 'CNY', 0, 0,
                       current_date, 1, '{}', now(), 'x', 1, now()) RETURNING order_id)
           INSERT INTO order_lines (order_id, line, gtin, unit, multiple_sticks, requested_sticks,
                                    ordered_sticks, cuts, minor_per_carton, sticks_per_carton)
           SELECT order_id, 1, $3, 'carton', 200, $4, 200, '[]', 10000, 200 FROM made""",
        uuid7(),
        cycle_id,
        gtin(1),
        200 * cartons,
    )


def forecast(number: int, mean: float, *, issued: int = 0) -> ForecastPublished:
    first = utc_now().date().isoformat()
    return ForecastPublished(
        forecast_id=uuid7(),
        store_id="S0001",
        gtin=gtin(number),
        model="m",
        model_version="1",
        data_until=datetime(2026, 11, 1, tzinfo=UTC),
        issued_at=datetime(2026, 11, 1, tzinfo=UTC) + timedelta(hours=issued),
        starts_on=first,
        horizon_days=2,
        probabilities=[0.5],
        days=[
            DayDemand(day=first, mean_sticks=mean - 10, quantiles_sticks=[mean]),
            DayDemand(day=first, mean_sticks=mean + 10, quantiles_sticks=[mean]),
        ],
        cumulative=[SpanDemand(days=n, mean_sticks=mean * n, quantiles_sticks=[mean]) for n in (1, 2)],
    )


async def test_a_plan_is_made_downloaded_and_confirmed_in_one_act(
    desk: Desk, cycle: UUID, calculator: Calculator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def caps_of(*_: object, **_only: object) -> caps.Caps:
        return caps.Caps(None, {"C1": {gtin(1): 2000}}, None, {}, {})

    monkeypatch.setattr(caps, "caps_of", caps_of)
    await tell(desk, FORECASTS, forecast(2, 40.0, issued=2), forecast(2, 900.0, issued=1))
    body = {"retailer_id": "C1", "stock": [{"gtin": gtin(1), "quantity": 45, "unit": "pack"}]}
    plan = await desk.ask("POST", "/v1/order-plans", json=body, expect=201)
    (asked,) = calculator.asked
    first, second = asked["items"]
    assert (first["on_hand"], first["supply_cap"], first["demand"]["mean_per_day"]) == (4, 10, 1.0)
    assert (second["gtin"], second["demand"]["mean_per_day"]) == (gtin(2), 0.2)
    assert (asked["review_days"], plan["cycle_id"]) == (7, str(cycle))
    assert asked["lead_time_days"] in (1, 2)  # by the date in Shanghai
    told = [
        (line["demand_basis"], line["needed_sticks"], line["requested_sticks"], line["ordered_sticks"])
        for line in plan["lines"]
    ]
    assert told == [("history", 2000, 2000, 2000), ("forecast", 600, 600, 600)]
    assert (plan["value_minor"], plan["lines"][0]["stock_known"], plan["lines"][1]["stock_known"]) == (
        130_000,
        True,
        False,
    )
    path = f"/v1/order-plans/{plan['plan_id']}"
    file = await desk.client.get(f"{path}/lines?format=csv", headers=desk.auth())
    assert file.headers["content-disposition"].endswith('filename="lines.csv"')
    assert len(file.text.strip().splitlines()) == 3
    change = {"quantities": [{"gtin": gtin(1), "cartons": 12}]}
    order = await desk.ask("POST", f"{path}:confirm", json=change, expect=201)
    lines = [(line["requested_sticks"], line["ordered_sticks"]) for line in order["lines"]]
    assert (order["state"], lines) == ("confirmed", [(2400, 2000), (600, 600)])
    again = await desk.ask("POST", f"{path}:confirm", json={}, expect=409)
    assert again["detail"] == f"The plan is the order {order['order_id']} already."
    (listed,) = (await desk.ask("GET", "/v1/order-plans", params={"retailer_id": "C1"}))["items"]
    assert listed["order_id"] == order["order_id"]
    stranger = desk.auth("manager", stores=["S0002"])
    for method, wanted in (("GET", path), ("GET", f"{path}/lines"), ("POST", f"{path}:confirm")):
        await desk.ask(method, wanted, json={}, headers=dict(stranger), expect=404)


async def test_a_budget_and_the_credit_left_bound_a_plan(
    desk: Desk, cycle: UUID, calculator: Calculator
) -> None:
    await desk.put("C1", store_ids=["S0001"], credit_limit_minor=60_000, currency="CNY")
    plan = await desk.ask("POST", "/v1/order-plans", json={"retailer_id": "C1"}, expect=201)
    assert (plan["budget_minor"], plan["value_minor"]) == (60_000, 60_000)
    assert plan["lines"][0]["cuts"] == [{"code": "budget", "sticks": 1600}]
    body = {"retailer_id": "C1", "budget_minor": 25_000, "cycle_id": str(cycle)}
    assert (await desk.ask("POST", "/v1/order-plans", json=body, expect=201))["value_minor"] == 20_000
    assert calculator.asked[-1]["budget_minor"] == 25_000


async def test_what_cannot_be_planned_is_said_clearly(
    desk: Desk, cycle: UUID, calculator: Calculator
) -> None:
    assert cycle
    unknown = {"retailer_id": "C1", "stock": [{"gtin": gtin(9), "quantity": 1}]}
    problem = await desk.ask("POST", "/v1/order-plans", json=unknown, expect=422)
    assert problem["errors"] == [{"field": "stock[0].gtin", "message": "there is no such product"}]
    await desk.put("C2")
    assert (await desk.ask("POST", "/v1/order-plans", json={"retailer_id": "C2"}, expect=409))["code"] == (
        "no-window"
    )
    for answer, status, code in (
        (httpx.Response(403, json={}), 403, "forbidden"),
        (httpx.Response(500, text="broken"), 503, "unavailable"),
        (
            httpx.Response(422, json={"detail": "no", "errors": [{"field": "items[0].x", "message": "m"}]}),
            422,
            "invalid",
        ),
    ):
        calculator.answer = answer
        problem = await desk.ask("POST", "/v1/order-plans", json={"retailer_id": "C1"}, expect=status)
        assert problem["code"] == code
    desk.runtime.put(Figures(httpx.AsyncClient(), None))
    await desk.ask("POST", "/v1/order-plans", json={"retailer_id": "C1"}, expect=503)
    assert (await desk.ask("GET", "/v1/order-plans", params={"retailer_id": "C1"}))["items"] == []
