"""What goes into the estimate of an elasticity and what comes out."""

from typing import NamedTuple

import msgspec


class ElasticityInput(msgspec.Struct, frozen=True, kw_only=True):
    """Columns of equal length and what each is; all but dummies and linear instruments become logarithms."""

    columns: dict[str, list[float]]
    quantity: str
    price: str
    controls: list[str] = []
    dummies: list[str] = []
    instruments: list[str] = []
    linear_instruments: list[str] = []
    level: float = 0.95


class Coefficient(NamedTuple):
    """One coefficient with its robust standard error, interval and p-value."""

    name: str
    value: float
    standard_error: float
    low: float
    high: float
    p_value: float


class Diagnostic(NamedTuple):
    """One figure that tells whether to trust the rest, and how it is read."""

    name: str
    value: float
    reading: str


class ElasticityOutput(msgspec.Struct, frozen=True, kw_only=True):
    """The estimate; `elasticity` is the coefficient of the price."""

    method: str
    rows: int
    elasticity: Coefficient
    coefficients: list[Coefficient]
    r_squared: float
    diagnostics: list[Diagnostic]
    remarks: list[str]


class Estimated(msgspec.Struct, frozen=True, kw_only=True):
    """What the process that estimates says: the estimate, or why there is none."""

    output: ElasticityOutput | None = None
    refusal: str | None = None
