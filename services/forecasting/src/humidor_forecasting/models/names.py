"""The models by name, with what each is for; known to processes that never import a model."""

from functools import cache
from importlib.metadata import entry_points
from typing import NamedTuple

GROUP = "humidor.forecasting.models"


class About(NamedTuple):
    """What a model is, where it is good, and where it is described."""

    title: str
    good_for: str
    source: str


OWN: dict[str, About] = {
    "seasonal_naive": About("Seasonal naive", "the baseline: the last season again", "FPP3 §5.2"),
    "seasonal_average": About("Seasonal average", "steady weekly patterns with much noise", "FPP3 §5.2"),
    "moving_average": About("Moving average", "no pattern, little history", "FPP3 §5.2"),
    "auto_ets": About("AutoETS", "levels, trends and seasons that change slowly", "Hyndman et al. 2008"),
    "auto_theta": About("AutoTheta", "trends; many kinds of business series", "Fiorucci et al. 2016"),
    "auto_arima": About(
        "AutoARIMA", "short series whose errors go together; slow", "Hyndman & Khandakar 2008"
    ),
    "auto_ces": About("AutoCES", "levels that drift without a clear trend", "Svetunkov & Kourentzes 2022"),
    "croston": About("Croston", "demand with many zeros; biased upwards", "Croston 1972"),
    "sba": About("SBA", "demand with many zeros", "Syntetos & Boylan 2005"),
    "tsb": About("TSB", "demand with many zeros that may be dying", "Teunter, Syntetos & Babai 2011"),
    "harmonic_regression": About(
        "Harmonic regression", "a year's season in days, holidays, promotions known ahead", "FPP3 §10.5"
    ),
    "boosted_quantiles": About(
        "Boosted quantiles",
        "long series with effects that nothing else shows; slow",
        "Makridakis et al. 2022 (M5)",
    ),
    "neural": About(
        "Neural network", "an extra: thousands of series that resemble each other", "Salinas et al. 2020"
    ),
    "prophet": About(
        "Prophet", "an extra: series whose decomposition is to be seen; slow", "Taylor & Letham 2018"
    ),
}


@cache
def plug_ins() -> frozenset[str]:
    """Name the models that other packages bring; one of theirs never replaces one of ours."""
    return frozenset(point.name for point in entry_points(group=GROUP)) - OWN.keys()


def model_names() -> frozenset[str]:
    return plug_ins() | OWN.keys()
