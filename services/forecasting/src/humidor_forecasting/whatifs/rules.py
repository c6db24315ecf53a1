"""What a change of price means for a series, and which days a change covers."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from humidor_forecasting.aggregates.rules import Window

ROUND_OFF = 1e-3
LEAST_RATIO = 0.01


class Change(NamedTuple):
    """A new price: by percent, of a pack, or by a tax of which `pass_through` is paid; one of these."""

    percent: float | None = None
    per_pack_minor: int | None = None
    tax_per_pack_minor: int | None = None
    pass_through: float = 1.0


class Priced(NamedTuple):
    """Prices of a pack in minor units, and what the new one is of the present one."""

    now: float | None
    then: float | None
    ratio: float | None
    beyond: bool


def price_of(change: Change | None, known: Mapping[str, Any] | None) -> Priced:
    """Give the present price and the new one; the ratio is None where it takes a price that nobody knows.

    A pack at 2500 with a tax of 100, half of it passed on, costs 2550: a ratio of 1.02. `beyond` tells that
    the new price lies outside what was ever paid in two years.
    """
    pack = float(known["sticks_per_pack"]) if known else 20.0
    now = None if known is None else _present(known, pack)
    if change is None:
        return Priced(now, now, 1.0, beyond=False)
    if change.percent is not None:
        ratio: float | None = 1 + change.percent / 100
    elif now is None or now <= 0:
        ratio = None
    elif change.per_pack_minor is not None:
        ratio = change.per_pack_minor / now
    else:
        ratio = (now + change.pass_through * (change.tax_per_pack_minor or 0)) / now
    ratio = None if ratio is None else max(ratio, LEAST_RATIO)
    then = None if now is None or ratio is None else now * ratio
    return Priced(now, then, ratio, beyond=_beyond(then, known, pack))


def _present(known: Mapping[str, Any], pack: float) -> float | None:
    price, retail = known["price"], known["retail_price_per_pack"]
    return float(price * pack) if price else float(retail) if retail else None


def _beyond(then: float | None, known: Mapping[str, Any] | None, pack: float) -> bool:
    if then is None or known is None or known["low"] is None:
        return then is not None
    low, high = known["low"] * pack, known["high"] * pack
    return not low * (1 - ROUND_OFF) <= then <= high * (1 + ROUND_OFF)


def places(window: Window, first: date | None, last: date | None = None) -> list[int]:
    """Give the days of the window, by place, from `first` to `last`."""
    low = max((first - window.first).days, 0) if first else 0
    high = min((last - window.first).days + 1, window.days) if last else window.days
    return list(range(low, max(high, low)))


def formulas(*, price: bool, promotion: bool) -> list[str]:
    """Say how the figures are made."""
    found = []
    if price:
        found.append("demand = published demand × (new price / present price) ^ elasticity")
    if promotion:
        found.append("on the promotion's days × exp(effect), the effect with its spread between series")
    return [
        *found,
        "1000 draws: each has an elasticity and an effect of its own, drawn from a normal distribution",
    ]


def remarks(prices: Sequence[Priced], *, change: Change | None) -> list[str]:
    """Say what to mind of the prices."""
    beyond = sum(each.beyond for each in prices) if change else 0
    if not beyond:
        return []
    return [f"extrapolated: the new price of {beyond} of {len(prices)} series was never paid in two years"]
