"""RFM: equal bins whatever the ties, and names for all of them."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_customers.profiles.rules import LOST, USUAL_GAP_DAYS
from humidor_customers.value.foretelling import _silence
from humidor_customers.value.history import Figures
from humidor_customers.value.rules import SEGMENTS, name_segments, quintiles, score


@given(st.lists(st.floats(-1e15, 1e15), max_size=60))
@settings(max_examples=100, deadline=None)
def test_bins_are_equal_and_in_the_order_of_the_values(values: list[float]) -> None:
    given_values = np.array(values, dtype=float)
    found = quintiles(given_values)
    assert len(found) == len(values)
    if len(set(values)) <= 1:
        assert (found == 3).all()
        return
    sizes = np.bincount(found, minlength=6)[1:]
    assert max(sizes) - min(sizes) <= 1
    for one, other in ((1, 2), (2, 3), (3, 4), (4, 5)):
        if sizes[one - 1] and sizes[other - 1]:
            assert given_values[found == one].max() <= given_values[found == other].min()


def test_fewer_days_are_the_better_recency_and_flat_measures_are_named() -> None:
    days = np.arange(10.0)
    found = score(days, np.ones(10), days)
    assert list(found.recency) == [5, 5, 4, 4, 3, 3, 2, 2, 1, 1]
    assert list(found.money) == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert found.flat == ["frequency"]
    assert score(np.zeros(0), np.zeros(0), np.zeros(0)).flat == []


def test_every_triple_has_a_name_and_well_known_ones_theirs() -> None:
    every = np.array([(r, f, m) for r in range(1, 6) for f in range(1, 6) for m in range(1, 6)])
    names = name_segments(*every.T)
    assert set(names) == set(SEGMENTS)
    known = {tuple(triple): name for triple, name in zip(every.tolist(), names, strict=True)}
    assert known[5, 5, 4] == "champions"
    assert known[1, 5, 5] == "cannot_lose"
    assert known[5, 1, 1] == "new"
    assert known[1, 1, 1] == "hibernating"
    assert known[2, 3, 4] == "at_risk"
    assert known[4, 5, 5] == "loyal"


def test_who_is_silent_for_exactly_as_many_gaps_as_make_one_lost_is_not_lost_yet() -> None:
    one_day = {"first_day": 0.0, "last_day": 0.0, "active_days": 1.0}
    others = dict.fromkeys(set(Figures._fields) - {"ids", "today", *one_day}, 0.0)
    columns = {name: np.array([value]) for name, value in (one_day | others).items()}
    for kind, gap in USUAL_GAP_DAYS.items():
        today = round(LOST * gap)
        assert _silence(Figures(ids=["C1"], today=today, **columns), kind)[0] <= LOST
        assert _silence(Figures(ids=["C1"], today=today + 1, **columns), kind)[0] > LOST
