"""The models by name, those of other packages among them, and the ladder that a series is given."""

from collections.abc import Sequence
from functools import cache
from importlib.metadata import entry_points

from humidor_forecasting.models.interface import Model
from humidor_forecasting.models.learning import BoostedQuantiles, HarmonicRegression
from humidor_forecasting.models.names import GROUP, plug_ins
from humidor_forecasting.models.network import NeuralModel
from humidor_forecasting.models.prophecy import ProphetModel
from humidor_forecasting.models.simple import MovingAverage, SeasonalAverage, SeasonalNaive
from humidor_forecasting.models.statistical import SBA, TSB, AutoARIMA, AutoCES, AutoETS, AutoTheta, Croston

OWN: tuple[type[Model], ...] = (
    SeasonalNaive,
    SeasonalAverage,
    MovingAverage,
    AutoETS,
    AutoTheta,
    AutoARIMA,
    AutoCES,
    Croston,
    SBA,
    TSB,
    HarmonicRegression,
    BoostedQuantiles,
    NeuralModel,
    ProphetModel,
)
LADDERS: dict[str, tuple[str, ...]] = {
    "smooth": ("seasonal_naive", "seasonal_average", "auto_ets", "auto_theta", "harmonic_regression"),
    "erratic": ("seasonal_naive", "seasonal_average", "auto_ets", "auto_theta", "harmonic_regression"),
    "intermittent": (
        "seasonal_naive",
        "seasonal_average",
        "moving_average",
        "auto_ets",
        "croston",
        "sba",
        "tsb",
    ),
    "lumpy": ("seasonal_naive", "seasonal_average", "moving_average", "auto_ets", "sba", "tsb"),
    "short": ("seasonal_naive", "moving_average"),
}
"""Which models are tried for which kind of demand where nobody says others."""


@cache
def models() -> dict[str, Model]:
    """Make every model that is installed, those of other packages by the names of their entry points."""
    found: dict[str, Model] = {}
    for kind in OWN:
        model = kind()
        found[model.name] = model
    for point in entry_points(group=GROUP):
        if point.name in plug_ins():
            made: Model = point.load()()
            found[point.name] = made
    return found


def choose_ladder(kind: str, asked: Sequence[str] = ()) -> list[Model]:
    """Give the models for a kind of demand, or those that were asked for.

    Raises:
        KeyError: There is no such model.
    """
    known = models()
    return [known[name] for name in asked or LADDERS[kind]]
