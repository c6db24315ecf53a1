"""BG/NBD and MBG/NBD: how often customers who may leave without a word will buy again.

Fader, Hardie and Lee, "Counting Your Customers" the Easy Way, Marketing Science 24 (2005); Batislam, Denizel
and Filiztekin, International Journal of Research in Marketing 24 (2007). While alive a customer buys at a
rate of its own (gamma distributed); after each purchase (in MBG after the first one too) it leaves for ever
with a probability of its own (beta distributed).
"""

from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from humidor_customers.arrays import Floats, Ints
from humidor_customers.hearing import Heard, unheard

Variant: TypeAlias = Literal["bg", "mbg"]

LEAST_CUSTOMERS = 30
LEAST_REPEATING = 10
_BOUND = 12.0
_NEAR_ONE = 1e-6
_AT_ONCE = 50_000


class Customers(NamedTuple):
    """Repeat purchases `x`, time of the last one `t_x` and of observation `t` since the first, in weeks."""

    x: Ints
    t_x: Floats
    t: Floats


class Unfit(Exception):  # noqa: N818 - reads as what it says of the data
    """The data cannot tell the parameters; the reason says why."""


class Buying(NamedTuple):
    """A fitted model: `r`, `alpha` of the rate (in weeks), `a`, `b` of leaving."""

    variant: Variant
    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float = float("nan")
    converged: bool = True

    @property
    def at_bound(self) -> bool:
        """Tell whether a parameter ran away: nobody leaves, or all buy at one rate."""
        return any(abs(np.log(each)) > _BOUND - 1 for each in (self.r, self.alpha, self.a, self.b))


class _Grouped(NamedTuple):
    """Customers who are the same in all three figures count once, with their number."""

    customers: Customers
    weights: Floats
    counts: Ints
    """The different numbers of repeat purchases."""
    place: Ints
    """Where each group's is among `counts`."""


def _group(customers: Customers) -> _Grouped:
    keys = np.column_stack((customers.x.astype(np.float64), customers.t_x, customers.t))
    order = np.lexsort(keys.T)
    keys = keys[order]
    first = np.concatenate(([True], np.any(keys[1:] != keys[:-1], axis=1)))
    starts = np.flatnonzero(first)
    weights = np.diff(np.append(starts, len(keys))).astype(np.float64)
    x, t_x, t = keys[starts].T
    counts, place = np.unique(x.astype(np.int64), return_inverse=True)
    return _Grouped(Customers(x.astype(np.int64), t_x, t), weights, counts, place)


def fit(customers: Customers, variant: Variant = "bg", heard: Heard = unheard) -> Buying:
    """Fit by maximum likelihood, with the exact gradient over logarithms of the parameters.

    Time grows with the number of different (x, t_x, t), not of customers. Nobody knows how many steps it
    takes, so `heard` is told of each that nothing is done: it may end the fit.

    Raises:
        Unfit: There are too few customers, or too few who came again.
    """
    from scipy.optimize import minimize

    if len(customers.x) < LEAST_CUSTOMERS:
        raise Unfit(f"fewer than {LEAST_CUSTOMERS} customers")
    if np.count_nonzero(customers.x) < LEAST_REPEATING:
        raise Unfit(f"fewer than {LEAST_REPEATING} customers bought on more than one day")
    grouped = _group(customers)
    total = float(grouped.weights.sum())
    scale = float(np.average(grouped.customers.t, weights=grouped.weights)) or 1.0
    start = np.log([1.0, scale / 2, 1.0, 1.0])

    def minus(logs: Floats) -> tuple[float, Floats]:
        heard(0.0)
        value, gradient = _log_likelihood(np.exp(logs), grouped, variant)
        return -value / total, -gradient * np.exp(logs) / total

    bounds = [(-_BOUND, _BOUND)] * 4
    found = minimize(
        minus,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-8},
    )
    r, alpha, a, b = (float(each) for each in np.exp(found.x))
    return Buying(variant, r, alpha, a, b, -float(found.fun) * total, bool(found.success))


