"""Who is judged: models alone and combinations of them; and the verdict with its reasons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from humidor_forecasting.choosing.closing import Flags
from humidor_forecasting.choosing.errors import learn_errors
from humidor_forecasting.choosing.intervals import LEVELS
from humidor_forecasting.choosing.scores import bias, coverage, mase, naive_scale, pinball, rmsse, wape
from humidor_forecasting.choosing.uncertainty import APART, day_quantiles, interval
from humidor_forecasting.models.interface import Values
from humidor_forecasting.models.statistical import LONGEST_SEASON

JUDGED_AT = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
ASKED = tuple(sorted({*JUDGED_AT, *LEVELS}))
_JUDGED = [ASKED.index(each) for each in JUDGED_AT]
COMBINATION = "combination"
BASELINE = "seasonal_naive"
BETTER_BY = 0.03
"""A challenger replaces the champion only if it costs so much less."""
SINGLE_BETTER_BY = 0.15
"""A single model is chosen before the combination only if it costs so much less."""
FEWEST_COMBINED = 3
COMPARABLE = 0.2
"""Beyond those, models are combined that cost no more than so much beyond the cheapest."""

Weights: TypeAlias = Mapping[str, float]


@dataclass(frozen=True)
class Past:
    """What forecasts are judged by.

    Args:
        actual: What came, shape (origins, horizon).
        idle: Periods that are idle by rule, of the same shape.
        before: Amounts before the first origin, whose naive error scales MASE and RMSSE.
        season: Periods of a season.
    """

    actual: Values
    idle: Flags
    before: Values
    season: int


@dataclass(frozen=True)
class Candidate:
    """A model or a weighted mean of models, with what it scored; `cost` is its mean quantile loss."""

    name: str
    weights: Weights
    forecast: Values
    cost: float
    scores: dict[str, float | None] = field(default_factory=dict)


def weigh(costs: Mapping[str, float], origins: int, season: int) -> Weights:
    """Weigh the three cheapest models, and all that cost about what the cheapest does.

    As by Akaike weights (Kolassa 2011), where a likelihood goes with the error to the power of minus the
    number of observations: costs 1 and 2 after ten origins, which are worth 5.5, give 0.98 and 0.02; after
    two 0.68 and 0.32.
    """
    known = _combined(costs, season)
    rising = sorted(known.values())
    limit = max(rising[:FEWEST_COMBINED][-1], rising[0] * (1 + COMPARABLE))
    cheapest = max(rising[0], 1e-12)
    likely = {
        name: (max(cost, 1e-12) / cheapest) ** -(APART * origins)
        for name, cost in sorted(known.items(), key=lambda each: (each[1], each[0]))
        if cost <= limit
    }
    total = sum(likely.values())
    return {name: value / total for name, value in likely.items()}


def _combined(costs: Mapping[str, float], season: int) -> Mapping[str, float]:
    """Leave seasonal naive out where two others see the season: it would bring the last one's noise alone."""
    others = {name: cost for name, cost in costs.items() if name != BASELINE}
    return others if len(others) > 1 and season <= LONGEST_SEASON else costs


def mix(forecasts: Mapping[str, Values], weights: Weights) -> Values:
    return np.asarray(sum(forecasts[name] * weight for name, weight in weights.items()))


def judge(name: str, weights: Weights, forecast: Values, past: Past) -> Candidate:
    """Score a candidate; the quantiles of each origin rest on the errors of the other origins."""
    actual, others = past.actual, _others(len(past.actual))
    errors = learn_errors(actual[others], forecast[others], past.idle[others], leaning=False)
    quantiles = day_quantiles(forecast, errors, ASKED, past.idle)
    cost = pinball(actual, quantiles[..., _JUDGED], JUDGED_AT)
    scale = naive_scale(past.before, past.season)
    scores = {
        "mase": mase(actual, forecast, scale),
        "wape": wape(actual, forecast),
        "rmsse": rmsse(actual, forecast, naive_scale(past.before, past.season, power=2)),
        "bias": bias(actual, forecast),
        "pinball": cost / scale,
    } | {
        f"coverage_{level * 100:g}": coverage(actual, *interval(quantiles, ASKED, level)) for level in LEVELS
    }
    return Candidate(name, weights, forecast, cost, scores)


def _others(origins: int) -> NDArray[np.int64]:
    """Name, for each origin, all the others; for a single one itself."""
    every = np.arange(origins)
    return np.array([every[every != each] for each in every]) if origins > 1 else every[None]


def judge_all(forecasts: Mapping[str, Values], past: Past) -> list[Candidate]:
    """Judge every model alone, and the combination of the best of them; the cheapest come first."""
    found = [judge(name, {name: 1.0}, made, past) for name, made in sorted(forecasts.items())]
    if len(found) > 1:
        weights = weigh({each.name: each.cost for each in found}, len(past.actual), past.season)
        found.append(judge(COMBINATION, weights, mix(forecasts, weights), past))
    return sorted(found, key=lambda each: (each.cost, each.name))


def choose(found: Sequence[Candidate], incumbent: str | None) -> tuple[Candidate, Candidate | None]:
    """Name champion and challenger.

    The combination is preferred, because it loses least where the past misleads (Petropoulos et al. 2022,
    §2.6); a champion stays until somebody costs clearly less, so that forecasts do not change for nothing.
    """
    cheapest = found[0]
    champion = cheapest
    for preferred, by in ((COMBINATION, SINGLE_BETTER_BY), (incumbent, BETTER_BY)):
        held = next((each for each in found if each.name == preferred), None)
        if held is not None and cheapest.cost >= held.cost * (1 - by):
            champion = held
    challenger = next((each for each in found if each.name != champion.name), None)
    return champion, challenger


def explain(
    champion: Candidate, challenger: Candidate | None, found: Sequence[Candidate], judged: str
) -> list[str]:
    """Say in sentences why this one was chosen."""
    reasons = [f"{_call(champion)} was chosen by {judged}: quantile loss {champion.cost:.4g}"]
    baseline = next((each for each in found if each.name == BASELINE), None)
    if baseline is not None and baseline.name != champion.name and baseline.cost > 0:
        change = champion.cost / baseline.cost - 1
        reasons.append(f"seasonal naive has {baseline.cost:.4g}, so the choice is {change:+.0%} of it")
    if challenger is not None:
        reasons.append(f"{_call(challenger)} stays its challenger with {challenger.cost:.4g}")
    if challenger is not None and champion.cost > challenger.cost:
        reasons.append(
            f"that is not clearly less: what was chosen before stays until somebody costs {BETTER_BY:.0%} "
            f"less, the combination until a single model costs {SINGLE_BETTER_BY:.0%} less"
        )
    return reasons


def _call(candidate: Candidate) -> str:
    if len(candidate.weights) == 1:
        return candidate.name
    parts = ", ".join(f"{name} {weight:.0%}" for name, weight in candidate.weights.items())
    return f"the combination of {parts}"
