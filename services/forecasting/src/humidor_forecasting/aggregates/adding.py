"""Adds forecasts up: means exactly, quantiles from draws that the whole and its parts share."""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

import numpy as np

from humidor_forecasting.aggregates.paths import DRAWS, draw_paths, spread_of, within_of
from humidor_forecasting.aggregates.work import AggregateInput, AggregateOutput, Figures, Row
from humidor_forecasting.models.interface import Values

MOST_DRAWN = 1000
DIGITS = 4


def add_up(given: AggregateInput) -> AggregateOutput:
    """Give the whole and its parts.

    Up to a thousand series are drawn together (Gaussian copula); of more, the sum is nearly gamma distributed
    with the mean and variance that the same correlations give.
    """
    groups: dict[str, list[Figures]] = {}
    for each in given.series:
        groups.setdefault(each.group, []).append(each)
    within = float(np.mean([within_of(each) for each in given.series])) if given.series else 0.0
    if len(given.series) > MOST_DRAWN:
        parts = {name: _by_moments(group, given, within) for name, group in groups.items()}
        whole, how = _by_moments(given.series, given, within), "gamma distribution by mean and variance"
    else:
        parts, whole = _by_draws(groups, given)
        how = f"{DRAWS} draws, Gaussian copula"
    return AggregateOutput(whole=whole, parts=parts, within=round(within, 4), method=how)


def means_of(series: Sequence[Figures]) -> Values:
    """Sum the means a day, rounded before they are added: so parts add up to the whole."""
    rows = [[round(day[0], DIGITS) for day in each.days] for each in series]
    return np.asarray(np.sum(rows, axis=0), dtype=np.float64)


def _by_draws(groups: Mapping[str, Sequence[Figures]], given: AggregateInput) -> tuple[dict[str, Row], Row]:
    ordered = [each for group in groups.values() for each in group]
    if not ordered:
        return {}, Row(days=[], total=[])
    seed = zlib.crc32("/".join(f"{each.store_id}:{each.gtin}" for each in ordered).encode())
    paths = draw_paths(ordered, given.between, np.random.default_rng(seed))
    whole = np.zeros((DRAWS, len(ordered[0].days)))
    parts = {}
    for name, group in groups.items():
        part = _sum(next(paths) for _ in group)
        whole += part
        parts[name] = row_of(part, means_of(group), given.probabilities)
    return parts, row_of(whole, means_of(ordered), given.probabilities)


def _sum(paths: Iterable[Values]) -> Values:
    """Add draws up one by one: a thousand series at once would not fit."""
    return reduce(np.add, paths)


def row_of(paths: Values, means: Values, probabilities: Sequence[float]) -> Row:
    """Give mean and quantiles of each day, and of all days together, of draws of shape (draws, days)."""
    quantiles = np.quantile(paths, np.asarray(probabilities), axis=0).T
    total = np.quantile(paths.sum(axis=1), np.asarray(probabilities))
    return Row(
        days=[_rounded(mean, row) for mean, row in zip(means, quantiles, strict=True)],
        total=_rounded(float(means.sum()), total),
    )


def _by_moments(series: Sequence[Figures], given: AggregateInput, within: float) -> Row:
    from scipy.stats import gamma

    means = means_of(series)
    spreads = np.array([
        spread_of(np.array(each.days, dtype=np.float64)[:, 1:], each.probabilities) for each in series
    ])  # fmt: skip
    alone, together = (spreads**2).sum(axis=0), spreads.sum(axis=0) ** 2
    variance = alone + given.between * (together - alone)
    every = float((spreads**2).sum())
    of_series, of_days = float((spreads.sum(axis=1) ** 2).sum()), float(together.sum())
    apart = float(spreads.sum() ** 2) - of_series - of_days + every
    whole = every + within * (of_series - every) + given.between * (of_days - every + within * apart)

    def row(mean: float, spread_squared: float) -> list[float]:
        if mean <= 0 or spread_squared <= 0:
            return _rounded(mean, np.full(len(given.probabilities), mean))
        shape = mean**2 / spread_squared
        return _rounded(mean, gamma.ppf(given.probabilities, shape, scale=mean / shape))

    return Row(
        days=[row(float(mean), float(each)) for mean, each in zip(means, variance, strict=True)],
        total=row(float(means.sum()), whole),
    )


def _rounded(mean: float, quantiles: Values) -> list[float]:
    return [round(float(each), DIGITS) for each in (mean, *np.maximum(quantiles, 0.0))]
