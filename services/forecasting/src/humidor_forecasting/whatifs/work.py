"""What goes into a what-if and what comes out."""

from typing import NamedTuple

import msgspec

from humidor_forecasting.aggregates.work import Figures, Row
from humidor_forecasting.elasticity.work import Weeks


class PastPromotion(NamedTuple):
    """What a series sold in a past promotion, and what the weeks before led to expect; sticks."""

    series: str
    promotion_id: str
    mechanic: str
    discount_percent: float | None
    sticks: float
    expected_sticks: float


class Normal(msgspec.Struct, frozen=True, kw_only=True):
    """A value that is known with this standard error; `between` is how far single series differ from it."""

    value: float
    standard_error: float
    between: float = 0.0


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """Something learnt, given or taken from the literature, with its 95 % interval and its source."""

    known: Normal
    low: float
    high: float
    source: str
    observations: int
    reasons: list[str]


class WhatIfQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """Published forecasts, what is changed, and what there is to learn from.

    `price_ratios` go with `series`: new price by present one. `price_days` and `promotion_days` are places
    in the horizon. Lists named `own` are of these series, the pooled ones of those like them.
    """

    series: list[Figures]
    together: float
    probabilities: list[float]
    price_ratios: list[float]
    price_days: list[int]
    promotion_days: list[int]
    mechanic: str | None
    discount_percent: float | None
    elasticity: Normal | None
    whole_market: bool
    own_weeks: list[Weeks]
    pooled_weeks: list[Weeks]
    own_promotions: list[PastPromotion]
    pooled_promotions: list[PastPromotion]


class WhatIfAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Both forecasts from the same draws; `change` is the total's change in percent, mean and quantiles."""

    published: Row
    changed: Row
    change: list[float]
    by_series: list[tuple[float, float]]
    elasticity: Effect | None
    promotion: Effect | None
    reasons: list[str]
