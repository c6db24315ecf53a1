"""Clusters of customers who buy alike: k-means, with the number of clusters by the silhouette."""

from typing import Any, NamedTuple

import numpy as np

from humidor_customers.arrays import Floats, Ints, spread_of
from humidor_customers.estimates.buying import Unfit
from humidor_customers.hearing import Heard, unheard

LEAST_CUSTOMERS = 60
MOST_CLUSTERS = 8
FITTED = 20_000
JUDGED = 1_500
STARTS = 4
WEAK = 0.25
"""A silhouette below is no structure worth a name (Kaufman and Rousseeuw)."""


class Clusters(NamedTuple):
    """A fitted model over standardised features; `silhouettes` of each number of clusters that was tried."""

    centres: Floats
    means: Floats
    scales: Floats
    silhouettes: dict[int, float]

    def assign(self, features: Floats) -> tuple[Ints, Floats]:
        """Give the cluster of each customer and its distance from the centre."""
        from scipy.cluster.vq import vq

        places, distances = vq(_scale(features, self.means, self.scales), self.centres)
        return places.astype(np.int64), distances


def _scale(features: Floats, means: Floats, scales: Floats) -> Floats:
    scaled: Floats = np.clip((features - means) / scales, -4, 4)
    return scaled


def parts_of(count: int, *, seed: int = 7) -> tuple[Ints, Ints]:
    """Draw 20,000 customers at most: four of five to fit to, and the others to judge by."""
    drawn = np.random.default_rng(seed).permutation(count)[:FITTED]
    return drawn[: len(drawn) * 4 // 5], drawn[len(drawn) * 4 // 5 :]


def fit(features: Floats, heard: Heard = unheard) -> tuple[Clusters, dict[str, Any]]:
    """Try 2 to 8 clusters, keep the number whose silhouette (on a sample) is the best, and judge it.

    It is judged by the silhouette of customers whom it was not fitted to.

    Raises:
        Unfit: There are too few customers, they are all alike, or no number of clusters separates them.
    """
    if len(features) < LEAST_CUSTOMERS:
        raise Unfit(f"fewer than {LEAST_CUSTOMERS} customers")
    seen, unseen = (features[part] for part in parts_of(len(features)))
    if (seen == seen[0]).all():
        raise Unfit("all customers are alike")
    means, scales = spread_of(seen)
    found = _try(_scale(seen, means, scales), heard)
    best = max(found, key=lambda k: found[k][0])
    silhouettes = {k: round(each[0], 4) for k, each in found.items()}
    if found[best][0] < WEAK:
        raise Unfit(f"no number of clusters separates them: the best silhouette is {found[best][0]:.2f}")
    model = Clusters(found[best][1], means, scales, silhouettes)
    judged = unseen[:JUDGED]
    apart = silhouette(_scale(judged, means, scales), model.assign(judged)[0])
    return model, {
        "customers": len(judged),
        "silhouette": round(apart, 4),
        "silhouette_of_fitted": silhouettes[best],
    }


def _try(scaled: Floats, heard: Heard, *, seed: int = 7) -> dict[int, tuple[float, Floats]]:
    """Give silhouette and centres of each number of clusters, the best of some starts."""
    from scipy.cluster.vq import kmeans2

    random = np.random.default_rng(seed)
    found: dict[int, tuple[float, Floats]] = {}
    most = min(MOST_CLUSTERS, len(np.unique(scaled, axis=0)))
    for k in range(2, most + 1):
        heard((k - 2) / (most - 1))
        tries = [kmeans2(scaled, k, minit="++", rng=random, missing="warn") for _ in range(STARTS)]
        centres, places = min(tries, key=lambda each: float(((scaled - each[0][each[1]]) ** 2).sum()))
        found[k] = (silhouette(scaled[:JUDGED], places[:JUDGED]), centres)
    return found


def silhouette(points: Floats, places: Ints) -> float:
    """Give the mean silhouette (Rousseeuw 1987): 1 where clusters are apart, 0 where they touch."""
    from scipy.spatial.distance import cdist

    kinds = np.unique(places)
    if len(kinds) < 2:
        return 0.0
    distances = cdist(points, points)
    sums = np.column_stack([distances[:, places == k].sum(axis=1) for k in kinds])
    sizes = np.array([np.count_nonzero(places == k) for k in kinds])
    own = np.searchsorted(kinds, places)
    rows = np.arange(len(points))
    inside = sums[rows, own] / np.maximum(sizes[own] - 1, 1)
    others = sums / sizes
    others[rows, own] = np.inf
    outside = others.min(axis=1)
    widest = np.maximum(inside, outside)
    each = np.where(
        (sizes[own] > 1) & (widest > 0), (outside - inside) / np.where(widest > 0, widest, 1), 0.0
    )
    return float(each.mean())


def describe(features: Floats, places: Ints, names: list[str], k: int) -> list[dict[str, Any]]:
    """Describe each cluster: size, medians, and by what its mean differs most from that of all."""
    means, scales = spread_of(features)
    told = []
    for n in range(k):
        own = features[places == n]
        if not len(own):
            told.append({"cluster": n, "customers": 0, "medians": {}, "description": "empty"})
            continue
        apart = (np.clip(own, means - 4 * scales, means + 4 * scales).mean(axis=0) - means) / scales
        most = [i for i in np.argsort(-np.abs(apart)) if abs(apart[i]) >= 0.3][:3]
        words = [f"{'high' if apart[i] > 0 else 'low'} {names[i].replace('_', ' ')}" for i in most]
        medians = {
            name: round(float(each), 3) for name, each in zip(names, np.median(own, axis=0), strict=True)
        }
        told.append(
            {
                "cluster": n,
                "customers": len(own),
                "medians": medians,
                "description": ", ".join(words) or "like the average",
            }
        )
    return told
