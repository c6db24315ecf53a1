"""Distances against published ones, and routes that are short and complete."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_customers.visits.rules import EARTH_RADIUS_M, MOST_EXACT, Place, distance_m, length_m, route

places = st.builds(Place, st.floats(30.0, 30.5), st.floats(120.0, 120.5))
anywhere = st.builds(Place, st.floats(-90, 90), st.floats(-180, 180))


def test_the_distance_is_the_one_of_the_published_example() -> None:
    # Nashville to Los Angeles on a sphere of 6372.8 km: Rosetta Code, "Haversine formula".
    far = distance_m(Place(36.12, -86.67), Place(33.94, -118.40)) * 6_372_800 / EARTH_RADIUS_M
    assert far == pytest.approx(2_887_259.95, abs=1)


@given(anywhere, anywhere)
def test_a_distance_is_the_same_both_ways_and_never_more_than_half_round(one: Place, other: Place) -> None:
    far = distance_m(one, other)
    assert far == pytest.approx(distance_m(other, one), abs=0.01)
    assert 0 <= far <= 3.1416 * EARTH_RADIUS_M
    assert distance_m(one, one) == 0


@settings(max_examples=40, deadline=None)
@given(st.lists(places, max_size=14), st.none() | places)
def test_a_route_visits_each_place_once_and_no_turn_or_move_shortens_it(
    stops: list[Place], start: Place | None
) -> None:
    order = route(stops, start)
    assert sorted(order) == list(range(len(stops)))
    assert start is not None or not stops or order[0] == 0
    length = length_m(stops, order, start)
    kept = 0 if start else 1
    for i in range(kept, len(order)):
        for j in range(i + 1, len(order)):
            turned = order[:i] + order[i : j + 1][::-1] + order[j + 1 :]
            assert length_m(stops, turned, start) >= length - 1.01
    if len(stops) > MOST_EXACT:
        return
    assert length <= length_m(stops, range(len(stops)), start) + 0.01


@settings(max_examples=15, deadline=None)
@given(st.lists(places, min_size=2, max_size=5), places)
def test_a_short_route_is_the_shortest_of_all(stops: list[Place], start: Place) -> None:
    best = min(length_m(stops, each, start) for each in permutations(range(len(stops))))
    assert length_m(stops, route(stops, start), start) == pytest.approx(best)


def test_a_long_row_of_shops_is_visited_along_the_street() -> None:
    street = [Place(30.0 + n * 0.001, 120.0) for n in (7, 2, 15, 0, 9, 4, 11, 1, 13, 6, 3, 14, 8, 5, 12, 10)]
    order = route(street, Place(29.99, 120.0))
    assert [street[each].latitude for each in order] == sorted(each.latitude for each in street)
