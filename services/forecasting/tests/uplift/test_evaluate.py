"""Promotions whose effect was planted: it is found, where nothing was nothing is found, doubts are said."""

from typing import Any

import msgspec
import numpy as np
import pytest

from humidor_forecasting.testing.promoted import asked, stores
from humidor_forecasting.uplift import prophecy
from humidor_forecasting.uplift.evaluate import evaluate
from humidor_forecasting.uplift.methods import METHODS, Asked
from humidor_forecasting.uplift.money import profit
from humidor_forecasting.uplift.panel import Window, make_panel, usable
from humidor_forecasting.uplift.wording import TEXTS
from humidor_forecasting.uplift.work import (
    Effect,
    EvaluationInput,
    EvaluationOutput,
    Figure,
    Money,
    MovedPrice,
    StoreDays,
)


def codes(output: EvaluationOutput) -> set[str]:
    return {each.code for each in output.reasons}


def check(output: EvaluationOutput) -> EvaluationOutput:
    """Whatever was asked: no figure that is none, every interval in order, every code explained."""
    text = msgspec.json.encode(output)
    assert b"null" not in msgspec.json.encode([each.effects for each in output.results]) or output.results
    assert b"NaN" not in text
    for result in output.results:
        for effect in result.effects.values():
            figure = effect.effect_sticks
            assert figure.low <= figure.value + 1e-6
            assert figure.value <= figure.high + 1e-6
            assert np.isfinite([figure.low, figure.high, effect.expected_sticks]).all()
        assert result.assumptions
    assert codes(output) <= TEXTS.keys()
    return output


def truth(made: list[StoreDays], lift: float, before: int = 84, during: int = 14) -> float:
    """What the lift added, from what was sold: sold × lift / (1 + lift)."""
    sold = sum(sum(s.promoted[before : before + during]) for s in made if s.role == "treated")
    return sold * lift / (1 + lift)


def test_a_planted_uplift_with_its_losses_is_found_by_differences_in_differences() -> None:
    made = stores(lift=0.4, cannibal=0.1, dip=0.15)
    money = Money(regular=125, promoted=100, others=120, margin=0.3, cost_minor=50_000, currency="CNY")
    told: list[tuple[str, float]] = []
    output = check(evaluate(asked(made, money=money), lambda *step: told.append(step)))
    assert output.method == "difference_in_differences"
    assert [each.method for each in output.results] == [
        "difference_in_differences", "synthetic_control", "structural_time_series",
    ]  # fmt: skip
    assert (output.stores, output.control_stores) == (8, 8)
    for result in output.results:
        figure = result.effects["promoted"].effect_sticks
        assert figure.low < truth(made, 0.4) < figure.high, result.method
    assert output.uplift is not None
    assert output.uplift.effect_percent is not None
    assert 33 < output.uplift.effect_percent.value < 47
    assert output.placebo_p is not None
    assert output.placebo_p < 0.01
    assert output.cannibalised_sticks is not None
    assert output.cannibalised_sticks.low > 0
    assert output.pulled_forward_sticks is not None
    assert output.pulled_forward_sticks.low > 0
    assert output.halo_sticks is not None
    assert output.halo_sticks.low < 0 < output.halo_sticks.high
    assert output.profit_minor is not None
    assert output.discount_minor == pytest.approx(25 * output.uplift.sold_sticks)
    assert (output.trusted, codes(output)) == (True, set())
    assert len(output.days) == 56 + 28
    assert [stage for stage, _ in told][-2:] == ["placebos", "verdict"]
    assert [share for _, share in told] == sorted(share for _, share in told)
    assert evaluate(asked(made, money=money)) == output


def test_without_holdouts_the_mix_of_other_stores_counts_and_a_lone_chain_has_only_its_past() -> None:
    made = stores(holdouts=0, others=20, lift=0.5)
    output = check(evaluate(asked(made)))
    assert output.method == "synthetic_control"
    chosen = output.results[0]
    assert chosen.effects["promoted"].effect_sticks.low < truth(made, 0.5)
    assert chosen.effects["promoted"].effect_sticks.low > 0
    assert sum(chosen.weights.values()) == pytest.approx(1, abs=0.01)
    assert output.placebo_p == pytest.approx(1 / 100)
    alone = stores(treated=5, holdouts=0, lift=0.5)
    past = check(evaluate(asked(alone)))
    assert (past.method, past.control_stores) == ("structural_time_series", 0)
    assert {"no-controls", "unchecked"} <= codes(past)
    assert not past.trusted
    assert past.uplift is not None
    assert past.uplift.effect_sticks.low < truth(alone, 0.5) < past.uplift.effect_sticks.high


def test_intervals_of_every_method_cover_a_planted_effect_about_as_often_as_they_promise() -> None:
    covered = dict.fromkeys(METHODS.keys() - {"prophet"}, 0)
    worlds = 16
    for seed in range(worlds):
        lift = 0.3 if seed % 2 else 0.0
        made = stores(treated=6, holdouts=10, before=56, after=0, lift=lift, seed=seed)
        given = asked(made, before=56)
        panel = usable(make_panel(given), 56)
        for name in covered:
            found = METHODS[name](panel, Asked("promoted", Window(56, 56, 70), 0.95, placebos=False))
            figure = found.effect.effect_sticks
            covered[name] += figure.low <= truth(made, lift, before=56) <= figure.high
    assert all(count >= 0.8 * worlds for count in covered.values()), covered


