"""Evaluates a promotion: every method that the data allow, the chosen one's placebos, and what it earned."""

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from humidor_forecasting.uplift import money
from humidor_forecasting.uplift.methods import METHODS, Asked, Found, NotPossible
from humidor_forecasting.uplift.panel import Panel, Window, make_panel, usable
from humidor_forecasting.uplift.synthetic import LEAST_DONORS
from humidor_forecasting.uplift.verdict import of_checks, of_data, trusted
from humidor_forecasting.uplift.wording import ASSUMPTIONS, reason
from humidor_forecasting.uplift.work import (
    DayCompared,
    Effect,
    EvaluationInput,
    EvaluationOutput,
    Figure,
    Method,
    MethodResult,
    TimePlacebo,
)

Progress: TypeAlias = Callable[[str, float], None]

LEAST_BEFORE = 14
TIME_PLACEBOS = 3
MOST_NOTES = 50
SHOWN_BEFORE = 56


def evaluate(given: EvaluationInput, progress: Progress = lambda _stage, _share: None) -> EvaluationOutput:
    """Say what a promotion sold that would not have been sold without it, and what stands against it."""
    treated = [store for store in given.stores if store.role == "treated"]
    if not treated:
        return refuse("no-stores")
    if given.starts < LEAST_BEFORE:
        return refuse("too-short-before")
    if not any(amount > 0 for store in treated for amount in store.promoted[: given.starts]):
        return refuse("no-sales-before")
    panel = usable(make_panel(given), given.starts)
    window = Window(given.starts, given.starts, given.ends + 1)
    found, failures = _try_all(panel, window, given, progress)
    if not found:
        return EvaluationOutput(method=None, trusted=False, reasons=[reason("no-method")], failures=failures)
    name, chosen = found[0]
    progress("placebos", 0.7)
    results = [_result(*each) for each in found]
    results[0] = _result(name, chosen, _effects(panel, name, given), _in_time(panel, name, given))
    progress("verdict", 0.95)
    return _conclude(given, panel, (results, failures), chosen)


def refuse(code: str) -> EvaluationOutput:
    """Answer that nothing can be told, and why."""
    return EvaluationOutput(method=None, trusted=False, reasons=[reason(code)])


def order_of(panel: Panel, methods: Sequence[Method]) -> list[Method]:
    """Choose by what the data allow; the first that comes through counts, the others check it.

    With hold-outs, which were drawn before, differences in differences; without, the mix of other stores; of
    a single store or a whole chain only its own past is left.
    """
    others = int((~panel.treated).sum())
    order: list[Method] = ["structural_time_series", "prophet"]
    if others >= LEAST_DONORS:
        order.insert(0, "synthetic_control")
    if others:
        order.insert(0 if panel.drawn.any() else 1, "difference_in_differences")
    return [name for name in order if name in methods]


def _try_all(
    panel: Panel, window: Window, given: EvaluationInput, progress: Progress
) -> tuple[list[tuple[str, Found]], dict[str, str]]:
    found: list[tuple[str, Found]] = []
    failures: dict[str, str] = {}
    order = order_of(panel, given.methods)
    for position, name in enumerate(order):
        progress(name, 0.6 * position / len(order))
        made = _try(panel, name, Asked("promoted", window, given.probability, given.seed))
        if isinstance(made, Found):
            found.append((name, made))
        else:
            failures[name] = made
    return found, failures


def _try(panel: Panel, name: str, asked: Asked) -> Found | str:
    """Have one method; what stands in its way costs this method alone and is said."""
    try:
        with np.errstate(all="ignore"):
            made = METHODS[name](panel, asked)
    except (NotPossible, ValueError, ArithmeticError, np.linalg.LinAlgError, RuntimeError) as error:
        return str(error)[:300] or type(error).__name__
    return made if _is_finite(made.effect) else "the estimate is not finite"


def _is_finite(effect: Effect) -> bool:
    figure = effect.effect_sticks
    return all(map(math.isfinite, (effect.expected_sticks, figure.value, figure.low, figure.high)))


