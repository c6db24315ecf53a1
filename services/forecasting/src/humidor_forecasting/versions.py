"""What a forecast was made with."""

import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path

from humidor_forecasting.models.names import GROUP

CODE_VERSION = "8"
"""Rises with every change by which the same data would give another forecast."""

_LIBRARIES = (
    *("humidor-forecasting", "numpy", "scipy", "pandas", "statsforecast", "scikit-learn", "holidays"),
    *("prophet", "keras", "tensorflow"),
)


@cache
def library_versions() -> dict[str, str]:
    """Name the versions that a forecast rests on, those of packages that bring models among them."""
    brought = {point.dist.name for point in entry_points(group=GROUP) if point.dist is not None}
    return _versions_of([*_LIBRARIES, *sorted(brought)]) | {
        "code": code_digest("models", "choosing", "neural")
    }


@cache
def evaluation_versions() -> dict[str, str]:
    """Name the versions that the evaluation of a promotion rests on."""
    names = ("humidor-forecasting", "numpy", "scipy", "statsmodels", "prophet")
    return _versions_of(names) | {"code": code_digest("uplift", "choosing")}


def _versions_of(names: Iterable[str]) -> dict[str, str]:
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


@cache
def code_digest(*slices: str) -> str:
    """Digest the source of slices: two forecasts with one digest were made by the same code."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for path in sorted(path for name in slices for path in here.glob(f"{name}/*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
