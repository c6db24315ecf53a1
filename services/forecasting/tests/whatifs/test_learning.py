"""Elasticities and effects of promotions: found where the past shows them, else said where they come from."""

from typing import Any

import numpy as np
import pytest

from humidor_forecasting.aggregates.work import Figures
from humidor_forecasting.elasticity.work import Weeks
from humidor_forecasting.whatifs.answering import answer
from humidor_forecasting.whatifs.learning import LITERATURE, choose_elasticity, estimate, learn_promotion
from humidor_forecasting.whatifs.rules import Change, price_of
from humidor_forecasting.whatifs.work import Normal, PastPromotion, WhatIfQuestion


def weeks(elasticity: float, *, series: int = 8, noise: float = 0.1, moves: bool = True) -> list[Weeks]:
    random, found = np.random.default_rng(5), []
    for number in range(series):
        count = 80
        steps = np.cumsum(random.random(count) < 0.08) if moves else np.zeros(count)
        price = 1.25 * 1.04 ** (steps * np.where(random.random() < 0.3, -1, 1))
        log = 5 + number / 3 + 0.002 * np.arange(count) + elasticity * np.log(price)
        sticks = np.exp(log + random.normal(0, noise, count))
        found.append(
            Weeks(
                series=f"S{number}",
                weeks=list(range(count)),
                sticks=sticks.tolist(),
                prices=price.tolist(),
                promoted=[0.0] * count,
            )
        )
    return found


def test_the_elasticity_of_own_weeks_is_found_with_an_error_that_covers_it() -> None:
    found, _, rows = estimate(weeks(-1.2))
    assert found is not None
    assert rows == 640
    assert abs(found.value + 1.2) < 3 * found.standard_error
    assert 0.01 < found.standard_error < 0.3


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ([], "fewer than 26 weeks"),
        (weeks(-1.0, moves=False), "hardly moved"),
        (weeks(1.5), "demand went up with the price"),
        (weeks(-1.0, series=1, noise=1.5), "too uncertain"),
    ],
)
def test_what_the_data_cannot_say_is_taken_from_the_literature(given: list[Weeks], why: str) -> None:
    found = choose_elasticity(None, given, [], whole_market=True)
    assert found.known == LITERATURE
    assert found.low == pytest.approx(-0.5, abs=0.005)
    assert "Chaloupka" in found.source
    assert why in found.reasons[0]
    part = choose_elasticity(None, given, [], whole_market=False)
    assert part.known.standard_error > LITERATURE.standard_error
    assert "to others" in part.reasons[-1]


def test_pooled_weeks_stand_in_for_own_ones_and_a_stated_value_for_both() -> None:
    assert "same price classes" in choose_elasticity(None, [], weeks(-0.8), whole_market=False).source
    stated = choose_elasticity(Normal(value=-2.0, standard_error=0.1), weeks(-0.8), [], whole_market=False)
    assert (stated.known.value, stated.source) == (-2.0, "given with the request")


def event(
    number: int, times: float, discount: float | None = 10.0, mechanic: str = "price-cut"
) -> PastPromotion:
    return PastPromotion(f"S{number}/G", f"p{number}", mechanic, discount, 1000 * times, 1000.0)


def test_a_promotion_is_learnt_from_past_ones_scaled_to_its_discount() -> None:
    price = choose_elasticity(None, [], [], whole_market=True)
    past = [event(1, 1.4), event(2, 1.5), event(3, 1.6)]
    same = learn_promotion(past, [], "price-cut", 10.0, price)
    assert same is not None
    assert np.exp(same.known.value) == pytest.approx(1.5, abs=0.02)
    assert same.known.between > 0
    assert same.observations == 3
    more = learn_promotion(past, [], "price-cut", 20.0, price)
    assert more is not None
    assert more.known.value == pytest.approx(same.known.value * np.log(0.8) / np.log(0.9))
    assert any("extrapolated" in each for each in more.reasons)
    pooled = learn_promotion(past[:1], past, "price-cut", 10.0, price)
    assert pooled is not None
    assert "same price classes" in pooled.source
    by_price = learn_promotion([], [], "price-cut", 10.0, price)
    assert by_price is not None
    assert by_price.known.value == pytest.approx(-0.4 * np.log(0.9))
    assert learn_promotion(past, past, "gift", None, price) is None


def test_prices_come_from_what_was_paid_and_say_when_they_were_never_paid() -> None:
    known = {
        "sticks_per_pack": 20,
        "retail_price_per_pack": 2600,
        "price": 125.0,
        "low": 120.0,
        "high": 130.0,
    }
    taxed = price_of(Change(tax_per_pack_minor=100, pass_through=0.5), known)
    assert (taxed.now, taxed.then, taxed.ratio, taxed.beyond) == (2500.0, 2550.0, 1.02, False)
    assert price_of(Change(percent=10), known).beyond
    assert price_of(Change(per_pack_minor=2600), known).ratio == 1.04
    unknown = known | {"price": None, "retail_price_per_pack": None}
    assert price_of(Change(per_pack_minor=2600), unknown).ratio is None
    assert price_of(Change(percent=-10), unknown).ratio == 0.9
    assert price_of(Change(tax_per_pack_minor=-(10**9)), known).ratio == 0.01


def question(**changes: Any) -> WhatIfQuestion:
    row = [100.0, 60.0, 80.0, 100.0, 120.0, 140.0]
    series = Figures(
        store_id="S", gtin="G", group="", probabilities=[0.025, 0.1, 0.5, 0.9, 0.975], days=[row] * 7,
        span=[each * 7 for each in row], span_days=[row] * 7,
    )  # fmt: skip
    asked: dict[str, Any] = {
        "series": [series], "together": 0.2, "probabilities": [0.1, 0.5, 0.9], "price_ratios": [1.5],
        "price_days": [3, 4], "promotion_days": [], "mechanic": None, "discount_percent": None,
        "elasticity": None, "whole_market": True, "own_weeks": [], "pooled_weeks": [], "own_promotions": [],
        "pooled_promotions": [],
    }  # fmt: skip
    return WhatIfQuestion(**(asked | changes))


def test_both_worlds_come_from_the_same_draws() -> None:
    nothing = answer(question(elasticity=Normal(value=0.0, standard_error=0.0)))
    assert nothing.changed == nothing.published
    assert nothing.change == [0.0] * 4
    found = answer(question())
    assert found.changed.days[:3] == found.published.days[:3]
    assert found.changed.days[3][0] == pytest.approx(100 * 1.5**-0.4, abs=0.5)
    unknown = answer(question(price_days=[], promotion_days=[1], mechanic="tasting"))
    assert (unknown.promotion, unknown.elasticity, unknown.change[0]) == (None, None, 0.0)
    assert "nothing is known" in unknown.reasons[0]