@pytest.mark.skipif(not prophecy.installed(), reason="the extra is not installed")
def test_prophet_checks_too_where_it_is_installed() -> None:
    made = stores(treated=3, holdouts=3, lift=0.5)
    given = asked(made, methods=["difference_in_differences", "prophet"])
    output = check(evaluate(given))
    (result,) = [each for each in output.results if each.method == "prophet"]
    figure = result.effects["promoted"].effect_sticks
    assert 0.5 < figure.value / truth(made, 0.5) < 1.5


def flat(role: Any, store_id: str, amount: float, days: int = 112) -> StoreDays:
    zero = [0.0] * days
    return StoreDays(store_id=store_id, role=role, promoted=[amount] * days, brand=zero, rest=zero)


def spoiled(made: list[StoreDays], at: int, place: int, amount: float) -> list[StoreDays]:
    values = list(made[at].promoted)
    values[place] = amount
    return [*made[:at], msgspec.structs.replace(made[at], promoted=values), *made[at + 1 :]]


def hostile() -> dict[str, tuple[EvaluationInput, set[str]]]:
    usual = stores(treated=3, holdouts=3)
    zero = [flat("treated", "A", 0.0), flat("holdout", "B", 5.0)]
    equal = [flat("treated", f"A{n}", 20.0) for n in range(3)] + [
        flat("holdout", f"B{n}", 20.0) for n in range(3)
    ]
    return {
        "no store": (asked([flat("holdout", "B", 5.0)]), {"no-stores"}),
        "no control": (asked(stores(treated=1, holdouts=0)), {"no-controls"}),
        "one other store": (asked(stores(treated=1, holdouts=1)), {"few-controls"}),
        "one day": (asked(stores(during=1), during=1), {"one-day"}),
        "no sales at all": (asked(zero), {"no-sales-before"}),
        "all equal": (asked(equal), {"no-others"}),
        "nothing sold in it": (asked([flat("treated", "A", 0.0), *usual[1:]]), {"stores-left-out"}),
        "ten days before": (asked(usual, before=10), {"too-short-before"}),
        "twenty days before": (asked(stores(before=20), before=20), {"short-before"}),
        "still running": (asked(stores(after=0), running=True), {"still-running", "after-not-over"}),
        "an absurd sale": (asked(spoiled(usual, 0, 90, 9e7)), {"absurd-sales"}),
        "an absurd sale on the one day": (
            asked(spoiled(stores(during=1), 0, 84, 9e7), during=1), {"absurd-sales", "one-day"},
        ),
        "other promotions": (asked(usual, other_promotions=["p2"]), {"other-promotions"}),
        "gigantic": (
            asked([flat("treated", "A", 1e15), flat("holdout", "B", 1e15), flat("holdout", "C", 1.0)]), set(),
        ),
    }  # fmt: skip


HOSTILE = hostile()


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_is_asked_the_answer_is_defined_and_says_what_stands_against_it(name: str) -> None:
    given, expected = HOSTILE[name]
    output = check(evaluate(given))
    assert expected <= codes(output)
    assert output.method is not None or len(output.reasons) == 1


def test_an_absurd_sale_hardly_moves_the_uplift() -> None:
    for during, place in ((14, 90), (1, 84)):
        made = stores(during=during, lift=0.3)
        right = evaluate(asked(made, during=during)).uplift
        cut = evaluate(asked(spoiled(made, 0, place, 9e7), during=during)).uplift
        assert right is not None
        assert cut is not None
        assert cut.effect_sticks.value < 4 * right.effect_sticks.value


def test_stock_outs_and_prices_that_moved_are_said_and_forbid_trust_where_they_are_many() -> None:
    made = stores(lift=0.3)
    out = [msgspec.structs.replace(made[0], sold_out=[85, 86]), *made[1:]]
    output = evaluate(asked(out))
    assert "stock-outs" in codes(output)
    assert output.trusted
    all_out = [msgspec.structs.replace(each, sold_out=list(range(84, 95))) for each in made]
    assert not evaluate(asked(all_out)).trusted
    moved = MovedPrice(store_id="S0000", gtin="G", role="treated", before=1, during=2, expected=1, sticks=1e9)
    output = evaluate(asked(made, moved_prices=[moved]))
    assert ("many-prices-moved" in codes(output), output.trusted) == (True, False)
    small = msgspec.structs.replace(moved, sticks=1.0)
    assert evaluate(asked(made, moved_prices=[small])).trusted


def test_stores_that_were_drifting_apart_before_are_not_trusted() -> None:
    made = stores(noise=0.02)
    drift = np.linspace(1, 1.8, 112)
    apart = [
        msgspec.structs.replace(each, promoted=[float(v) for v in np.round(np.array(each.promoted) * drift)])
        if each.role == "treated"
        else each
        for each in made
    ]
    output = evaluate(asked(apart))
    assert "pre-trend" in codes(output)
    assert not output.trusted


def test_profit_is_margin_less_losses_discount_and_cost_or_not_told() -> None:
    money = Money(regular=125, promoted=100, others=100, margin=0.2, cost_minor=1000)
    effect = Effect(sold_sticks=1000, expected_sticks=600, effect_percent=None, p_value=None,
                    effect_sticks=Figure(value=400, low=300, high=500))  # fmt: skip
    lost = Figure(value=100, low=50, high=150)
    found = profit(money, effect, lost, None)
    assert found is not None
    assert found.value == pytest.approx(25 * 400 - 20 * 100 - 25 * 1000 - 1000)
    assert found.high - found.value == pytest.approx(np.hypot(25 * 100, 20 * 50))
    for unknown in ({"margin": None}, {"regular": None}):
        assert profit(msgspec.structs.replace(money, **unknown), effect, lost, None) is None
