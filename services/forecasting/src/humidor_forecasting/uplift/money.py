"""What a promotion earned: margin on what it sold more, less the discount given away, less its cost."""

import math

from humidor_forecasting.uplift.work import Effect, Figure, Money


def discount_given(money: Money, sold_sticks: float) -> float | None:
    """Give what was asked less for all that was sold in it, in minor units; None where no price was seen."""
    if money.regular is None or money.promoted is None:
        return None
    return max(money.regular - money.promoted, 0.0) * sold_sticks


def profit(
    money: Money, uplift: Effect, cannibalised: Figure | None, pulled_forward: Figure | None
) -> Figure | None:
    """Give what remains, in minor units; None without a price or a margin.

    Margin is the share of the regular price: what was sold more earns it, what others of the stores lost and
    what was pulled forward costs it; then the discount on all that was sold, then what the promotion cost:

    >>> money = Money(regular=125, promoted=100, others=100, margin=0.2, cost_minor=1000)
    >>> gain = Figure(value=400, low=300, high=500)
    >>> effect = Effect(sold_sticks=1000, expected_sticks=600, effect_sticks=gain, effect_percent=None,
    ...     p_value=None)
    >>> profit(money, effect, Figure(value=100, low=100, high=100), None).value
    -18000.0

    25 × 400 − 20 × 100 − 25 × 1000 − 1000. Errors of the parts are taken as independent.
    """
    given = discount_given(money, uplift.sold_sticks)
    if money.margin is None or given is None or money.regular is None:
        return None
    own = money.margin * money.regular
    other = money.margin * (money.others if money.others is not None else money.regular)
    parts = [(own, uplift.effect_sticks), (-other, cannibalised), (-own, pulled_forward)]
    terms = [
        (rate * part.value, abs(rate) * (part.high - part.low) / 2)
        for rate, part in parts
        if part is not None
    ]
    value = sum(term for term, _ in terms) - given - money.cost_minor
    reach = math.sqrt(sum(half**2 for _, half in terms))
    return Figure(value=value, low=value - reach, high=value + reach)
