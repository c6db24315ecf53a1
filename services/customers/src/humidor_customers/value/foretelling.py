"""Fits churn and potential on what sampled customers did, and clusters of those who buy alike."""

import numpy as np

from humidor_customers.arrays import Floats
from humidor_customers.estimates import clustering, propensity
from humidor_customers.estimates.buying import Unfit
from humidor_customers.hearing import Heard, part, unheard
from humidor_customers.inputs import PartyKind
from humidor_customers.profiles import rules as profiles
from humidor_customers.value.fitting import Outcome
from humidor_customers.value.history import Days, Figures

HORIZON_DAYS: dict[PartyKind, int] = {"retailer": 28, "consumer": 90}
"""Four weekly cycles without an order are the trade's word for churn."""
HIGH = 0.8
"""Whoever spends more than four of five customers is of high value."""

FEATURES = [
    "silent_days",
    "days_since_first",
    "days_with_purchases",
    "gap_days",
    "silence_in_gaps",
    "purchases_year",
    "spend_year",
    "basket",
]
TRAITS = [
    "silent_days",
    "purchases_year",
    "spend_year_minor",
    "basket_sticks",
    "favourite_brand_share",
    "usual_hour",
]

ANSWERED = 0.3
"""Satisfaction is a trait of clusters where so many answered; fewer would only be a cluster of their own."""


def features_of(figures: Figures, party_kind: PartyKind) -> Floats:
    """Give the features of each customer, as logarithms because all of them are skewed."""
    features: Floats = np.log1p(np.maximum(measures_of(figures, party_kind), 0))
    return features


def measures_of(figures: Figures, party_kind: PartyKind) -> Floats:
    """Give what the features are of: days, purchases, minor units, and gaps."""
    columns = (
        figures.today - figures.last_day,
        figures.today - figures.first_day,
        figures.active_days,
        _rhythm(figures, party_kind),
        _silence(figures, party_kind),
        figures.purchases_year,
        figures.spend_year_minor,
        figures.basket_minor,
    )
    return np.column_stack(columns)


def _rhythm(figures: Figures, party_kind: PartyKind) -> Floats:
    """Give the days between purchases; what is usual for whom too few are known of."""
    gap = (figures.last_day - figures.first_day) / np.maximum(figures.active_days - 1, 1)
    usual = profiles.USUAL_GAP_DAYS[party_kind]
    return np.where(figures.active_days >= profiles.KNOWN_GAP_DAYS, gap, usual)


def _silence(figures: Figures, party_kind: PartyKind) -> Floats:
    """Give for how many of its own gaps each customer has bought nothing."""
    silent: Floats = figures.today - figures.last_day
    return silent / np.maximum(_rhythm(figures, party_kind), profiles.LEAST_GAP_DAYS)


def fit_churn(
    figures: Figures,
    days: Days,
    party_kind: PartyKind,
    horizon_days: int,
    involuntary: int,
    heard: Heard = unheard,
) -> Outcome:
    """Foretell who will not buy within the horizon, of those who are not lost already.

    Customers whose licence or membership has ended did not choose to: they are left out and counted apart.
    """
    cut = days.today - horizon_days
    before, known = days.until(cut).figures()
    live = _silence(before, party_kind) <= profiles.LOST  # of the others there is nothing to foretell
    gone = (days.after(cut)[0][known][live] == 0).astype(np.float64)
    if not len(gone):
        raise Unfit("nobody was buying before the horizon")
    model, judged = propensity.fit(
        features_of(before, party_kind)[live], gone, FEATURES, heard=part(heard, 0.0, 0.4)
    )
    risk = model.predict(features_of(figures, party_kind))
    heard(0.7)
    lost = _silence(figures, party_kind) > profiles.LOST
    risk = np.where(lost, 1.0, risk)
    bands = np.array(["low", "middle", "high"])[np.digitize(risk, (0.33, 0.66))]
    bands = np.where(lost, "lost", bands)
    fit = {"customers": len(gone), "rate": float(gone.mean()), "involuntary": involuntary}
    parameters = {"figures": FEATURES, "horizon_days": horizon_days, **model.told()}
    rests_on = np.round(measures_of(figures, party_kind), 2)
    return Outcome(parameters, fit, judged, None, risk, bands, rests_on)


def fit_potential(
    figures: Figures, days: Days, party_kind: PartyKind, horizon_days: int, heard: Heard = unheard
) -> Outcome:
    """Foretell who, not of high value now, will spend within the horizon like the highest fifth."""
    cut = days.today - horizon_days
    before, known = days.until(cut).figures()
    if not before.ids:
        raise Unfit("nobody was buying before the horizon")
    spent = days.after(cut)[1][known]
    candidates = before.spend_year_minor <= np.quantile(before.spend_year_minor, HIGH)
    mark = float(np.quantile(spent, HIGH))
    rose = (spent[candidates] > max(mark, 0.0)).astype(np.float64)
    model, judged = propensity.fit(
        features_of(before, party_kind)[candidates], rose, FEATURES, heard=part(heard, 0.0, 0.4)
    )
    chance = model.predict(features_of(figures, party_kind))
    heard(0.7)
    high = figures.spend_year_minor > np.quantile(figures.spend_year_minor, HIGH)
    order = np.argsort(np.argsort(-np.where(high, -1.0, chance), kind="stable"), kind="stable")
    tenths = order * 10 // max(int((~high).sum()), 1) + 1
    labels = np.where(high, "high_value", np.char.add("tenth_", np.minimum(tenths, 10).astype(str)))
    fit = {
        "customers": len(rose),
        "rate": float(rose.mean()),
        "mark_minor": mark,
        "high_value": int(high.sum()),
    }
    parameters = {"horizon_days": horizon_days, **model.told()}
    return Outcome(parameters, fit, judged, None, np.where(high, np.nan, chance), labels)


def fit_clusters(figures: Figures, heard: Heard = unheard) -> Outcome:
    """Find groups of customers who buy alike, as many as the silhouette says.

    How satisfied they say they are counts where enough of them do; the others count as the middle one.
    """
    traits = np.column_stack(
        (
            figures.today - figures.last_day,
            figures.purchases_year,
            figures.spend_year_minor,
            figures.basket_sticks,
            figures.brand_share,
            figures.usual_hour,
        )
    )
    names = list(TRAITS)
    said = np.isfinite(figures.satisfaction)
    if len(said) and said.mean() >= ANSWERED:
        middle = np.median(figures.satisfaction[said])
        traits = np.column_stack((traits, np.where(said, figures.satisfaction, middle)))
        names.append("satisfaction")
    skewed = traits.copy()
    skewed[:, :4] = np.log1p(np.maximum(skewed[:, :4], 0))
    model, judged = clustering.fit(skewed, part(heard, 0.0, 0.6))
    places, distances = model.assign(skewed)
    heard(0.8)
    k = len(model.centres)
    told = clustering.describe(traits, places, names, k)
    parameters = {"clusters": k, "traits": names, "silhouettes": model.silhouettes}
    labels = np.char.add("cluster_", places.astype(str))
    return Outcome(parameters, {"clusters": told}, judged, None, distances, labels)
