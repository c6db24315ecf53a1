"""For tests: customers with days of purchases, as models are fitted to them."""

import numpy as np

from humidor_customers.value.history import Days, Figures

TODAY = 9_000


def crowd(
    *,
    count: int = 400,
    visits: int | None = None,
    minor: float | None = None,
    absurd: float | None = None,
    satisfied: float = np.nan,
) -> tuple[Figures, Days]:
    """Customers with days of purchases; `visits` and `minor` are the same for all, `absurd` is one day's."""
    draws = np.random.default_rng(7)
    times = draws.integers(1, 12, count) if visits is None else np.full(count, visits)
    who = np.repeat(np.arange(count), times)
    day = np.full(len(who), TODAY - 40) if visits == 1 else TODAY - draws.integers(0, 700, len(who))
    value = draws.gamma(4, 2500, len(who)) if minor is None else np.full(len(who), minor)
    if absurd is not None and len(value):
        value[0] = absurd
    ids = [f"M{n:04}" for n in range(count)]
    days = Days(ids, who, day.astype(np.int64), np.ones(len(who)), value, TODAY)
    if not count:
        nothing = dict.fromkeys(Figures._fields[1:-1], np.zeros(0))
        return Figures(ids=[], today=TODAY, **nothing), days
    figures, _ = days.figures()
    return figures._replace(satisfaction=np.full(len(figures.ids), satisfied)), days


def leavers(count: int = 300) -> Days:
    """Give customers who buy every 4 to 60 days, for sums of their own, and most of whom stop some day."""
    draws = np.random.default_rng(11)
    gap, basket = draws.integers(4, 61, count), 30_000 / draws.gamma(4, 1, count)
    begins, stays = draws.integers(200, 700, count), draws.integers(1, 40, count)
    who, step = (each.ravel() for each in np.mgrid[:count, :40])
    day = TODAY - begins[who] + step * gap[who]
    kept = (day <= TODAY) & (step < stays[who])
    who, day = who[kept], day[kept]
    value = basket[who] * draws.gamma(6, 1 / 6, len(who))
    ids = [f"M{n:04}" for n in range(count)]
    return Days(ids, who, day.astype(np.int64), np.ones(len(who)), value, TODAY)
