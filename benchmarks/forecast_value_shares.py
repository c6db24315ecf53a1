"""Our cost by that of every other way at equal fill rate, and how far chance moves that share.

Products and weeks are drawn again, with replacement. What the products of a shop have in common, such as its
season, moves all of them at once, so weeks are drawn for all together, and four in a row since the stock of
one is that of the next (the circular block bootstrap, Politis & Romano 1992).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import geometric_mean

import numpy as np

from benchmarks.forecast_value_shop import Curve, Ledger, Table, at_fill, curve_of
from benchmarks.report import Result

OURS = "forecast"
FILLS = (0.90, 0.95, 0.98)
STOCKOUT_COST = 20.0
"""What one lost unit costs, where one unit held for a day costs 1."""
DRAWS, BLOCK = 400, 4


@dataclass(frozen=True)
class Trial:
    """What became of a shop by way; a unit of each product counts what it is `worth`."""

    worth: Table
    ledgers: Mapping[str, Ledger]

    @property
    def units(self) -> Table:
        """What a unit counts, shape (weeks, products)."""
        return np.tile(self.worth, (len(self.ledgers[OURS].held), 1))

    def curves(self, times: Table | float = 1.0) -> dict[str, Curve]:
        """Give the curve of each way, with each week and product counted so many times."""
        units = self.units * times
        return {name: curve_of(each, units, STOCKOUT_COST) for name, each in self.ledgers.items()}


@dataclass(frozen=True)
class Shares:
    """Our cost by that of each other way: of every case, and the same of every draw."""

    cases: dict[str, list[float]] = field(default_factory=dict)
    drawn: list[dict[str, list[float]]] = field(default_factory=lambda: [{} for _ in range(DRAWS)])

    @classmethod
    def of(cls, trials: Sequence[Trial]) -> "Shares":
        """Give the shares of trials with the same products and weeks, drawn for all of them alike."""
        made = cls()
        for trial in trials:
            _extend(made.cases, shares_of(trial.curves()))
            for own, times in zip(made.drawn, draws(*trial.units.shape), strict=True):
                _extend(own, shares_of(trial.curves(times)))
        return made

    def add(self, other: "Shares") -> None:
        """Take in shares of another market."""
        _extend(self.cases, other.cases)
        for own, its in zip(self.drawn, other.drawn, strict=True):
            _extend(own, its)

    def results(self, where: str) -> list[Result]:
        """Give the mean of each way, its standard error in the note."""
        return [
            Result(
                name=f"forecast_value.{where}.{way.replace(',', '').replace(' ', '_')}",
                unit="", value=geometric_mean(cases), better="lower", target=1.0,
                note=f"our cost by that of this way: geometric mean of {len(cases)} cases, standard error "
                f"{standard_error([each.get(way, []) for each in self.drawn]):.3f}",
            )
            for way, cases in self.cases.items()
        ]  # fmt: skip


def shares_of(curves: Mapping[str, Curve]) -> dict[str, list[float]]:
    """Our cost by each other way's, at each of the fill rates that both serve."""
    own = [at_fill(curves[OURS], fill, curves[OURS].cost) for fill in FILLS]
    shares = {}
    for way, curve in curves.items():
        costs = [at_fill(curve, fill, curve.cost) for fill in FILLS]
        both = [ours / its for ours, its in zip(own, costs, strict=True) if ours and its]
        if way != OURS and both:
            shares[way] = both
    return shares


def draws(weeks: int, products: int) -> Iterator[Table]:
    """Say how often each week and product is drawn, shape (weeks, products); the same in every run.

    Shops of as many weeks, such as the fast and the slow products of one, have the same weeks drawn.
    """
    by_week, by_product = np.random.default_rng([5, weeks]), np.random.default_rng([5, weeks, products])
    for _ in range(DRAWS):
        begins = by_week.integers(weeks, size=-(-weeks // BLOCK))
        taken = (begins[:, None] + np.arange(BLOCK)).ravel()[:weeks] % weeks
        rows = by_product.integers(products, size=products)
        often = np.outer(np.bincount(taken, minlength=weeks), np.bincount(rows, minlength=products))
        yield often.astype(np.float64)


def standard_error(drawn: Sequence[Sequence[float]]) -> float:
    """Deviation, over draws, of the logarithm of the geometric mean of their shares: 0.04 is about 4 %."""
    means = [float(np.log(shares).mean()) for shares in drawn if shares]
    return float(np.std(means, ddof=1))


def _extend(shares: dict[str, list[float]], more: Mapping[str, Sequence[float]]) -> None:
    for way, cases in more.items():
        shares.setdefault(way, []).extend(cases)
