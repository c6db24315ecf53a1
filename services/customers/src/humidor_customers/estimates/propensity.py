"""A calibrated probability of something that customers do: logistic regression, judged on a hold-out.

Features are standardised and the weights penalised (L2). The probabilities are calibrated on a part of their
own by a straight line over their logits (Platt), and judged on a third part by Brier score, reliability, AUC
and lift.
"""

from typing import Any, NamedTuple

import numpy as np

from humidor_customers.arrays import Floats, Ints, spread_of
from humidor_customers.estimates.buying import Unfit
from humidor_customers.hearing import Heard, unheard

LEAST_OF_EACH = 10
PENALTY = 1.0
BINS = 10


class Propensity(NamedTuple):
    """A fitted model: probability = logistic(slope (weights · standardised features + intercept) + shift)."""

    names: list[str]
    means: Floats
    scales: Floats
    weights: Floats
    intercept: float
    slope: float
    shift: float

    def predict(self, features: Floats) -> Floats:
        """Give the probability for each row of features."""
        from scipy.special import expit

        # Nobody is so far from the others that it says more than ten deviations do.
        scaled = np.clip((features - self.means) / self.scales, -10, 10)
        found: Floats = expit(self.slope * (scaled @ self.weights + self.intercept) + self.shift)
        return found

    def told(self) -> dict[str, Any]:
        """Give what it goes by: the change of the log odds by one deviation of each feature."""
        effects = {
            name: round(float(weight * self.slope), 4)
            for name, weight in zip(self.names, self.weights, strict=True)
        }
        return {"effects": effects, "calibration": {"slope": self.slope, "shift": self.shift}}


def fit(
    features: Floats, happened: Floats, names: list[str], *, seed: int = 7, heard: Heard = unheard
) -> tuple[Propensity, dict[str, Any]]:
    """Fit on 60 %, calibrate on 20 %, and judge on the other 20 % of the customers.

    Raises:
        Unfit: It has happened to fewer than 10 customers of a part, or to all but so few.
    """
    parts = _split(happened, seed)
    for part in parts:
        least = min(happened[part].sum(), (1 - happened[part]).sum())
        if least < LEAST_OF_EACH:
            raise Unfit(
                f"only {int(happened.sum())} of {len(happened)} customers did it: too few, or too few did not"
            )
    train, calibrate, judge = parts
    means, scales = spread_of(features[train])
    raw = Propensity(names, means, scales, np.zeros(len(names)), 0.0, 1.0, 0.0)
    scaled = np.clip((features - means) / scales, -10, 10)
    heard(0.2)
    *weights, intercept = _logistic(scaled[train], happened[train], PENALTY)
    raw = raw._replace(weights=np.array(weights), intercept=float(intercept))
    heard(0.8)
    logits = scaled[calibrate] @ raw.weights + raw.intercept
    slope, shift = _logistic(logits[:, None], happened[calibrate], 0.0)
    model = raw._replace(slope=float(slope), shift=float(shift))
    return model, judge_by(model.predict(features[judge]), happened[judge])


def _split(happened: Floats, seed: int) -> list[Ints]:
    """Split at random, each part with its share of those who did it."""
    random = np.random.default_rng(seed)
    parts: list[list[Ints]] = [[], [], []]
    for which in (0.0, 1.0):
        places = random.permutation(np.flatnonzero(happened == which))
        ends = (np.array([0.6, 0.8]) * len(places)).astype(int)
        for part, some in zip(parts, np.split(places, ends), strict=True):
            part.append(some)
    return [np.concatenate(part) for part in parts]


def _logistic(features: Floats, happened: Floats, penalty: float) -> Floats:
    """Give weights and, last, the intercept, which is not penalised."""
    from scipy.optimize import minimize
    from scipy.special import expit

    def minus(weights: Floats) -> tuple[float, Floats]:
        logits = features @ weights[:-1] + weights[-1]
        missed = expit(logits) - happened
        loss = np.logaddexp(0, logits).sum() - happened @ logits + penalty / 2 * (weights[:-1] @ weights[:-1])
        gradient = np.append(missed @ features + penalty * weights[:-1], missed.sum())
        return float(loss) / len(happened), gradient / len(happened)

    found = minimize(minus, np.zeros(features.shape[1] + 1), jac=True, method="L-BFGS-B")
    weights: Floats = found.x
    return weights


def judge_by(predicted: Floats, happened: Floats) -> dict[str, Any]:
    """Judge probabilities by what happened: Brier score (and that of the rate alone), AUC, reliability, lift.

    `reliability` has a bin for each tenth of the customers by probability; `lift` says how many times more of
    the best so many tenths did it than of all.
    """
    rate = float(happened.mean())
    order = np.argsort(-predicted, kind="stable")
    reliability, lift = [], []
    for n, places in enumerate(np.array_split(order[::-1], BINS)):
        if len(places):
            reliability.append(
                {
                    "predicted": round(float(predicted[places].mean()), 4),
                    "happened": round(float(happened[places].mean()), 4),
                    "customers": len(places),
                }
            )
        best = order[: max(1, round(len(order) * (n + 1) / BINS))]
        lift.append(round(float(happened[best].mean()) / rate, 3) if rate else None)
    return {
        "customers": len(happened),
        "rate": round(rate, 4),
        "brier": round(float(np.mean((predicted - happened) ** 2)), 5),
        "brier_of_rate": round(rate * (1 - rate), 5),
        "auc": _auc(predicted, happened),
        "reliability": reliability,
        "lift_by_tenth": lift,
    }


def _auc(predicted: Floats, happened: Floats) -> float | None:
    """Give the chance that one who did it was given a higher probability than one who did not."""
    from scipy.stats import rankdata

    did = happened > 0
    yes, no = int(did.sum()), int((~did).sum())
    if not yes or not no:
        return None
    ranks = rankdata(predicted)
    return round(float((ranks[did].sum() - yes * (yes + 1) / 2) / (yes * no)), 4)
