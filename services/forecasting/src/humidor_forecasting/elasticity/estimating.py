"""Log-log demand: by how many percent demand changes where the price changes by one.

Ordinary least squares where the price is set from outside; two-stage least squares where price and
demand move each other (a shortage raises both), with taxes or the like as instruments. Both with standard
errors that bear unequal variance (HC1), or of weeks of many series such as go together (Driscoll & Kraay).
Stock & Watson, Introduction to Econometrics, ch. 10 and 12.
"""

from collections.abc import Sequence

import numpy as np

from humidor_forecasting.elasticity.diagnosing import OVERIDENTIFIED, Fit, diagnose, diagnose_instruments
from humidor_forecasting.elasticity.panel import Errors, numbers, within
from humidor_forecasting.elasticity.work import Coefficient, Diagnostic, ElasticityInput, ElasticityOutput
from humidor_forecasting.models.interface import Values

CONSTANT = "constant"
WEAK_BELOW = 10.0


class Unidentified(ValueError):  # noqa: N818 - the field's word for it
    """The data cannot tell the coefficients apart; the message says why, `field` for which input."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


def estimate(given: ElasticityInput) -> ElasticityOutput:
    """Regress log quantity on log price and log controls; columns of `dummies` are taken as they are.

    Raises:
        Unidentified: Too few rows, an amount that has no logarithm, columns that say the same.
    """
    outcome, own, instruments = _columns(given)
    names = [given.price, *given.controls, *given.dummies]
    ones = np.ones(len(outcome))
    regressors = np.column_stack([ones, *own])
    exogenous = np.column_stack([ones, *own[1:]])
    stage = np.column_stack([exogenous, *instruments]) if instruments else regressors
    levels = len(set(given.series)) - 1 if given.series else 0
    _check(regressors, stage, levels)
    errors = Errors(levels, given.weeks)
    projected = stage @ np.linalg.lstsq(stage, regressors, rcond=None)[0]
    coefficients = np.linalg.solve(projected.T @ regressors, projected.T @ outcome)
    residuals = outcome - regressors @ coefficients
    covariance = errors.covariance(projected, residuals)
    freedom = errors.freedom(regressors)
    found = _coefficients([CONSTANT, *names], coefficients, covariance, freedom, given.level)
    fit = Fit(outcome, regressors, residuals, projected, errors)
    diagnostics = [*diagnose(fit), *(diagnose_instruments(fit, stage, exogenous) if instruments else [])]
    return ElasticityOutput(
        method=_method(given),
        rows=len(outcome),
        elasticity=found[1],
        coefficients=found,
        r_squared=float(
            1 - (residuals @ residuals) / ((outcome - outcome.mean()) @ (outcome - outcome.mean()))
        ),
        diagnostics=diagnostics,
        remarks=_remarks(found[1], diagnostics, bool(instruments)),
    )


def _method(given: ElasticityInput) -> str:
    method = "two-stage least squares" if given.instruments else "ordinary least squares"
    return f"{method}, a level for each series, errors by Driscoll and Kraay" if given.series else method


def _columns(given: ElasticityInput) -> tuple[Values, list[Values], list[Values]]:
    """Give the outcome, price with controls and dummies, and the instruments.

    Of series, what is left of each column is its distance from the series' own mean, about the mean of all.
    """
    columns = {name: np.asarray(values, dtype=np.float64) for name, values in given.columns.items()}
    series = numbers(given.series)

    def level(column: Values) -> Values:
        return np.asarray(within(column, series) + column.mean()) if len(series) else column

    own = [_log(columns, name) for name in (given.price, *given.controls)]
    instruments = [
        columns[name] if name in given.linear_instruments else _log(columns, name)
        for name in given.instruments
    ]
    own += [columns[name] for name in given.dummies]
    return level(_log(columns, given.quantity)), [level(c) for c in own], [level(c) for c in instruments]


def _log(columns: dict[str, Values], name: str) -> Values:
    values = columns[name]
    if not (values > 0).all():
        raise Unidentified(f"{name}: every value has to be above zero, it is taken as its logarithm")
    return np.asarray(np.log(values))


def _check(regressors: Values, stage: Values, levels: int) -> None:
    rows, count = len(regressors), regressors.shape[1] + levels
    if rows < count + 5:
        raise Unidentified(
            f"{rows} rows are too few for {count} coefficients: five more than these are needed"
        )
    for label, matrix in (("regressors", regressors), ("instruments with controls", stage)):
        if np.linalg.matrix_rank(matrix) < matrix.shape[1]:
            raise Unidentified(f"the {label} say the same: one of them follows from the others")


def _coefficients(
    labels: Sequence[str], values: Values, covariance: Values, freedom: int, level: float
) -> list[Coefficient]:
    from scipy.stats import t

    reach = float(t.ppf(0.5 + level / 2, freedom))
    found = []
    for label, value, variance in zip(labels, values, np.diag(covariance), strict=True):
        error = float(np.sqrt(max(variance, 0.0)))
        p_value = float(2 * t.sf(abs(value / error), freedom)) if error else 0.0
        low, high = float(value - reach * error), float(value + reach * error)
        found.append(Coefficient(label, float(value), error, low, high, p_value))
    return found


def _remarks(price: Coefficient, diagnostics: Sequence[Diagnostic], instrumented: bool) -> list[str]:
    by_name = {each.name: each.value for each in diagnostics}
    between = f"(between {price.low:+.2f} and {price.high:+.2f})"
    found = [f"a price that is 1 % higher goes with demand that is {price.value:+.2f} % {between}"]
    if price.low <= 0 <= price.high:
        found.append("the data do not show that price moves demand at all")
    if price.low > 0 and not instrumented:
        found.append("demand went up with the price, so something else moved both")
    if not instrumented:
        found.append("price is taken as set from outside; where it is not, give instruments such as taxes")
    elif by_name["first_stage_f"] < WEAK_BELOW:
        found.append(
            "the instruments are weak: the estimate leans towards least squares and its error is understated"
        )
    if min(by_name.get(name, 1.0) for name in OVERIDENTIFIED) < 0.05:
        found.append("the instruments contradict each other: at least one acts on demand itself")
    return found
