"""Parts add up to demand, find what was put in, and say so where they cannot."""

import math
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humidor_forecasting.decompositions.parting import decompose, strength
from humidor_forecasting.decompositions.work import DecompositionInput, DecompositionOutput

PARTS = ("trend", "weekly", "yearly", "holiday", "promotion", "remainder")
MONDAY = date(2023, 1, 2).toordinal()


def add_up(found: DecompositionOutput) -> None:
    for i, demand in enumerate(found.demand):
        total = sum(getattr(found, part)[i] for part in PARTS)
        assert math.isclose(demand, total, abs_tol=1e-6 + 1e-12 * max(found.demand))


def test_what_was_put_in_is_found_again() -> None:
    random, days = np.random.default_rng(3), np.arange(3 * 365)
    promoted = (days % 97 < 7).astype(float)
    holiday = (days % 365 == 100).astype(float) + (days % 365 == 200)
    values = (
        200
        + days * 0.1
        + np.array([0, -10, -5, 0, 20, 40, -45])[days % 7]
        + 30 * np.sin(2 * np.pi * days / 365)
        + 80 * promoted
        - 60 * holiday
        + random.normal(0, 5, len(days))
    )
    found = decompose(
        DecompositionInput(
            first_ordinal=MONDAY, values=[float(each) for each in values],
            known={"promotion": [float(x) for x in promoted], "holiday": [float(x) for x in holiday]},
        )
    )  # fmt: skip
    add_up(found)
    assert 65 < found.effects["promotion"] < 90
    assert -70 < found.effects["holiday"] < -40
    assert found.trend_strength is not None
    assert found.trend_strength > 0.9
    assert found.weekly_strength is not None
    assert found.weekly_strength > 0.9
    assert found.yearly_strength is not None
    assert found.yearly_strength > 0.7
    assert np.ptp(found.weekly) == pytest.approx(85, abs=15)
    assert np.corrcoef(found.yearly, np.sin(2 * np.pi * days / 365))[0, 1] > 0.9


@pytest.mark.parametrize(
    ("values", "note"),
    [
        ([], "nothing was demanded"),
        ([0.0] * 60, "nothing was demanded"),
        ([None] * 10, "nothing was demanded"),
        ([5.0], "same every day"),
        ([7.0] * 50, "same every day"),
        ([1.0, 2.0] * 5, "fewer than three weeks"),
        ([0.0, 0.0, 3.0] * 40, "less than two years"),
        ([2.0**k for k in range(200)], "less than two years"),
        ([10.0, None, None, 12.0, 11.0] * 12, "gaps filled"),
    ],
)
def test_a_poor_series_gets_parts_and_a_note(values: list[float | None], note: str) -> None:
    found = decompose(DecompositionInput(first_ordinal=MONDAY, values=values))
    add_up(found)
    assert any(note in each for each in found.notes)
    strengths = (found.trend_strength, found.weekly_strength, found.yearly_strength)
    assert all(each is None or 0 <= each <= 1 for each in strengths)


def test_strengths_follow_their_definition() -> None:
    part, rest = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.5, -0.5, 0.5, -0.5])
    assert strength(part, rest) == pytest.approx(1 - np.var(rest) / np.var(part + rest), abs=1e-4)
    assert strength(np.zeros(4), rest) == 0.0
    assert strength(np.ones(4), np.zeros(4)) is None


@settings(max_examples=15, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(0, 1e6)), max_size=120))
def test_parts_always_add_up_and_are_finite(values: list[float | None]) -> None:
    known = {"promotion": [float(i % 30 == 0) for i in range(len(values))]}
    found = decompose(DecompositionInput(first_ordinal=MONDAY, values=values, known=known))
    add_up(found)
    assert all(math.isfinite(each) for part in PARTS for each in getattr(found, part))
