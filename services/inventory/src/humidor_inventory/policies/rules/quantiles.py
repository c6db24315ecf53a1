"""The distribution behind a published set of quantiles."""

from collections.abc import Sequence
from itertools import pairwise
from math import inf

import msgspec

from humidor_inventory.policies.rules import functions as fn

_FAR = 40.0


class Piece(msgspec.Struct, frozen=True):
    """Demand `start + slope z` while the normal score z lies between `low` and `high`.

    `share`, `first` and `second` are the integrals of 1, z and z² times the normal density over it.
    """

    low: float
    high: float
    start: float
    slope: float
    share: float
    first: float
    second: float

    @classmethod
    def of(cls, low: float, high: float, start: float, slope: float) -> "Piece":
        share = (
            fn.normal_below(high) - fn.normal_below(low)
            if low < 0
            else fn.normal_below(-low) - (fn.normal_below(-high))
        )
        left, right = fn.normal_density(low), fn.normal_density(high)
        return cls(low, high, start, slope, share, left - right, share + low * left - high * right)


class Quantiles(msgspec.Struct, frozen=True):
    """Demand that is a straight line of the normal score between quantiles and beyond them, never below 0.

    Two quantiles of a normal distribution give that distribution back.
    """

    pieces: tuple[Piece, ...]
    mean: float
    variance: float
    family: str = "quantiles"
    whole: bool = False

    @classmethod
    def of(cls, pieces: Sequence[Piece]) -> "Quantiles":
        mean = sum(p.start * p.share + p.slope * p.first for p in pieces)
        square = sum(
            p.start**2 * p.share + 2 * p.start * p.slope * p.first + p.slope**2 * p.second for p in pieces
        )
        return cls(tuple(pieces), mean, max(0.0, square - mean**2))

    def below(self, x: float) -> float:
        if x < 0:
            return 0.0
        reached = -_FAR
        for piece in self.pieces:
            if piece.start + piece.slope * piece.high <= x:
                reached = piece.high
            elif piece.start + piece.slope * piece.low <= x and piece.slope > 0:
                reached = (x - piece.start) / piece.slope
        return fn.normal_below(reached)

    def quantile(self, probability: float) -> float:
        z = fn.normal_score(probability)
        piece = next((p for p in self.pieces if z <= p.high), self.pieces[-1])
        return max(0.0, piece.start + piece.slope * z)

    def shortage(self, x: float) -> float:
        """E[(X - x)+]: piece by piece (start - x) share + slope first, over what lies above x."""
        if x < 0:
            return self.mean - x
        total = 0.0
        for piece in self.pieces:
            part = piece
            if piece.start + piece.slope * piece.high <= x:
                continue
            if piece.start + piece.slope * piece.low < x:
                part = Piece.of((x - piece.start) / piece.slope, piece.high, piece.start, piece.slope)
            total += (part.start - x) * part.share + part.slope * part.first
        return max(0.0, total)


def from_quantiles(points: Sequence[tuple[float, float]]) -> Quantiles:
    """Draw the line through (probability, demand) points, rising in both.

    The outer pieces go on with the slope of their neighbours, and stop at 0 below.
    """
    knots = [(fn.normal_score(probability), demand) for probability, demand in points]
    lines = []
    for i, ((z1, q1), (z2, q2)) in enumerate(pairwise(knots)):
        slope = (q2 - q1) / (z2 - z1)
        low = -_FAR if i == 0 else z1
        high = _FAR if i == len(knots) - 2 else z2
        lines.append(Piece.of(low, high, q1 - slope * z1, slope))
    pieces: list[Piece] = []
    for line in lines:
        zero = -line.start / line.slope if line.slope > 0 else (inf if line.start < 0 else -inf)
        edge = min(max(zero, line.low), line.high)
        if edge > line.low:
            pieces.append(Piece.of(line.low, edge, 0.0, 0.0))
        if edge < line.high:
            pieces.append(Piece.of(edge, line.high, line.start, line.slope))
    return Quantiles.of(pieces)


def stretch(points: Sequence[tuple[float, float]], times: float, widen: float = 1.0) -> Quantiles:
    """Make the quantiles of `times` as long an interval: the mean grows by `times`, deviations by its root.

    `widen` multiplies the deviations further, for a lead time that varies.
    """
    mean = from_quantiles(points).mean
    spread = times**0.5 * widen
    return from_quantiles([(p, mean * times + (q - mean) * spread) for p, q in points])
