"""What the past tells of price and promotions, and what is taken where it tells nothing."""

from collections.abc import Sequence

import numpy as np

from humidor_forecasting.elasticity.panel import driscoll_kraay, time_columns, within
from humidor_forecasting.elasticity.work import Weeks
from humidor_forecasting.whatifs.work import Effect, Normal, PastPromotion

LITERATURE = Normal(value=-0.4, standard_error=0.05)
PART_OF_MARKET_ERROR = 0.15
SOURCE = (
    "literature: -0.3 to -0.5 for all cigarettes in rich countries (Chaloupka & Warner 2000, Handbook of "
    "Health Economics 1B, ch. 29; IARC Handbook 14, 2011: -0.2 to -0.6)"
)
LEAST_WEEKS = 26
LEAST_PRICE_DEVIATION = 0.01
MOST_ERROR = 0.5
LEAST_EVENTS = 3
Z = 1.959963984540054


def choose_elasticity(
    given: Normal | None, own: Sequence[Weeks], pooled: Sequence[Weeks], *, whole_market: bool
) -> Effect:
    """Take the elasticity given, else what these series show, else those like them, else the books."""
    if given is not None:
        return _effect(given, "given with the request", 0, [])
    reasons: list[str] = []
    for weeks, what in ((own, "these series"), (pooled, "series of the same price classes")):
        found, why, rows = estimate(weeks)
        if found is not None:
            return _effect(found, f"estimated from {what}", rows, reasons)
        reasons.append(f"{what}: {why}")
    error = LITERATURE.standard_error if whole_market else PART_OF_MARKET_ERROR
    if not whole_market:
        reasons.append(
            "the literature speaks of all cigarettes; a brand whose price moves alone loses more, to others"
        )
    return _effect(Normal(value=LITERATURE.value, standard_error=error), SOURCE, 0, reasons)


def estimate(weeks: Sequence[Weeks]) -> tuple[Normal | None, str, int]:
    """Regress log sticks on log price over series and weeks without promotions, or say why not.

    Each series has a level of its own, all share a trend (with its square) and, from two years on, a yearly
    wave. Errors of a week go together, and those of weeks near each other do: Driscoll & Kraay (1998), with
    four lags.
    """
    rows = [
        (i, week, sticks, price)
        for i, each in enumerate(weeks)
        for week, sticks, price, promoted in zip(
            each.weeks, each.sticks, each.prices, each.promoted, strict=True
        )
        if sticks > 0 and price and price > 0 and not promoted
    ]
    if len({week for _, week, _, _ in rows}) < LEAST_WEEKS:
        return None, f"fewer than {LEAST_WEEKS} weeks with a price", len(rows)
    table = np.array(rows, dtype=np.float64)
    series, week = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
    quantity, price = within(np.log(table[:, 2]), series), within(np.log(table[:, 3]), series)
    if float(price.std()) < LEAST_PRICE_DEVIATION:
        return None, "prices have hardly moved", len(rows)
    matrix = np.column_stack([price, *(within(column, series) for column in time_columns(week).values())])
    if np.linalg.matrix_rank(matrix) < matrix.shape[1]:
        return None, "price has moved as time has: they cannot be told apart", len(rows)
    bread = np.linalg.inv(matrix.T @ matrix)
    coefficients = bread @ matrix.T @ quantity
    meat = driscoll_kraay(matrix * (quantity - matrix @ coefficients)[:, None], week)
    error = float(np.sqrt(max((bread @ meat @ bread)[0, 0], 0.0)))
    value = float(coefficients[0])
    if not np.isfinite(error) or error > MOST_ERROR:
        return None, f"too uncertain ({value:+.2f} with a standard error of {error:.2f})", len(rows)
    if value > 0:
        return None, f"demand went up with the price ({value:+.2f}), so something else moved both", len(rows)
    return Normal(value=value, standard_error=error), "", len(rows)


def learn_promotion(
    own: Sequence[PastPromotion],
    pooled: Sequence[PastPromotion],
    mechanic: str,
    discount_percent: float | None,
    elasticity: Effect,
) -> Effect | None:
    """Give the logarithm of how many times demand is what it would have been; None where nothing is known."""
    reasons: list[str] = []
    for events, what in ((own, "these series"), (pooled, "series of the same price classes")):
        same = [event for event in events if event.mechanic == mechanic and event.expected_sticks > 0]
        if len(same) >= LEAST_EVENTS:
            return _pool(same, what, discount_percent, reasons)
        reasons.append(f"{what}: {len(same)} past promotions of this mechanic, {LEAST_EVENTS} are needed")
    if not discount_percent:
        return None
    cut, price = _cut(discount_percent), elasticity.known
    known = Normal(value=price.value * cut, standard_error=abs(price.standard_error * cut))
    reasons.append("so the discount is taken as a lower price; that people notice a promotion is not in it")
    return _effect(known, f"price elasticity ({elasticity.source})", 0, reasons)


def _pool(
    events: Sequence[PastPromotion], what: str, discount_percent: float | None, reasons: list[str]
) -> Effect:
    """Mean of log uplifts, each scaled to the discount; promotions, not series, are what is independent."""
    uplifts, clusters = [], []
    reasons = list(reasons)
    for event in events:
        uplift = float(np.log((event.sticks + 10.0) / (event.expected_sticks + 10.0)))
        if discount_percent and event.discount_percent:
            uplift *= _cut(discount_percent) / _cut(event.discount_percent)
        uplifts.append(uplift)
        clusters.append(event.promotion_id)
    seen = [event.discount_percent for event in events if event.discount_percent]
    if discount_percent and seen and not min(seen) <= discount_percent <= max(seen):
        reasons.append(
            f"extrapolated: discounts were between {min(seen):g} and {max(seen):g} %, "
            f"never {discount_percent:g} %"
        )
    values = np.array(uplifts)
    means = np.array([values[[c == name for c in clusters]].mean() for name in sorted(set(clusters))])
    spread = float(values.std(ddof=1))
    alone = float(means.std(ddof=1)) / np.sqrt(len(means)) if len(means) > 1 else spread
    known = Normal(value=float(means.mean()), standard_error=float(max(alone, 0.02)), between=spread)
    return _effect(known, f"learnt from past promotions of {what}", len(events), reasons)


def _cut(discount_percent: float) -> float:
    return float(np.log1p(-min(discount_percent, 99.0) / 100))


def _effect(known: Normal, source: str, observations: int, reasons: Sequence[str]) -> Effect:
    reach = Z * known.standard_error
    return Effect(
        known=known,
        low=known.value - reach,
        high=known.value + reach,
        source=source,
        observations=observations,
        reasons=list(reasons),
    )