def _log_likelihood(parameters: Floats, grouped: _Grouped, variant: Variant) -> tuple[float, Floats]:
    from scipy.special import gammaln, psi

    r, alpha, a, b = parameters
    x, t_x, t = grouped.customers
    # Functions of x alone are worked out once for each different x.
    c = b + grouped.counts + (0 if variant == "bg" else 1)
    of_x = gammaln(r + grouped.counts) - gammaln(r) + r * np.log(alpha)
    of_x += gammaln(c) + gammaln(a + b) - gammaln(b) - gammaln(a + c)
    # In BG/NBD nobody leaves before having come again.
    may_leave = grouped.counts >= (1 if variant == "bg" else 0)
    before = np.where(may_leave, c - 1, 1.0)
    leaving = np.where(may_leave, np.log(a) - np.log(before), -np.inf)
    alive, gone = np.log(alpha + t), np.log(alpha + t_x)
    staying = -(r + x) * alive
    left = leaving[grouped.place] - (r + x) * gone
    together = np.logaddexp(staying, left)
    w_left = np.exp(left - together)
    w_stay = 1 - w_left
    weights = grouped.weights
    value = float(weights @ (of_x[grouped.place] + together))
    by_count = np.bincount(grouped.place, weights=weights)
    left_by_count = np.bincount(grouped.place, weights=weights * w_left)
    gradient = np.array(
        [
            by_count @ (psi(r + grouped.counts) - psi(r) + np.log(alpha))
            - weights @ (w_stay * alive + w_left * gone),
            weights @ (r / alpha - (r + x) * (w_stay / (alpha + t) + w_left / (alpha + t_x))),
            by_count @ (psi(a + b) - psi(a + c)) + left_by_count.sum() / a,
            by_count @ (psi(c) - psi(a + c) + psi(a + b) - psi(b)) - (left_by_count / before).sum(),
        ]
    )
    return value, gradient


def log_likelihood(model: Buying, customers: Customers) -> float:
    """Give the logarithm of the likelihood of customers under a model."""
    return _log_likelihood(np.array(model[1:5]), _group(customers), model.variant)[0]


def alive(model: Buying, customers: Customers) -> Floats:
    """Give the probability that each customer is still one at the end of observation."""
    from scipy.special import expit

    x, t_x, t = customers
    before = model.b + x + (-1 if model.variant == "bg" else 0)
    leaves = (x > 0) if model.variant == "bg" else np.ones(len(x), dtype=bool)
    odds = np.log(model.a) - np.log(np.where(leaves, before, 1.0))
    odds += (model.r + x) * (np.log(model.alpha + t) - np.log(model.alpha + t_x))
    return np.where(leaves, expit(-odds), 1.0)


def expected(model: Buying, customers: Customers, weeks: float, heard: Heard = unheard) -> Floats:
    """Give the purchases that each customer is expected to make in the next `weeks`.

    Equation 10 of the paper, with Euler's transformation of the hypergeometric function: for frequent
    customers its power of almost nothing times almost infinity becomes a number.
    """
    count = len(customers.x)
    found = np.empty(count)
    for begin in range(0, count, _AT_ONCE):
        heard(begin / count)
        some = slice(begin, begin + _AT_ONCE)
        found[some] = _expected(
            model, Customers(customers.x[some], customers.t_x[some], customers.t[some]), weeks
        )
    return found


def _expected(model: Buying, customers: Customers, weeks: float) -> Floats:
    from scipy.special import hyp2f1

    x, _, t = customers
    a = model.a + _NEAR_ONE if abs(model.a - 1) < _NEAR_ONE else model.a
    c = model.b + x + (0 if model.variant == "bg" else 1)
    top = a + c - 1
    z = weeks / (model.alpha + t + weeks)
    with np.errstate(all="ignore"):
        series = hyp2f1(top - model.r - x, a - 1, top, z)
        purchases = top / (a - 1) * (1 - (1 - z) ** (a - 1) * series)
    # Where all leave alike (a and b run away) the series ends in nothing times infinity, and one chance of
    # leaving, the mean, says as much.
    leaving = a / (a + c)
    alike = (1 - (1 + leaving * weeks / (model.alpha + t)) ** -(model.r + x)) / leaving
    most = (model.r + x) / (model.alpha + t) * weeks
    sound = np.isfinite(purchases) & (purchases >= 0) & (purchases <= most * (1 + 1e-9))
    found: Floats = np.where(sound, purchases, alike) * alive(model, customers)
    return found
