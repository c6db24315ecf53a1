"""Weeks of many series: levels of their own, what time brings them all, errors that go together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from humidor_forecasting.elasticity.rules import TWO_YEARS
from humidor_forecasting.models.interface import Values

Numbers: TypeAlias = np.ndarray[tuple[int], np.dtype[np.int64]]
LAGS = 4
YEAR = 52.1775


def within(column: Values, series: Numbers) -> Values:
    """Take each series' mean from its values: what is left does not know how great a series is."""
    counts = np.maximum(np.bincount(series), 1)
    return np.asarray(column - (np.bincount(series, weights=column) / counts)[series])


def time_columns(week: Numbers) -> dict[str, Values]:
    """Give a trend with its square, and from two years on a yearly wave, by number of the week."""
    weeks = int(week.max() - week.min()) + 1
    place = (week - week.min()) / max(weeks - 1, 1)
    columns = {"trend": place, "trend_squared": place**2}
    if weeks >= TWO_YEARS:
        angle = 2 * np.pi * week / YEAR
        columns |= {"season_sine": np.sin(angle), "season_cosine": np.cos(angle)}
    return columns


def driscoll_kraay(scores: Values, week: Numbers) -> Values:
    """Variance of a sum of scores (rows, columns) that go together in a week and over four weeks' lags.

    Driscoll & Kraay (1998); of one series it is Newey and West's.
    """
    span = int(week.max() - week.min()) + 1
    sums = np.zeros((span, scores.shape[1]))
    np.add.at(sums, week - week.min(), scores)
    meat = sums.T @ sums
    for lag in range(1, min(LAGS, span - 1) + 1):
        shifted = sums[lag:].T @ sums[:-lag]
        meat += (1 - lag / (LAGS + 1)) * (shifted + shifted.T)
    return np.asarray(meat)


def numbers(values: Sequence[int]) -> Numbers:
    return np.array(values, dtype=np.int64)


@dataclass(frozen=True)
class Errors:
    """How errors are made: from rows that know nothing of each other (HC1), or go together by `weeks`.

    `levels` are coefficients that were taken out of the columns beforehand, one a series but the first.
    """

    levels: int
    weeks: Sequence[int]

    def freedom(self, matrix: Values) -> int:
        """Rows less coefficients; of weeks, in which rows go together, weeks less coefficients."""
        if self.weeks:
            return max(len(set(self.weeks)) - len(matrix.T), 1)
        return len(matrix) - len(matrix.T)

    def meat(self, scores: Values) -> Values:
        """Variance of the sum of these scores, without what the coefficients cost."""
        return driscoll_kraay(scores, numbers(self.weeks)) if self.weeks else np.asarray(scores.T @ scores)

    def covariance(self, projected: Values, residuals: Values) -> Values:
        """Covariance of coefficients, with the correction n/(n-k)."""
        rows, count = projected.shape
        bread = np.linalg.inv(projected.T @ projected)
        correction = rows / (rows - count - self.levels)
        return np.asarray(correction * bread @ self.meat(projected * residuals[:, None]) @ bread)
