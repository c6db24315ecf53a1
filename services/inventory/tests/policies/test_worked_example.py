"""The worked example of docs/inventory/levels.md, figure by figure."""

from math import sqrt
from pathlib import Path
from typing import Any

import pytest

from humidor_inventory.policies.prepare import answer
from humidor_inventory.policies.schemas import PolicyAnswer, PolicyInput

PAGE = (Path(__file__).parents[4] / "docs" / "inventory" / "levels.md").read_text()
SHOP = {
    "demand": {"mean_per_day": 12, "sd_per_day": 5},
    "lead_time_days": 2,
    "lead_time_sd_days": 0.5,
}


def ask(**changes: Any) -> tuple[PolicyAnswer, dict[str, float]]:
    found = answer(PolicyInput(**(SHOP | changes)))
    return found, {step.name: step.value for step in found.steps}


def says(*texts: str) -> None:
    flat = " ".join(PAGE.split())
    assert [text for text in texts if text not in flat] == []


def test_the_weekly_order_of_the_page() -> None:
    cycle, steps = ask(policy="R_S", review_days=7, service={"kind": "cycle", "target": 0.95})
    assert steps["sd_over_interval"] == pytest.approx(sqrt(9 * 25 + 144 * 0.25))
    says(f"= {steps['sd_over_interval']:.4f} packs", f"= {steps['order_up_to']:.4f}, so 135 packs")
    assert (cycle.order_up_to, cycle.safety_stock) == (135, 27)
    fill, steps = ask(policy="R_S", review_days=7, service={"kind": "fill", "target": 0.98})
    assert fill.order_up_to == 123
    assert steps["shortage"] == pytest.approx(1.5396, abs=5e-5)
    assert fill.service.reached == pytest.approx(1 - steps["shortage"] / 84)
    says("At S = 123 it is 1.5396", f"reached {fill.service.reached:.2%}".replace("%", " %"))


def test_the_cap_of_the_page() -> None:
    capped, _ = ask(policy="R_S", review_days=7, service={"kind": "fill", "target": 0.98}, supply_cap=90)
    says(f"{capped.service.reached:.2%} instead of {capped.service.without_cap:.2%}".replace("%", " %"))
    says(f"and {capped.service.extra_stock_to_make_up} packs more would make up for it", "by 8.26 packs")
    assert "8.26 pack on average" in capped.service.note


def test_the_economic_quantity_of_the_page() -> None:
    found, steps = ask(
        policy="eoq",
        service={"kind": "fill", "target": 0.98},
        unit_cost_minor=2000,
        holding_rate_per_year=0.2,
        ordering_cost_minor=3000,
        order_multiple=10,
    )
    assert steps["eoq"] == pytest.approx(sqrt(2 * 30 * 4380 / 4))
    assert (found.order_quantity, found.reorder_point) == (260, 22)
    assert steps["cost_of_rounding"] == pytest.approx(10.4, abs=0.05)
    says(f"= {steps['eoq']:.2f}", "neighbour 260, for 0.10 yuan a year more; r = 22")
