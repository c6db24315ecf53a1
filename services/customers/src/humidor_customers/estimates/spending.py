"""Gamma-gamma: what a purchase of a customer is worth, drawn from its own mean towards that of all.

Fader, Hardie and Lee, RFM and CLV: Using Iso-Value Curves, Journal of Marketing Research 42 (2005). Purchases
of a customer scatter around a mean of its own, which does not depend on how often it buys: `correlation` says
whether that holds.
"""

from typing import NamedTuple

import numpy as np

from humidor_customers.arrays import Floats, Ints
from humidor_customers.estimates.buying import LEAST_CUSTOMERS, Unfit
from humidor_customers.hearing import Heard, unheard

_BOUND = 12.0
ABSURD = 1000.0
"""A mean of more than so many medians is a mistake at the till, and counts as so many."""


class Spending(NamedTuple):
    """A fitted model: shape `p` of a purchase, `q` and `gamma` of the customers, in minor units.

    `customers` were fitted; of the others `left_out` came to nothing or less, and `cut` were absurd.
    """

    p: float
    q: float
    gamma: float
    correlation: float | None
    customers: int
    left_out: int
    cut: int

    @property
    def mean_minor(self) -> float | None:
        """Give the mean over all customers; None where it is infinite."""
        return self.p * self.gamma / (self.q - 1) if self.q > 1 else None


def sound(means: Floats) -> tuple[Floats, int]:
    """Cut what is absurd down; gives how many were."""
    positive = means[means > 0]
    if not len(positive):
        return means, 0
    most = float(np.median(positive)) * ABSURD
    return np.minimum(means, most), int(np.count_nonzero(means > most))


def fit(x: Ints, means: Floats, heard: Heard = unheard) -> Spending:
    """Fit to customers with repeat purchases `x` of `means` minor units each; `heard` may end it at any step.

    Raises:
        Unfit: Fewer than 30 have any that are worth something, or all are worth the same.
    """
    from scipy.optimize import minimize
    from scipy.special import gammaln, psi

    cut_means, cut = sound(means)
    use = (x > 0) & (means > 0) & (means <= cut_means)
    count, m = x[use].astype(np.float64), means[use]
    if len(m) < LEAST_CUSTOMERS:
        raise Unfit(f"fewer than {LEAST_CUSTOMERS} customers came again and spent something")
    if m.min() == m.max():
        raise Unfit("all purchases are worth the same")
    scale = float(m.mean())
    counts, place = np.unique(count, return_inverse=True)
    by_count = np.bincount(place).astype(np.float64)
    logs_m, total = np.log(m / scale), len(m)

    def minus(logs: Floats) -> tuple[float, Floats]:
        heard(0.0)
        p, q, gamma = np.exp(logs)
        of_x = gammaln(p * counts + q) - gammaln(p * counts) - gammaln(q) + q * np.log(gamma)
        of_x += p * counts * np.log(counts)
        whole = gamma + count * m / scale
        logs_whole = np.log(whole)
        each = (p * count - 1) * logs_m - (p * count + q) * logs_whole
        both = psi(p * counts + q)
        gradient = np.array(
            [
                by_count @ (counts * (both - psi(p * counts) + np.log(counts)))
                + count @ (logs_m - logs_whole),
                by_count @ (both - psi(q) + np.log(gamma)) - logs_whole.sum(),
                total * q / gamma - ((p * count + q) / whole).sum(),
            ]
        )
        return -float(by_count @ of_x + each.sum()) / total, -gradient * np.exp(logs) / total

    found = minimize(
        minus,
        np.log([2.0, 3.0, 2.0]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-_BOUND, _BOUND)] * 3,
        options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-8},
    )
    p, q, gamma = (float(each) for each in np.exp(found.x))
    related = float(np.corrcoef(count, m)[0, 1]) if count.min() < count.max() else None
    left_out = int(np.count_nonzero(x > 0)) - total - cut
    return Spending(p, q, gamma * scale, related, total, left_out, cut)


def value_of_purchase(model: Spending, x: Ints, means: Floats) -> Floats:
    """Give the expected value of a purchase of each customer: its own mean, shrunk towards that of all.

    Who has not come again is worth the mean of all; nobody is worth less than nothing.
    """
    m = np.maximum(sound(means)[0], 0.0)
    weight = model.p * x / (model.p * x + model.q - 1) if model.q > 1 else np.where(x > 0, 1.0, 0.0)
    found: Floats = (1 - weight) * (model.mean_minor or 0.0) + weight * m
    return found
