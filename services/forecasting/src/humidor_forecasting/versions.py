"""What a forecast was made with."""

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

CODE_VERSION = "1"
"""Rises with every change by which the same data would give another forecast."""

_LIBRARIES = ("humidor-forecasting", "numpy", "scipy", "statsforecast", "scikit-learn")


@cache
def library_versions() -> dict[str, str]:
    """Name the versions that a forecast rests on."""
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found | {"code": code_digest()}


@cache
def code_digest() -> str:
    """Digest the source of models and choice: two forecasts with one digest were made by the same code."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for path in sorted([*here.glob("models/*.py"), *here.glob("choosing/*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
