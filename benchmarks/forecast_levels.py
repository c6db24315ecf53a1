"""Whether levels that add up should be reconciled: bottom-up against OLS, WLS and MinT, on public sales.

    python -m benchmarks.forecast_levels

Base forecasts of every level are the service's own (of its two plainest models). Reconciled ones are
S (S'W⁻¹S)⁻¹ S'W⁻¹ ŷ (Wickramasuriya, Athanasopoulos & Hyndman 2019) with W = I (OLS), the number of series
below (WLS, structural), the forecasts' own variances (WLS), or the shrunk covariance of errors (MinT).
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.forecast_sets import Task, bakery, online_retail
from humidor_forecasting.choosing.pipeline import forecast_series
from humidor_forecasting.choosing.work import SeriesInput

Table: TypeAlias = NDArray[np.float64]
HORIZON, ORIGINS = 14, 6
CHANCES = [0.1, 0.5, 0.9]
PLAIN = ["seasonal_naive", "seasonal_average"]


def summing(groups: Sequence[str]) -> Table:
    """Give S: one row for the total, one a group, one a series."""
    names = sorted(set(groups))
    return np.vstack([
        np.ones(len(groups)),
        *[np.array([group == name for group in groups], dtype=np.float64) for name in names],
        np.eye(len(groups)),
    ])  # fmt: skip


def reconcile(base: Table, s: Table, weights: Table) -> Table:
    """Give forecasts that add up, of shape (rows of S, days); none below zero."""
    inverse = np.linalg.pinv(weights)
    bottom = np.linalg.solve(s.T @ inverse @ s, s.T @ inverse @ base)
    return np.asarray(s @ np.maximum(bottom, 0.0))


def shrunk(errors: Table) -> Table:
    """Covariance of errors (rows of S, moments), correlations shrunk (Schäfer & Strimmer 2005)."""
    count = errors.shape[1]
    scaled = (errors - errors.mean(axis=1, keepdims=True)) / (errors.std(axis=1, keepdims=True) + 1e-9)
    correlation = scaled @ scaled.T / count
    spread = ((scaled**2) @ (scaled**2).T / count - correlation**2) / (count - 1)
    off = ~np.eye(len(errors), dtype=bool)
    amount = float(np.clip(spread[off].sum() / max((correlation[off] ** 2).sum(), 1e-9), 0.0, 1.0))
    mixed = np.where(off, (1 - amount) * correlation, 1.0)
    deviations = errors.std(axis=1) + 1e-6
    return np.asarray(mixed * np.outer(deviations, deviations))


def forecast(values: Table, name: str) -> tuple[Table, Table]:
    """Give mean and standard deviation of each day."""
    found = forecast_series(
        SeriesInput(
            store_id="S", gtin=name, first_ordinal=738000, values=[float(each) for each in values],
            horizon=HORIZON, probabilities=CHANCES, ladder=PLAIN, seconds_per_model=600.0,
        )
    )  # fmt: skip
    days = np.array(found.days)
    return days[:, 0], np.maximum((days[:, 3] - days[:, 1]) / 2.5631, 1e-3)


def methods(s: Table, spreads: Table, history: Table) -> dict[str, Table | None]:
    errors = history[:, 7:] - history[:, :-7]
    return {
        "base (does not add up)": None,
        "bottom-up": np.diag(np.concatenate([np.full(len(s) - s.shape[1], 1e9), np.ones(s.shape[1])])),
        "OLS": np.eye(len(s)),
        "WLS, structural": np.diag(s.sum(axis=1)),
        "WLS, variances": np.diag((spreads**2).mean(axis=1)),
        "MinT, shrunk": shrunk(errors[:, -180:]),
    }


def measure(tasks: Sequence[Task], group_of: Callable[[str], str]) -> Mapping[str, Table]:
    """Give, by method, absolute errors and demand of the total, the groups and the series."""
    count = min(len(task.values) for task in tasks)
    bottom = np.array([task.values[-count:] for task in tasks])
    s = summing([group_of(task.series) for task in tasks])
    every, groups = s @ bottom, len(s) - s.shape[1]
    found: dict[str, Table] = {}
    for origin in range(ORIGINS):
        end = count - HORIZON * (ORIGINS - origin)
        made = [forecast(row[:end], str(number)) for number, row in enumerate(every)]
        base, spreads = (np.array([each[place] for each in made]) for place in (0, 1))
        actual = every[:, end : end + HORIZON]
        for name, weights in methods(s, spreads, every[:, :end]).items():
            table = base if weights is None else reconcile(base, s, weights)
            errors = np.abs(table - actual).sum(axis=1)
            sums = np.array([
                [part.sum() for part in np.split(each, [1, groups])] for each in (errors, actual.sum(axis=1))
            ])  # fmt: skip
            found[name] = found.get(name, np.zeros((2, 3))) + sums
    return found


def main() -> int:
    sets: dict[str, tuple[Any, Callable[[str], str]]] = {
        "bakery, 22 articles by the first word": (bakery, lambda name: name.split()[0]),
        "web shop, 100 items by the first two digits": (online_retail, lambda name: name[:2]),
    }
    for title, (read, group_of) in sets.items():
        tasks = list(read())
        print(f"\n{title}: {len(tasks)} series")
        print(f"  {'WAPE of':<24}{'total':>8}{'groups':>8}{'series':>8}")
        for name, (errors, demand) in measure(tasks, group_of).items():
            print(f"  {name:<24}" + "".join(f"{each:>8.3f}" for each in errors / demand))
    return 0


if __name__ == "__main__":
    sys.exit(main())
