"""How far places lie apart, and in which order a day's visits make a short way."""

from collections.abc import Sequence
from itertools import pairwise
from math import asin, cos, hypot, radians, sin, sqrt
from typing import NamedTuple, TypeAlias

EARTH_RADIUS_M = 6_371_008.8
"""The mean radius of the earth, in metres (IUGG: (2a + b) / 3)."""
MOST_EXACT = 8
LEAST_SAVED_M = 1.0

Distances: TypeAlias = list[list[float]]


class Place(NamedTuple):
    """A place on the earth, in degrees (WGS 84)."""

    latitude: float
    longitude: float


def distance_m(one: Place, other: Place) -> float:
    """Give the great-circle distance in metres, by the haversine formula (Sinnott 1984), to within 0.6 %.

    Example:
        From Hangzhou (30.2741, 120.1551) to Shanghai (31.2304, 121.4737) it is 164,600 m.
    """
    latitudes = radians(one.latitude), radians(other.latitude)
    half_up = (latitudes[1] - latitudes[0]) / 2
    half_along = radians(other.longitude - one.longitude) / 2
    h = hypot(sin(half_up), sqrt(cos(latitudes[0]) * cos(latitudes[1])) * sin(half_along))
    return 2 * EARTH_RADIUS_M * asin(min(1.0, h))


def length_m(places: Sequence[Place], order: Sequence[int], start: Place | None) -> float:
    """Give the length of an open route: from `start`, where there is one, through the places in order."""
    stops = [places[each] for each in order]
    return sum(distance_m(one, other) for one, other in pairwise([start, *stops] if start else stops))


def route(places: Sequence[Place], start: Place | None) -> list[int]:
    """Order visits so that the way is short; it begins at `start` (else at the first place) and stays open.

    Few places by trying all orders that may still win (exact); more by nearest neighbour, mended by turning
    parts round (2-opt, Croes 1958) and moving single stops (Or 1976) until neither saves a metre.
    """
    nodes = [start, *places] if start else list(places)
    if len(nodes) < 2:
        return list(range(len(places)))
    far = [[distance_m(one, other) for other in nodes] for one in nodes]
    order = _exact(far) if len(nodes) <= MOST_EXACT else _mend(far, _nearest(far))
    return [each - 1 for each in order[1:]] if start else order


def _exact(far: Distances) -> list[int]:
    best, best_length = list(range(len(far))), float("inf")
    waiting = [(0.0, [0])]
    while waiting:
        length, order = waiting.pop()
        if length < best_length and len(order) == len(far):
            best, best_length = order, length
        elif length < best_length:
            here = far[order[-1]]
            steps = [(length + here[each], [*order, each]) for each in range(len(far)) if each not in order]
            waiting += sorted(steps, reverse=True)
    return best


def _nearest(far: Distances) -> list[int]:
    order, left = [0], set(range(1, len(far)))
    while left:
        here = far[order[-1]]
        order.append(min((here[each], each) for each in left)[1])
        left.remove(order[-1])
    return order


def _mend(far: Distances, order: list[int]) -> list[int]:
    while better := _turned(far, order) or _moved(far, order):
        order = better
    return order


def _turned(far: Distances, order: list[int]) -> list[int] | None:
    """Turn the first part round that makes the way shorter."""
    for i in range(1, len(order) - 1):
        before, first = order[i - 1], order[i]
        for j in range(i + 1, len(order)):
            last = order[j]
            saved = far[before][first] - far[before][last]
            if j + 1 < len(order):
                saved += far[last][order[j + 1]] - far[first][order[j + 1]]
            if saved > LEAST_SAVED_M:
                return order[:i] + order[i : j + 1][::-1] + order[j + 1 :]
    return None


def _moved(far: Distances, order: list[int]) -> list[int] | None:
    """Move the first single stop to where it makes the way shorter."""
    for i in range(1, len(order)):
        stop, rest = order[i], order[:i] + order[i + 1 :]
        saved = _cost(far, rest, stop, i)
        for j in range(1, len(order)):
            if saved - _cost(far, rest, stop, j) > LEAST_SAVED_M:
                return [*rest[:j], stop, *rest[j:]]
    return None


def _cost(far: Distances, rest: list[int], stop: int, at: int) -> float:
    """Give how much longer the way is with the stop put in before what stands at `at`."""
    before = rest[at - 1]
    if at == len(rest):
        return far[before][stop]
    return far[before][stop] + far[stop][rest[at]] - far[before][rest[at]]
