"""Answers what demand would be: draws of the published forecast, each with an elasticity of its own."""

import zlib
from dataclasses import dataclass

import numpy as np

from humidor_forecasting.aggregates.adding import means_of, row_of
from humidor_forecasting.aggregates.paths import DRAWS, draw_paths
from humidor_forecasting.models.interface import Values
from humidor_forecasting.whatifs.learning import choose_elasticity, learn_promotion
from humidor_forecasting.whatifs.work import Effect, Normal, WhatIfAnswer, WhatIfQuestion

MOST_LOG = 5.0
DIGITS = 4


@dataclass(frozen=True)
class _World:
    """Of each draw: the elasticity, and the logarithm of the promotion's effect."""

    elasticity: Values
    promotion: Values


def answer(given: WhatIfQuestion) -> WhatIfAnswer:
    """Simulate both worlds from the same draws: the change is what the change of price and promotion does."""
    elasticity = choose_elasticity(
        given.elasticity, given.own_weeks, given.pooled_weeks, whole_market=given.whole_market
    )
    promotion = _promotion(given, elasticity)
    random = np.random.default_rng(_seed(given))
    own = given.elasticity is not None
    world = _World(
        _draws(elasticity.known, random, at_most=None if own else 0.0), _draws_of(promotion, random)
    )
    before = np.zeros((DRAWS, len(given.series[0].days)))
    after, by_series = before.copy(), []
    noise = np.random.default_rng(_seed(given) + 1)
    paths = draw_paths(given.series, given.together, random)
    for place, path in enumerate(paths):
        between = promotion.known.between if promotion else 0.0
        changed = path * np.exp(_logs(given, place, world, between * noise.standard_normal(DRAWS)))
        before += path
        after += changed
        by_series.append((_mean(path), _mean(changed)))
    means = means_of(given.series)
    reasons = [] if promotion or not given.promotion_days else [
        "nothing is known of promotions of this mechanic, so its effect is not in the figures"
    ]  # fmt: skip
    return WhatIfAnswer(
        published=row_of(before, means, given.probabilities),
        changed=row_of(after, after.mean(axis=0), given.probabilities),
        change=_change(before, after, given.probabilities),
        by_series=by_series,
        elasticity=elasticity if _uses(given, promotion) else None,
        promotion=promotion,
        reasons=reasons,
    )


def _uses(given: WhatIfQuestion, promotion: Effect | None) -> bool:
    return bool(given.price_days) or bool(promotion and "elasticity" in promotion.source)


def _promotion(given: WhatIfQuestion, elasticity: Effect) -> Effect | None:
    if not given.promotion_days or given.mechanic is None:
        return None
    return learn_promotion(
        given.own_promotions, given.pooled_promotions, given.mechanic, given.discount_percent, elasticity
    )


def _seed(given: WhatIfQuestion) -> int:
    return zlib.crc32("/".join(f"{each.store_id}:{each.gtin}" for each in given.series).encode())


def _draws(known: Normal, random: np.random.Generator, *, at_most: float | None) -> Values:
    drawn = known.value + known.standard_error * random.standard_normal(DRAWS)
    return drawn if at_most is None else np.minimum(drawn, at_most)


def _draws_of(effect: Effect | None, random: np.random.Generator) -> Values:
    return _draws(effect.known, random, at_most=None) if effect else np.zeros(DRAWS)


def _logs(given: WhatIfQuestion, place: int, world: _World, own: Values) -> Values:
    """Logarithm of how many times demand is what it was, by draw and day."""
    logs = np.zeros((DRAWS, len(given.series[0].days)))
    if given.price_days:
        logs[:, given.price_days] += (world.elasticity * np.log(given.price_ratios[place]))[:, None]
    if given.promotion_days and world.promotion.any():
        logs[:, given.promotion_days] += (world.promotion + own)[:, None]
    return np.clip(logs, -MOST_LOG, MOST_LOG)


def _mean(path: Values) -> float:
    return round(float(path.sum(axis=1).mean()), DIGITS)


def _change(before: Values, after: Values, probabilities: list[float]) -> list[float]:
    sums, changed = before.sum(axis=1), after.sum(axis=1)
    percent = 100.0 * (np.divide(changed, sums, out=np.ones(DRAWS), where=sums > 0) - 1.0)
    whole = 100.0 * (float(changed.mean()) / float(sums.mean()) - 1.0) if sums.any() else 0.0
    return [round(float(each), DIGITS) for each in (whole, *np.quantile(percent, probabilities))]
