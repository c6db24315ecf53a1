"""Log-log demand: by how many percent demand changes where the price changes by one.

Ordinary least squares where the price is set from outside; two-stage least squares where price and
demand move each other (a shortage raises both), with taxes or the like as instruments. Both with standard
errors that bear unequal variance (HC1). Stock & Watson, Introduction to Econometrics, ch. 12.
"""

from collections.abc import Sequence

import numpy as np

from humidor_forecasting.elasticity.work import Coefficient, Diagnostic, ElasticityInput, ElasticityOutput
from humidor_forecasting.models.interface import Values

CONSTANT = "constant"
WEAK_BELOW = 10.0


class Unidentified(ValueError):  # noqa: N818 - the field's word for it
    """The data cannot tell the coefficients apart; the message says why."""


def estimate(given: ElasticityInput) -> ElasticityOutput:
    """Regress log quantity on log price and log controls; columns of `dummies` are taken as they are.

    Raises:
        Unidentified: Too few rows, an amount that has no logarithm, columns that say the same.
    """
    columns = {name: np.asarray(values, dtype=np.float64) for name, values in given.columns.items()}
    names = [given.price, *given.controls]
    outcome = _log(columns, given.quantity)
    own = np.column_stack([_log(columns, name) for name in names] + [columns[name] for name in given.dummies])
    regressors = np.column_stack([np.ones(len(outcome)), own])
    instruments = [
        _log(columns, n) if n not in given.linear_instruments else columns[n] for n in given.instruments
    ]
    exogenous = np.column_stack([np.ones(len(outcome)), own[:, 1:]])
    stage = np.column_stack([exogenous, *instruments]) if instruments else regressors
    _check(regressors, stage)
    projected = stage @ np.linalg.lstsq(stage, regressors, rcond=None)[0]
    coefficients = np.linalg.solve(projected.T @ regressors, projected.T @ outcome)
    residuals = outcome - regressors @ coefficients
    covariance = _hc1(projected, residuals)
    labels = [CONSTANT, *names, *given.dummies]
    found = _coefficients(labels, coefficients, covariance, len(outcome), given.level)
    diagnostics = _diagnose(outcome, regressors, stage, residuals, exogenous if instruments else None)
    return ElasticityOutput(
        method="two-stage least squares" if instruments else "ordinary least squares",
        rows=len(outcome),
        elasticity=found[1],
        coefficients=found,
        r_squared=float(
            1 - (residuals @ residuals) / ((outcome - outcome.mean()) @ (outcome - outcome.mean()))
        ),
        diagnostics=diagnostics,
        remarks=_remarks(found[1], diagnostics, bool(instruments)),
    )


def _log(columns: dict[str, Values], name: str) -> Values:
    values = columns[name]
    if not (values > 0).all():
        raise Unidentified(f"{name}: every value has to be above zero, it is taken as its logarithm")
    return np.asarray(np.log(values))


def _check(regressors: Values, stage: Values) -> None:
    rows, count = regressors.shape
    if rows < count + 5:
        raise Unidentified(
            f"{rows} rows are too few for {count} coefficients: five more than these are needed"
        )
    for label, matrix in (("regressors", regressors), ("instruments with controls", stage)):
        if np.linalg.matrix_rank(matrix) < matrix.shape[1]:
            raise Unidentified(f"the {label} say the same: one of them follows from the others")


def _hc1(projected: Values, residuals: Values) -> Values:
    """White's covariance with the correction n/(n-k)."""
    rows, count = projected.shape
    bread = np.linalg.inv(projected.T @ projected)
    meat = projected.T @ (projected * (residuals**2)[:, None])
    return np.asarray(rows / (rows - count) * bread @ meat @ bread)