def _result(
    name: str,
    found: Found,
    more: dict[str, Effect] | None = None,
    time_placebos: Sequence[TimePlacebo] = (),
) -> MethodResult:
    kept = {key: value for key, value in found.diagnostics.items() if math.isfinite(value)}
    return MethodResult(
        method=name,
        inference=found.inference,
        assumptions=list(ASSUMPTIONS[name]),
        effects={"promoted": found.effect} | (more or {}),
        diagnostics=kept,
        weights=found.weights,
        placebo_p=found.placebo_p,
        time_placebos=list(time_placebos),
    )


def _effects(panel: Panel, name: str, given: EvaluationInput) -> dict[str, Effect]:
    """Have the chosen method say what other products gained or lost, and the promoted ones afterwards."""
    days = panel.outcomes["promoted"].shape[1]
    during = Window(given.starts, given.starts, given.ends + 1)
    wanted = {"brand": ("brand", during), "others": ("others", during)}
    if days > given.ends + 1:
        wanted["after"] = ("promoted", Window(given.starts, given.ends + 1, days))
    found = {}
    for key, (outcome, window) in wanted.items():
        made = _try(panel, name, Asked(outcome, window, given.probability, given.seed, placebos=False))
        if isinstance(made, Found):
            found[key] = made.effect
    return found


def _in_time(panel: Panel, name: str, given: EvaluationInput) -> list[TimePlacebo]:
    """Have the method judge days before the promotion: as long as it, at most a quarter of what is known."""
    length = min(given.ends - given.starts + 1, given.starts // 4)
    found = []
    for number in range(1, TIME_PLACEBOS + 1):
        first = given.starts - number * length
        if length == 0 or first < LEAST_BEFORE:
            break
        window = Window(first, first, first + length)
        made = _try(panel, name, Asked("promoted", window, given.probability, given.seed, placebos=False))
        if isinstance(made, Found):
            figure = made.effect.effect_sticks
            found.append(
                TimePlacebo(
                    first_ordinal=given.first_ordinal + first,
                    days=length,
                    effect_sticks=figure,
                    covers_nothing=figure.low <= 0 <= figure.high,
                )
            )
    return found


def _conclude(
    given: EvaluationInput, panel: Panel, made: tuple[list[MethodResult], dict[str, str]], chosen: Found
) -> EvaluationOutput:
    results, failures = made
    effects = results[0].effects
    uplift = effects["promoted"]
    cannibalised = _lost(effects.get("others"))
    pulled = _lost(effects.get("after"))
    profit = money.profit(given.money, uplift, cannibalised, pulled)
    codes = of_data(given, panel, results[0]) + of_checks(results)
    if profit is None:
        codes.append("no-price" if given.money.regular is None else "no-margin")
    return EvaluationOutput(
        method=results[0].method,
        trusted=trusted(codes),
        reasons=[reason(code) for code in codes],
        results=results,
        failures=failures,
        stores=int(panel.treated.sum()),
        control_stores=int(chosen.diagnostics.get("control_stores", (~panel.treated).sum())),
        uplift=uplift,
        cannibalised_sticks=cannibalised,
        halo_sticks=effects["brand"].effect_sticks if "brand" in effects else None,
        pulled_forward_sticks=pulled,
        profit_minor=profit,
        discount_minor=money.discount_given(given.money, uplift.sold_sticks),
        placebo_p=results[0].placebo_p,
        days=_compared(given, panel, chosen),
        moved_prices=given.moved_prices,
        notes=panel.notes[:MOST_NOTES],
    )


def _lost(effect: Effect | None) -> Figure | None:
    """Turn what was gained into what was lost."""
    if effect is None:
        return None
    figure = effect.effect_sticks
    return Figure(value=-figure.value, low=-figure.high, high=-figure.low)


def _compared(given: EvaluationInput, panel: Panel, chosen: Found) -> list[DayCompared]:
    if chosen.expected_days is None:
        return []
    sold = panel.outcomes["promoted"][panel.treated].sum(axis=0)
    first = max(given.starts - SHOWN_BEFORE, 0)
    return [
        DayCompared(
            ordinal=given.first_ordinal + at,
            sold_sticks=float(sold[at]),
            expected_sticks=float(chosen.expected_days[at]),
        )
        for at in range(first, len(sold))
        if math.isfinite(chosen.expected_days[at])
    ]
