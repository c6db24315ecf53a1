"""Which way scores and labels go: who is best, who is lost, and which of two models is kept."""

from itertools import pairwise

import numpy as np

from humidor_customers.testing.crowd import TODAY, leavers
from humidor_customers.value.fitting import fit_lifetime, fit_rfm
from humidor_customers.value.foretelling import FEATURES, fit_churn, fit_potential

DAYS = leavers(600)
FIGURES, _ = DAYS.figures()


def test_five_is_who_bought_last_most_often_and_for_most() -> None:
    found = fit_rfm(FIGURES, DAYS, {}, {}).figures
    assert found is not None
    for place, measure in enumerate(
        (FIGURES.last_day, FIGURES.purchases_year, FIGURES.spend_year_minor),
    ):
        best, worst = (measure[found[:, place] == score] for score in (5, 1))
        assert best.min() > worst.max()


def test_the_likelier_variant_is_kept() -> None:
    few = leavers(40)
    outcome = fit_lifetime(few.figures()[0], few, 365)
    likelihoods = outcome.fit["log_likelihood"]
    assert likelihoods["bg"] != likelihoods["mbg"]
    assert likelihoods[outcome.parameters["variant"]] == max(likelihoods.values())


def test_who_is_lost_has_a_risk_of_one_and_every_risk_the_figures_that_it_rests_on() -> None:
    outcome = fit_churn(FIGURES, DAYS, "consumer", 90, 3)
    assert outcome.labels is not None
    assert outcome.figures is not None
    assert outcome.fit["involuntary"] == 3
    assert outcome.parameters["figures"] == FEATURES
    lost = outcome.labels == "lost"
    assert 0 < lost.sum() < len(lost)
    assert (outcome.scores[lost] == 1).all()
    assert (outcome.scores[~lost] < 1).all()
    rests_on = dict(zip(FEATURES, outcome.figures.T, strict=True))
    assert (rests_on["silence_in_gaps"][lost] > 8).all()
    assert (rests_on["silence_in_gaps"][~lost] <= 8).all()
    assert (rests_on["silent_days"] == TODAY - FIGURES.last_day).all()
    assert (rests_on["days_with_purchases"] == FIGURES.active_days).all()
    assert (rests_on["spend_year"] == np.round(FIGURES.spend_year_minor, 2)).all()
    assert outcome.scores[outcome.labels == "low"].max() < outcome.scores[outcome.labels == "high"].min()


def test_the_first_tenth_is_the_likeliest_and_high_value_customers_are_in_none() -> None:
    outcome = fit_potential(FIGURES, DAYS, "consumer", 90)
    assert outcome.labels is not None
    high = FIGURES.spend_year_minor > np.quantile(FIGURES.spend_year_minor, 0.8)
    assert (outcome.labels == "high_value").tolist() == high.tolist()
    assert np.isnan(outcome.scores[high]).all()
    tenths = [outcome.scores[outcome.labels == f"tenth_{n}"] for n in range(1, 11)]
    assert sum(len(each) for each in tenths) == (~high).sum()
    assert max(len(each) for each in tenths) - min(len(each) for each in tenths) <= 1
    for better, worse in pairwise(tenths):
        assert better.min() >= worse.max()
    assert tenths[0].mean() > tenths[-1].mean()