def _coefficients(
    labels: Sequence[str], values: Values, covariance: Values, rows: int, level: float
) -> list[Coefficient]:
    from scipy.stats import t

    freedom = rows - len(values)
    reach = float(t.ppf(0.5 + level / 2, freedom))
    found = []
    for label, value, variance in zip(labels, values, np.diag(covariance), strict=True):
        error = float(np.sqrt(variance))
        p_value = float(2 * t.sf(abs(value / error), freedom)) if error else 0.0
        low, high = float(value - reach * error), float(value + reach * error)
        found.append(Coefficient(label, float(value), error, low, high, p_value))
    return found


def _diagnose(
    outcome: Values, regressors: Values, stage: Values, residuals: Values, exogenous: Values | None
) -> list[Diagnostic]:
    from scipy.stats import chi2
    from statsmodels.stats.diagnostic import het_breuschpagan
    from statsmodels.stats.stattools import durbin_watson, jarque_bera

    _, spread, *_ = het_breuschpagan(residuals, regressors)
    _, normal, *_ = jarque_bera(residuals)
    found = [
        Diagnostic(
            "breusch_pagan_p", float(spread), "below 0.05: variance is unequal (the errors given bear it)"
        ),
        Diagnostic("jarque_bera_p", float(normal), "below 0.05: residuals are not normal; distrust few rows"),
        Diagnostic(
            "durbin_watson", float(durbin_watson(residuals)), "far from 2: rows in time order go together"
        ),
    ]
    if exogenous is None:
        return found
    price = regressors[:, 1]
    found.append(Diagnostic("first_stage_f", _robust_f(price, stage, exogenous),
                            "below 10: the instruments hardly move the price"))  # fmt: skip
    left = price - stage @ np.linalg.lstsq(stage, price, rcond=None)[0]
    found.append(Diagnostic("wu_hausman_p", _added_p(outcome, regressors, left),
                            "below 0.05: price is endogenous, so least squares misleads"))  # fmt: skip
    extra = stage.shape[1] - regressors.shape[1]
    if extra:
        fitted = stage @ np.linalg.lstsq(stage, residuals, rcond=None)[0]
        statistic = float(len(residuals) * (fitted @ fitted) / (residuals @ residuals))
        found.append(
            Diagnostic(
                "sargan_p", float(chi2.sf(statistic, extra)), "below 0.05: not all instruments are valid"
            )
        )
    return found


def _robust_f(price: Values, stage: Values, exogenous: Values) -> float:
    """The F statistic of the instruments in the first stage, by HC1."""
    coefficients = np.linalg.lstsq(stage, price, rcond=None)[0]
    covariance = _hc1(stage, price - stage @ coefficients)
    tested = slice(exogenous.shape[1], stage.shape[1])
    beta = coefficients[tested]
    return float(beta @ np.linalg.solve(covariance[tested, tested], beta) / len(beta))


def _added_p(outcome: Values, regressors: Values, added: Values) -> float:
    """Whether the first stage's residual explains anything: the regression test of Wu and Hausman."""
    from scipy.stats import t

    matrix = np.column_stack([regressors, added])
    coefficients = np.linalg.lstsq(matrix, outcome, rcond=None)[0]
    covariance = _hc1(matrix, outcome - matrix @ coefficients)
    statistic = coefficients[-1] / np.sqrt(covariance[-1, -1])
    return float(2 * t.sf(abs(statistic), len(outcome) - matrix.shape[1]))


def _remarks(price: Coefficient, diagnostics: Sequence[Diagnostic], instrumented: bool) -> list[str]:
    by_name = {each.name: each.value for each in diagnostics}
    between = f"(between {price.low:+.2f} and {price.high:+.2f})"
    found = [f"a price that is 1 % higher goes with demand that is {price.value:+.2f} % {between}"]
    if price.low <= 0 <= price.high:
        found.append("the data do not show that price moves demand at all")
    if not instrumented:
        found.append("price is taken as set from outside; where it is not, give instruments such as taxes")
    elif by_name["first_stage_f"] < WEAK_BELOW:
        found.append(
            "the instruments are weak: the estimate leans towards least squares and its error is understated"
        )
    if by_name.get("sargan_p", 1.0) < 0.05:
        found.append("the instruments contradict each other: at least one acts on demand itself")
    return found
