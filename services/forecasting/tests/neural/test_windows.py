"""What the network sees: nothing from the future, nothing that depends on the unit."""

import numpy as np

from humidor_forecasting.models.interface import History
from humidor_forecasting.models.network import NeuralModel
from humidor_forecasting.neural.windows import FEATURES, LOOK_BACK, Series, features_of, windows_of


def series(count: int = 200, first: int = 700_000) -> Series:
    return Series(first, np.resize(np.array([10.0, 12, 11, 13, 20, 25, 8]), count))


def test_no_answer_of_the_training_lies_on_or_after_the_day_it_is_cut_at() -> None:
    one = series()
    until = one.first_day + 150
    changed = one.values.copy()
    changed[150:] = 1e9
    here, there = (
        windows_of([Series(one.first_day, each)], 14, until=until) for each in (one.values, changed)
    )
    assert len(here.features) > 30
    assert np.array_equal(here.features, there.features)
    assert np.array_equal(here.targets, there.targets)
    assert len(windows_of([one], 14, until=one.first_day).features) == 0


def test_features_are_the_same_in_packs_and_in_sticks() -> None:
    values = series().values
    packs, scale = features_of(values, 700_200)
    sticks, twenty = features_of(values * 20, 700_200)
    assert np.allclose(packs, sticks)
    assert twenty == 20 * scale
    assert packs.shape == (FEATURES,)
    for odd in (np.zeros(3), np.zeros(LOOK_BACK), np.array([5.0])):
        assert np.isfinite(features_of(odd, 1)[0]).all()


def test_without_a_trained_network_the_model_suits_nothing() -> None:
    assert not NeuralModel().suits(History(series().values, 7, 700_000))
