"""A structural time series as the counterfactual: what the stores' own past and their like led to expect.

As CausalImpact does (Brodersen et al. 2015): level, weekdays and a regression on series that the promotion
did not touch; here by maximum likelihood and the Kalman filter, coefficients as diffuse states, so that what
is not known of them widens the interval.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from humidor_forecasting.uplift.panel import WEEK, Values

LEAST_DAYS = 21


@dataclass(frozen=True)
class Counterfactual:
    """What was to be expected: a mean a day, and of the windows' means the standard deviations."""

    path: Values
    deviations: list[float]
    freedom: float


def expect(outcome: Values, known: int, regressors: Values, windows: Sequence[slice]) -> Counterfactual:
    """Expect every day after the first `known`, and how uncertain the mean of each window is.

    Args:
        outcome: The series, whose first `known` values are used.
        known: Days before the promotion.
        regressors: Columns known for all days, that the promotion does not touch.
        windows: Days after `known` whose means are wanted.
    """
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    past = outcome[:known]
    spread = float(past.std())
    if spread <= 1e-9 * max(abs(float(past.mean())), 1e-12):
        path = np.full(len(outcome), past.mean())
        return Counterfactual(path, [0.0 for _ in windows], float(known - 1))
    columns = _varying(regressors, known)
    centre, scale = columns[:known].mean(axis=0), columns[:known].std(axis=0)
    columns = (columns - centre) / np.where(scale > 0, scale, 1.0)
    model = UnobservedComponents(
        (past - past.mean()) / spread, level="local level", seasonal=WEEK, stochastic_seasonal=False,
        exog=columns[:known] if columns.shape[1] else None, mle_regression=False,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a variance at its bound of nothing is no failure to converge
        fitted = model.fit(disp=0, maxiter=200)
    system = _System.after(fitted, columns[known:])
    means = system.means() * spread + past.mean()
    deviations = [spread * system.deviation(_shares(window, known, len(means))) for window in windows]
    freedom = float(max(known - WEEK - columns.shape[1] - 1, 3))
    return Counterfactual(np.concatenate([past, means]), deviations, freedom)


def _varying(columns: Values, known: int) -> Values:
    """Keep columns that vary in the past and do not follow from those before them."""
    kept: list[Values] = []
    for column in columns.T:
        trial = np.column_stack([np.ones(known), *(each[:known] for each in kept), column[:known]])
        if np.linalg.matrix_rank(trial) == trial.shape[1]:
            kept.append(column)
    return np.column_stack(kept) if kept else np.empty((len(columns), 0))


def _shares(window: slice, known: int, count: int) -> Values:
    shares = np.zeros(count)
    shares[window.start - known : window.stop - known] = 1 / (window.stop - window.start)
    return shares


@dataclass(frozen=True)
class _System:
    """The state at the end of the past, and how it goes on: the moments of any weighted sum are exact."""

    state: Values
    covariance: Values
    transition: Values
    noise: Values
    designs: Values
    measured: float

    @classmethod
    def after(cls, fitted: Any, columns: Values) -> "_System":
        space = fitted.model.ssm
        transition = np.asarray(space["transition"])[:, :]
        selection = np.asarray(space["selection"])
        design = np.asarray(space["design"])
        base = design[0, :, 0] if design.ndim == 3 else design[0]
        designs = np.tile(base, (len(columns), 1))
        if columns.shape[1]:
            designs[:, -columns.shape[1] :] = columns
        return cls(
            state=np.asarray(fitted.predicted_state[:, -1]),
            covariance=np.asarray(fitted.predicted_state_cov[:, :, -1]),
            transition=transition,
            noise=selection @ np.asarray(space["state_cov"]) @ selection.T,
            designs=designs,
            measured=float(np.asarray(space["obs_cov"]).ravel()[0]),
        )

    def means(self) -> Values:
        state, found = self.state, []
        for design in self.designs:
            found.append(float(design @ state))
            state = self.transition @ state
        return np.array(found)

    def deviation(self, shares: Values) -> float:
        """Give the standard deviation of the sum of days, each times its share."""
        variance = self.measured * float(shares @ shares)
        ahead = np.zeros(len(self.state))
        for share, design in zip(shares[::-1], self.designs[::-1], strict=True):
            variance += float(ahead @ self.noise @ ahead)
            ahead = share * design + self.transition.T @ ahead
        return float(np.sqrt(max(variance + float(ahead @ self.covariance @ ahead), 0.0)))
