"""Figures that tell whether to trust an estimate."""

from typing import NamedTuple

import numpy as np

from humidor_forecasting.elasticity.panel import Errors
from humidor_forecasting.elasticity.work import Diagnostic
from humidor_forecasting.models.interface import Values

OVERIDENTIFIED = ("sargan_p", "wooldridge_score_p")
_VALID = "below 0.05: not all instruments are valid"


class Fit(NamedTuple):
    """What was regressed on what, and what is left; `projected` are regressors as instruments tell them."""

    outcome: Values
    regressors: Values
    residuals: Values
    projected: Values
    errors: Errors


def diagnose(fit: Fit) -> list[Diagnostic]:
    """Look at what is left: its variance, its distribution, its order."""
    from statsmodels.stats.diagnostic import het_breuschpagan
    from statsmodels.stats.stattools import durbin_watson, jarque_bera

    _, spread, *_ = het_breuschpagan(fit.residuals, fit.regressors)
    _, normal, *_ = jarque_bera(fit.residuals)
    order = float(durbin_watson(fit.residuals))
    return [
        Diagnostic(
            "breusch_pagan_p", float(spread), "below 0.05: variance is unequal (the errors given bear it)"
        ),
        Diagnostic("jarque_bera_p", float(normal), "below 0.05: residuals are not normal; distrust few rows"),
        Diagnostic("durbin_watson", order, "far from 2: rows in time order go together"),
    ]


def diagnose_instruments(fit: Fit, stage: Values, exogenous: Values) -> list[Diagnostic]:
    """Look at the instruments: whether they move the price, were needed, and agree with each other."""
    price = fit.regressors[:, 1]
    strength = _robust_f(price, stage, exogenous, fit.errors)
    left = price - stage @ np.linalg.lstsq(stage, price, rcond=None)[0]
    found = [
        Diagnostic("first_stage_f", strength, "below 10: the instruments hardly move the price"),
        Diagnostic("wu_hausman_p", _added_p(fit, left),
                   "below 0.05: price is endogenous, so least squares misleads"),
    ]  # fmt: skip
    extra = stage.shape[1] - fit.regressors.shape[1]
    if extra and fit.errors.weeks:
        found.append(Diagnostic("wooldridge_score_p", _score_p(fit, stage, extra), _VALID))
    elif extra:
        found.append(Diagnostic("sargan_p", _sargan_p(fit.residuals, stage, extra), _VALID))
    return found


def _robust_f(price: Values, stage: Values, exogenous: Values, errors: Errors) -> float:
    """The F statistic of the instruments in the first stage, with robust errors."""
    coefficients = np.linalg.lstsq(stage, price, rcond=None)[0]
    covariance = errors.covariance(stage, price - stage @ coefficients)
    tested = slice(exogenous.shape[1], stage.shape[1])
    beta = coefficients[tested]
    return float(beta @ np.linalg.solve(covariance[tested, tested], beta) / len(beta))


def _added_p(fit: Fit, added: Values) -> float:
    """Whether the first stage's residual explains anything: the regression test of Wu and Hausman."""
    from scipy.stats import t

    matrix = np.column_stack([fit.regressors, added])
    coefficients = np.linalg.lstsq(matrix, fit.outcome, rcond=None)[0]
    covariance = fit.errors.covariance(matrix, fit.outcome - matrix @ coefficients)
    statistic = coefficients[-1] / np.sqrt(covariance[-1, -1])
    return float(2 * t.sf(abs(statistic), fit.errors.freedom(matrix)))


def _sargan_p(residuals: Values, stage: Values, extra: int) -> float:
    from scipy.stats import chi2

    fitted = stage @ np.linalg.lstsq(stage, residuals, rcond=None)[0]
    statistic = float(len(residuals) * (fitted @ fitted) / (residuals @ residuals))
    return float(chi2.sf(statistic, extra))


def _score_p(fit: Fit, stage: Values, extra: int) -> float:
    """Sargan's question where errors go together: Wooldridge (1995), by as many instruments as are extra."""
    from scipy.stats import chi2

    surplus = stage[:, -extra:]
    left = surplus - fit.projected @ np.linalg.lstsq(fit.projected, surplus, rcond=None)[0]
    scores = left * fit.residuals[:, None]
    total = scores.sum(axis=0)
    return float(chi2.sf(total @ np.linalg.solve(fit.errors.meat(scores), total), extra))
