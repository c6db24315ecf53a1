"""Propensity and clusters: what is there is found and judged fairly, and what is not is said."""

import numpy as np
import pytest
from scipy.special import expit

from humidor_customers.estimates import clustering, propensity
from humidor_customers.estimates.buying import Unfit

RANDOM = np.random.default_rng(11)


def test_probabilities_are_calibrated_and_better_than_the_rate_on_customers_not_seen() -> None:
    features = RANDOM.normal(size=(6000, 3)) * [1, 10, 0.1]
    features[0, 0] = 1e12
    happened = (
        RANDOM.random(6000) < expit(features[:, 0].clip(-5, 5) * 1.5 - features[:, 1] * 0.05 - 1)
    ).astype(float)
    model, judged = propensity.fit(features, happened, ["first", "second", "noise"])
    assert judged["brier"] < judged["brier_of_rate"] * 0.9
    assert judged["auc"] > 0.75
    assert judged["lift_by_tenth"][0] > 2
    assert judged["lift_by_tenth"][-1] == 1
    assert max(abs(each["predicted"] - each["happened"]) for each in judged["reliability"]) < 0.13
    assert sum(each["customers"] for each in judged["reliability"]) == judged["customers"]
    assert 1195 <= judged["customers"] <= 1205
    effects = model.told()["effects"]
    assert effects["first"] > abs(effects["second"]) > abs(effects["noise"])
    found = model.predict(features)
    assert ((found > 0) & (found < 1)).all()


def test_what_nearly_all_or_nearly_nobody_did_cannot_be_fitted() -> None:
    features = RANDOM.normal(size=(500, 2))
    for happened in (np.zeros(500), np.ones(500), np.arange(500) < 40):
        with pytest.raises(Unfit, match="customers did it"):
            propensity.fit(features, happened.astype(float), ["a", "b"])


def test_a_constant_forecast_has_no_lift_and_nothing_has_no_auc() -> None:
    happened = np.tile([0.0, 1.0], 100)
    judged = propensity.judge_by(np.full(200, 0.5), happened)
    assert (judged["brier"], judged["auc"]) == (0.25, 0.5)
    assert propensity.judge_by(np.full(20, 0.1), np.zeros(20))["lift_by_tenth"] == [None] * 10


def test_clusters_that_are_there_are_found_described_and_numbered_by_the_silhouette() -> None:
    centres = np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 9.0]])
    places = RANDOM.integers(0, 3, 900)
    features = centres[places] + RANDOM.normal(size=(900, 2))
    features[0] = [1e15, 0]
    model, judged = clustering.fit(features)
    found, distances = model.assign(features)
    assert len(model.centres) == 3
    assert model.silhouettes[3] == max(model.silhouettes.values()) > 0.6
    assert judged["customers"] == 180
    assert judged["silhouette"] == pytest.approx(judged["silhouette_of_fitted"], abs=0.05)
    sizes = [np.bincount(places[1:][found[1:] == k], minlength=3).max() for k in range(3)]
    assert sum(sizes) >= 890
    assert np.isfinite(distances).all()
    told = clustering.describe(features[1:], found[1:], ["visits", "spend"], 3)
    assert {"high visits, low spend", "high spend, low visits"} <= {each["description"] for each in told}
    assert sum(each["customers"] for each in told) == 899


def test_customers_whom_clusters_are_judged_by_have_no_say_in_them() -> None:
    centres = np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 9.0]])
    features = centres[np.arange(600) % 3] + np.random.default_rng(5).normal(size=(600, 2))
    seen, unseen = clustering.parts_of(600)
    assert sorted([*seen, *unseen]) == list(range(600))
    model, judged = clustering.fit(features)
    features[unseen] = np.random.default_rng(6).normal((4.0, 4.5), size=(len(unseen), 2))
    same, worse = clustering.fit(features)
    assert (model.centres == same.centres).all()
    assert judged["silhouette"] > 0.6
    assert worse["silhouette"] < 0.3


def test_the_silhouette_is_rousseeuws() -> None:
    points = np.array([[0.0], [1.0], [10.0], [12.0]])
    expected = [(10.5 - 1) / 11, (10 - 1) / 10, (9.5 - 2) / 9.5, (11.5 - 2) / 11.5]
    expected = [(11 - 1) / 11, (10 - 1) / 10, (9.5 - 2) / 9.5, (11.5 - 2) / 11.5]
    assert clustering.silhouette(points, np.array([0, 0, 1, 1])) == pytest.approx(np.mean(expected))
    assert clustering.silhouette(points, np.zeros(4, dtype=int)) == 0


def test_customers_without_structure_or_difference_are_not_clustered() -> None:
    with pytest.raises(Unfit, match="fewer than 60"):
        clustering.fit(np.zeros((10, 2)))
    with pytest.raises(Unfit, match="all customers are alike"):
        clustering.fit(np.ones((100, 2)))
    with pytest.raises(Unfit, match="separates them"):
        clustering.fit(np.random.default_rng(1).normal(size=(2000, 6)))
