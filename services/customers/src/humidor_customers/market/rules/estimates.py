"""Intervals of figures that are estimates: stores stand for all outlets of the market."""

from statistics import NormalDist
from typing import NamedTuple


class Interval(NamedTuple):
    """Where the figure of all outlets lies, at the level asked for."""

    low: float
    high: float


class Moments(NamedTuple):
    """Sums over stores of what a brand sold in them (y) and of what everybody did (x)."""

    stores: int
    y: float
    x: float
    yy: float
    xy: float
    xx: float


def _z(level: float) -> float:
    return NormalDist().inv_cdf((1 + level) / 2)


def _left(stores: int, outlets: int | None) -> float:
    """Give the share of outlets that were not seen; 1 where nobody knows how many there are."""
    return 1.0 if not outlets else max(1 - stores / outlets, 0.0)


def of_ratio(moments: Moments, outlets: int | None, level: float) -> Interval | None:
    """Give the interval of a share, stores being drawn as a whole (Cochran 1977, 6.4: ratio estimator).

    None where there are fewer than two stores or nothing was sold. With all outlets seen it has no width.
    """
    if moments.stores < 2 or moments.x <= 0:
        return None
    share = moments.y / moments.x
    squares = max(moments.yy - 2 * share * moments.xy + share * share * moments.xx, 0.0)
    variance = moments.stores / (moments.stores - 1) * squares * _left(moments.stores, outlets)
    half = _z(level) * variance**0.5 / moments.x
    return Interval(max(share - half, 0.0), min(share + half, 1.0))


def of_proportion(part: int, stores: int, outlets: int | None, level: float) -> Interval | None:
    """Give the interval of a count of stores (Wilson 1927), narrowed where few outlets are left unseen.

    5 of 10 are between 0.237 and 0.763 where outlets are many.
    """
    if stores <= 0 or not 0 <= part <= stores:
        return None
    left = _left(stores, outlets)
    if left == 0.0:
        return Interval(part / stores, part / stores)
    z, n, share = _z(level), stores / left, part / stores
    scale = 1 + z * z / n
    middle = (share + z * z / (2 * n)) / scale
    half = z / scale * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    return Interval(max(middle - half, 0.0), min(middle + half, 1.0))
