"""Functions of mathematical physics, imported when first needed: they cost 40 MB and 0.4 s.

`scipy.stats` would cost twice that for the same numbers.
"""

from functools import cache
from math import exp, pi, sqrt
from typing import Any


@cache
def _special() -> Any:
    from scipy import special

    return special


def normal_density(z: float) -> float:
    """Density of the standard normal distribution: 0.3989 at 0."""
    return exp(-z * z / 2) / sqrt(2 * pi)


def normal_below(z: float) -> float:
    """P(Z <= z): 0.975 at 1.96."""
    return float(_special().ndtr(z))


def normal_score(probability: float) -> float:
    """The z below which `probability` of the standard normal distribution lies: 1.6449 for 0.95."""
    return float(_special().ndtri(probability))


def normal_loss(z: float) -> float:
    """Standard loss function G(z) = E[(Z - z)+] = density(z) - z P(Z > z): 0.3989 at 0, 0.0833 at 1."""
    return max(0.0, normal_density(z) - z * normal_below(-z))


def poisson_above(k: float, mean: float) -> float:
    """P(X > k) of a Poisson variable, k a whole number; 1 below 0."""
    return 1.0 if k < 0 else float(_special().gammainc(k + 1, mean))


def negative_binomial_above(k: float, size: float, probability: float) -> float:
    """P(X > k) of a negative binomial variable with mean size (1 - p) / p, k a whole number; 1 below 0."""
    return 1.0 if k < 0 else float(_special().betaincc(size, k + 1, probability))


def walk_sums(drift: float, terms: int) -> tuple[float, float]:
    """Spitzer's sums of a random walk with normal steps of mean -`drift` and deviation 1.

    Returns:
        The mean of the walk's maximum, sum over k of G(drift sqrt(k)) / sqrt(k), and the probability that
        the maximum is 0, exp(-sum over k of P(Z > drift sqrt(k)) / k).
    """
    import numpy as np

    steps = np.arange(1, terms + 1, dtype=float)
    z = drift * np.sqrt(steps)
    above = _special().ndtr(-z)
    loss = np.maximum(np.exp(-z * z / 2) / sqrt(2 * pi) - z * above, 0.0)
    return float((loss / np.sqrt(steps)).sum()), exp(-float((above / steps).sum()))
