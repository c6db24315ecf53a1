"""Figures of the market: every one with its numerator and denominator, and a reason where there is none."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

STICKS_PER_CASE = 50_000
"""One case (箱) of the statistics; a carton (条) is as large as the product says."""


class Ratio(NamedTuple):
    """A figure; `value` is None where it has no meaning, and `reason` says why."""

    numerator: float | None
    denominator: float | None
    value: float | None
    reason: str | None = None


class Change(NamedTuple):
    """What became of a figure between two stretches of time; `growth` and the contributions are shares.

    `contribution` is in points of the whole's growth (own increment ÷ base of the whole) and
    `contribution_rate` the share of the whole's increment, which can exceed 1 or be negative.
    """

    current: int
    base: int
    change: int
    growth: float | None
    contribution: float | None
    contribution_rate: float | None
    reason: str | None


class Concentration(NamedTuple):
    """How few hold the market: shares of the four largest, Σ share² (0 to 1), and what that is like.

    `equivalent` is the number of equal brands that would give the same index.
    """

    groups: int
    left_out: int
    total: int
    cr4: Ratio
    hhi: float | None
    equivalent: float | None
    reason: str | None


def ratio(numerator: float | None, denominator: float | None, missing: str = "no-sales") -> Ratio:
    """Divide where that means something: 3 of 4 are 0.75; of nothing, or of less than nothing, None.

    `missing` is the reason where the denominator is 0 or not known.
    """
    if numerator is None or not denominator:
        return Ratio(numerator, denominator, None, missing)
    if denominator < 0:
        return Ratio(numerator, denominator, None, "negative-total")
    reason = "more-returned-than-sold" if numerator < 0 else None
    return Ratio(numerator, denominator, numerator / denominator, reason)


def change(current: int, base: int, whole_current: int, whole_base: int) -> Change:
    """Compare with the base: from 80 to 100 while the whole went from 200 to 210.

    Growth 0.25, contribution 20/200 = 0.10, share of the increment 20/10 = 2. A base of zero or less has no
    growth, however much came.
    """
    grown = current - base
    whole = whole_current - whole_base
    reason = None if base > 0 else "zero-base" if base == 0 else "negative-base"
    return Change(
        current,
        base,
        grown,
        grown / base if base > 0 else None,
        grown / whole_base if whole_base > 0 else None,
        grown / whole if whole else None,
        reason,
    )


def compound_growth(first: int, last: int, years: float) -> Ratio:
    """Work out the yearly growth that leads from the first to the last year (CAGR).

    100 to 121 in two years are 0.10. The numerator is the last year and the denominator the first.
    """
    if first <= 0:
        return Ratio(last, first, None, "zero-base" if first == 0 else "negative-base")
    if last < 0:
        return Ratio(last, first, None, "negative-total")
    if years <= 0:
        return Ratio(last, first, None, "less-than-a-year")
    return Ratio(last, first, (last / first) ** (1 / years) - 1)


def concentrate(amounts: Sequence[int]) -> Concentration:
    """Measure how concentrated the market is (Herfindahl, Hirschman).

    Four brands of 40, 30, 20 and 10: CR4 is 1 and HHI 0.16 + 0.09 + 0.04 + 0.01 = 0.30, as if there were 3.3
    equal ones. Who took back as much as they sold is left out.
    """
    held = sorted((each for each in amounts if each > 0), reverse=True)
    total, left_out = sum(held), len(amounts) - len(held)
    cr4 = ratio(sum(held[:4]), total)
    if not total:
        return Concentration(0, left_out, total, cr4, None, None, "no-sales")
    hhi = sum((each / total) ** 2 for each in held)
    return Concentration(len(held), left_out, total, cr4, hhi, 1 / hhi, None)


class Part(NamedTuple):
    """One segment in one stretch of time: what the brand sold in it, and what everybody did."""

    own: int
    all: int


class Shift(NamedTuple):
    """A share's change and what it is made of; the parts add up to it exactly."""

    base_share: Ratio
    share: Ratio
    shift: float | None
    within: float | None
    mix: float | None
    entry: float | None
    exit: float | None
    reason: str | None


def decompose(base: Mapping[str, Part], current: Mapping[str, Part], wholes: tuple[int, int]) -> Shift:
    """Split the change of a share into what happened within segments, and what segments weigh.

    Segments in which the brand sold nothing may be left out; `wholes` is what everybody sold in all segments
    where that is more than nothing, before and now.

    With w the weight of a segment in the market and q the share within it: within = Σ mean(w) Δq, mix =
    Σ mean(q) Δw over segments that were there both times; entry = Σ w q of new segments, exit = -Σ w q of
    those that are gone (as Foster, Haltiwanger & Krizan 2001, by means as Griliches & Regev). Segments in
    which nobody sold anything on balance count as not there.
    """
    owns = [sum(part.own for part in each.values() if part.all > 0) for each in (base, current)]
    before, after = ratio(owns[0], wholes[0]), ratio(owns[1], wholes[1])
    if before.value is None or after.value is None:
        return Shift(before, after, None, None, None, None, None, "no-sales")
    within = mix = entry = gone = 0.0
    for name in sorted(base.keys() | current.keys()):
        (w0, q0), (w1, q1) = _of(base.get(name), wholes[0]), _of(current.get(name), wholes[1])
        if w0 and w1:
            within += (w0 + w1) / 2 * (q1 - q0)
            mix += (q0 + q1) / 2 * (w1 - w0)
        elif w1:
            entry += w1 * q1
        elif w0:
            gone -= w0 * q0
    return Shift(before, after, after.value - before.value, within, mix, entry, gone, None)


def _of(part: Part | None, whole: int) -> tuple[float, float]:
    return (part.all / whole, part.own / part.all) if part and part.all > 0 else (0.0, 0.0)
