"""Answers what demand would be; nothing is kept, no level moves."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection, Pool
from humidor_common.web.problems import invalid, not_found
from humidor_forecasting.aggregates import service as aggregates
from humidor_forecasting.aggregates.queries import Scope
from humidor_forecasting.aggregates.rules import USUAL_PROBABILITIES, Window
from humidor_forecasting.aggregates.schemas import SumView
from humidor_forecasting.asking import ask
from humidor_forecasting.elasticity.queries import weeks_of
from humidor_forecasting.elasticity.rules import TWO_YEARS, monday_of
from humidor_forecasting.whatifs import queries, rules
from humidor_forecasting.whatifs.rules import Change, Priced
from humidor_forecasting.whatifs.schemas import (
    ChangeQuantileView,
    EffectView,
    PlannedPromotion,
    PriceChange,
    SeriesChangeView,
    WhatIfInput,
    WhatIfView,
)
from humidor_forecasting.whatifs.work import Effect, Normal, WhatIfAnswer, WhatIfQuestion

MOST_SERIES = 500
MOST_LIKE = 300
CHANCES = list(USUAL_PROBABILITIES)


class _Asked(NamedTuple):
    """The question to the process, and what the answer is told with."""

    question: WhatIfQuestion
    window: Window
    prices: list[Priced]
    reasons: list[str]


async def answer(pool: Pool, principal: Principal, asked: WhatIfInput, *, today: date) -> WhatIfView:
    """Say what would be demanded under another price or a promotion.

    Raises:
        Problem: 403 for stores that are not the caller's, 404 where nothing is forecast, 422 naming the
            field, 503 where it takes too long.
    """
    scope = aggregates.scope_of(principal, asked)
    async with pool.acquire() as conn:
        found = await _gather(conn, asked, scope, today)
    made = await ask("humidor_forecasting.whatifs.helping", found.question, WhatIfAnswer)
    return _view(found, asked, made)


async def _gather(conn: Connection, asked: WhatIfInput, scope: Scope, today: date) -> _Asked:
    found = await aggregates.gather(
        conn,
        scope,
        "none",
        horizon_days=asked.horizon_days,
        today=today - timedelta(days=1),
        most=MOST_SERIES,
    )
    if found.window is None:
        raise not_found("forecast", "of these stores and products")
    pairs = [(each.store_id, each.gtin) for each in found.series]
    known = await queries.prices_of(conn, pairs, today)
    change = _change(asked.price)
    prices = [rules.price_of(change, known.get(pair)) for pair in pairs]
    for pair, priced in zip(pairs, prices, strict=True):
        if priced.ratio is None:
            raise invalid("price", f"nobody knows what {pair[1]} costs in {pair[0]}; give a percent")
    promotion = asked.promotion
    planned_days = _planned_days(promotion, found.window)
    like = await queries.series_like(conn, pairs, MOST_LIKE)
    stated, monday = asked.elasticity, monday_of(today)
    first = monday - timedelta(weeks=TWO_YEARS)
    question = WhatIfQuestion(
        series=found.series,
        together=found.together,
        probabilities=CHANCES,
        price_ratios=[each.ratio or 1.0 for each in prices],
        price_days=rules.places(found.window, asked.price.starts_on) if asked.price else [],
        promotion_days=planned_days,
        mechanic=promotion.mechanic if promotion else None,
        discount_percent=promotion.discount_percent if promotion else None,
        elasticity=Normal(value=stated.value, standard_error=stated.standard_error) if stated else None,
        whole_market=scope.gtins is None and scope.brand is None and scope.price_class is None,
        own_weeks=[] if stated else await weeks_of(conn, pairs[:MOST_LIKE], first, monday),
        pooled_weeks=[] if stated else await weeks_of(conn, like, first, monday),
        own_promotions=await queries.promotions_of(conn, pairs, today) if promotion else [],
        pooled_promotions=await queries.promotions_of(conn, like, today) if promotion else [],
    )
    return _Asked(question, found.window, prices, [*found.notes, *rules.remarks(prices, change=change)])


def _change(price: PriceChange | None) -> Change | None:
    if price is None:
        return None
    return Change(price.percent, price.per_pack_minor, price.tax_per_pack_minor, price.pass_through)


def _planned_days(promotion: PlannedPromotion | None, window: Window) -> list[int]:
    if promotion is None:
        return []
    days = rules.places(window, promotion.starts_on, promotion.ends_on)
    if not days:
        raise invalid("promotion.starts_on", f"the forecast is of {window.days} days from {window.first}")
    return days


def _view(found: _Asked, asked: WhatIfInput, made: WhatIfAnswer) -> WhatIfView:
    first = found.window.first
    sums = [
        SeriesChangeView(
            store_id=each.store_id, gtin=each.gtin, price_minor=priced.now, new_price_minor=priced.then,
            published_mean_sticks=before, changed_mean_sticks=after,
        )
        for each, priced, (before, after) in zip(
            found.question.series, found.prices, made.by_series, strict=True
        )
    ]  # fmt: skip
    return WhatIfView(
        starts_on=first,
        horizon_days=found.window.days,
        series=sums,
        published=SumView(**aggregates.sums(made.published, first, CHANCES)),
        changed=SumView(**aggregates.sums(made.changed, first, CHANCES)),
        change_percent=made.change[0],
        change_quantiles=_quantiles(made.change[1:]),
        elasticity=_effect(made.elasticity),
        promotion=_effect(made.promotion),
        formula=rules.formulas(price=asked.price is not None, promotion=asked.promotion is not None),
        reasons=[*found.reasons, *made.reasons],
    )


def _quantiles(figures: Sequence[float]) -> list[ChangeQuantileView]:
    return [
        ChangeQuantileView(probability=chance, percent=each)
        for chance, each in zip(CHANCES, figures, strict=True)
    ]


def _effect(effect: Effect | None) -> EffectView | None:
    if effect is None:
        return None
    known: dict[str, Any] = {
        "value": effect.known.value,
        "standard_error": effect.known.standard_error,
        "between_series": effect.known.between,
    }
    return EffectView(
        **known, low=effect.low, high=effect.high, source=effect.source, observations=effect.observations,
        reasons=effect.reasons,
    )  # fmt: skip
