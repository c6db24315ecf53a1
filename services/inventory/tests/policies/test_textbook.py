"""Cases of Snyder and Shen with stockpyl's answers; all of them where HUMIDOR_PUBLISHED_DATA holds them."""

import json
import os
from collections.abc import Callable
from math import sqrt
from pathlib import Path
from typing import Any

import pytest

from humidor_inventory.policies.rules import eoq
from humidor_inventory.policies.rules import newsvendor as nv
from humidor_inventory.policies.rules.distributions import Normal, Poisson

PUBLISHED = Path(os.environ.get("HUMIDOR_PUBLISHED_DATA") or "/nowhere") / "inventory" / "eoq_newsvendor.json"
CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "textbook.json").read_text())["cases"]
if PUBLISHED.exists():
    CASES += [case | {"case": f"published: {case['case']}"} for case in json.loads(PUBLISHED.read_text())]


def economic(ordering: float, holding: float, demand: float, order_quantity: float | None = None) -> Any:
    quantity = order_quantity or eoq.order_quantity(ordering, holding, demand)
    return [quantity, eoq.cost(quantity, ordering, holding, demand)]


def all_units(ordering: float, rate: float, demand: float, starts: Any, prices: Any) -> Any:
    best = eoq.all_units_discount(ordering, rate, demand, list(zip(starts, prices, strict=True)))
    return [best.quantity, best.band, best.cost]


def incremental(ordering: float, rate: float, demand: float, starts: Any, prices: Any) -> Any:
    best = eoq.incremental_discount(ordering, rate, demand, list(zip(starts, prices, strict=True)))
    return [best.quantity, best.band, best.cost]


def disrupted(ordering: float, holding: float, shortage: float, demand: float, *rates: float) -> Any:
    return eoq.with_disruptions(ordering, holding, shortage, demand, (rates[0], rates[1]))


def normal(overage: float, underage: float, mean: float, sd: float, lead_time: int = 0) -> Any:
    demand = Normal(mean * (lead_time + 1), sd * sqrt(lead_time + 1))
    quantity = nv.quantity(demand, underage, overage)
    return [quantity, nv.cost(quantity, demand, underage, overage)]


def normal_cost(level: float, overage: float, underage: float, mean: float, sd: float) -> Any:
    return nv.cost(level, Normal(mean, sd), underage, overage)


def poisson(overage: float, underage: float, mean: float) -> Any:
    quantity = nv.quantity(Poisson(mean), underage, overage)
    return [quantity, nv.cost(quantity, Poisson(mean), underage, overage)]


def explicit(price: float, unit_cost: float, salvage: float, mean: float, sd: float) -> Any:
    demand = Normal(mean, sd)
    quantity = nv.quantity(demand, price - unit_cost, unit_cost - salvage)
    return [quantity, nv.profit(quantity, demand, price, unit_cost, salvage)]


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "eoq.economic_order_quantity": economic,
    "eoq.economic_order_quantity_with_all_units_discounts": all_units,
    "eoq.economic_order_quantity_with_incremental_discounts": incremental,
    "eoq.economic_order_quantity_with_backorders": eoq.with_backorders,
    "supply_uncertainty.eoq_with_disruptions": disrupted,
    "newsvendor.newsvendor_normal": normal,
    "newsvendor.newsvendor_normal_cost": normal_cost,
    "newsvendor.newsvendor_poisson": poisson,
    "newsvendor.newsvendor_normal_explicit": explicit,
}


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_the_textbook_s_answer_is_found(case: dict[str, Any]) -> None:
    found = FUNCTIONS[case["function"]](*case["args"], **case["kwargs"])
    # The quantity under disruptions is found by search on a flat curve.
    exact = 1e-6 if "disruptions" in case["function"] else 1e-9
    assert found == pytest.approx(case["expected"], rel=exact)


def test_the_two_headline_figures() -> None:
    assert economic(8, 0.225, 1300) == pytest.approx([304.0468, 68.4105], abs=5e-5)
    assert normal(0.18, 0.70, 50, 8) == pytest.approx([56.6040, 1.9976], abs=5e-5)
