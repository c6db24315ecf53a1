"""Says what stands against an evaluation: from the data, from placebos, from methods that disagree."""

from collections.abc import Sequence

from humidor_forecasting.uplift.panel import Panel
from humidor_forecasting.uplift.wording import FORBIDDING
from humidor_forecasting.uplift.work import Effect, EvaluationInput, MethodResult

ALARM = 0.05
FEW_CONTROLS = 5
SHORT_DAYS = 28
LARGE_SHARE = 0.2
MOVED_SHARE = 0.1
POOR_FIT_TIMES = 2.0


def disagree(one: Effect, other: Effect) -> bool:
    """Say whether each of two estimates lies outside the interval of the other."""
    first, second = one.effect_sticks, other.effect_sticks
    return not first.low <= second.value <= first.high and not second.low <= first.value <= second.high


def trusted(codes: Sequence[str]) -> bool:
    return not FORBIDDING & set(codes)


def of_data(given: EvaluationInput, panel: Panel, result: MethodResult) -> list[str]:
    """Name what the data bring along."""
    days, sold = given.ends - given.starts + 1, result.effects["promoted"].sold_sticks
    controls = int((~panel.treated).sum())
    lacking = out_share(given)
    moved = sum(each.sticks for each in given.moved_prices if each.role == "treated")
    touched = any(each.role != "treated" for each in given.moved_prices)
    many_moved = moved > MOVED_SHARE * max(sold, 1e-12)
    left_out = sum(store.role == "treated" for store in given.stores) > int(panel.treated.sum())
    after = len(given.stores[0].promoted) - given.ends - 1
    found = {
        "still-running": given.running,
        "sampled": given.sampled,
        "short-before": given.starts < SHORT_DAYS,
        "one-day": days == 1,
        "no-controls": controls == 0,
        "few-controls": 0 < controls < FEW_CONTROLS,
        "sold-nothing": sold <= 0,
        "stock-outs": 0 < lacking <= LARGE_SHARE,
        "many-stock-outs": lacking > LARGE_SHARE,
        "absurd-sales": panel.cut > 0,
        "prices-moved": (bool(given.moved_prices) and not many_moved) or touched,
        "many-prices-moved": many_moved,
        "other-promotions": bool(given.other_promotions),
        "stores-left-out": left_out,
        "after-not-over": after < given.after_wanted,
        "no-others": "others" not in result.effects,
    }
    return [code for code, holds in found.items() if holds]


def out_share(given: EvaluationInput) -> float:
    """Give the share of the treated stores' days in the promotion that a stock-out touched."""
    treated = [store for store in given.stores if store.role == "treated"]
    touched = sum(given.starts <= place <= given.ends for store in treated for place in store.sold_out)
    return touched / max(len(treated) * (given.ends - given.starts + 1), 1)


def of_checks(results: Sequence[MethodResult]) -> list[str]:
    """Name what the chosen method's own tests say, and the other methods."""
    chosen, *others = results
    told = chosen.diagnostics
    fits = told.get("rmspe_before", 0.0) <= POOR_FIT_TIMES * told.get("placebo_rmspe_before_median", 1.0)
    placebos = chosen.time_placebos
    missed = sum(not each.covers_nothing for each in placebos)
    clashes = any(disagree(chosen.effects["promoted"], each.effects["promoted"]) for each in others)
    found = {
        "pre-trend": told.get("pre_trend_p", 1.0) < ALARM,
        "poor-fit": not fits,
        "placebo-in-time": missed >= 2 or (missed == 1 and len(placebos) == 1),
        "methods-disagree": clashes,
        "unchecked": not others,
    }
    return [code for code, holds in found.items() if holds]
