"""What goes into the estimate of an elasticity and what comes out."""

from typing import NamedTuple

import msgspec


class Weeks(msgspec.Struct, frozen=True, kw_only=True):
    """A series' weeks that were not sold out: number of the week, sticks, regular price of a stick.

    A price is None where all that was sold was promoted; `promoted` is the share of the week's days. Left out
    are `sold_out` weeks, and those without a sale.
    """

    series: str
    weeks: list[int]
    sticks: list[float]
    prices: list[float | None]
    promoted: list[float]
    sold_out: int = 0


class ElasticityInput(msgspec.Struct, frozen=True, kw_only=True):
    """Columns of equal length and what each is; all but dummies and linear instruments become logarithms.

    With `series` and `weeks`, a number each a row, every series has a level of its own, and errors may go
    together in a week and over neighbouring ones.
    """

    columns: dict[str, list[float]]
    quantity: str
    price: str
    controls: list[str] = []
    dummies: list[str] = []
    instruments: list[str] = []
    linear_instruments: list[str] = []
    level: float = 0.95
    series: list[int] = []
    weeks: list[int] = []


class DemandQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """Weeks of series, and by number of the week the share of holidays and the instruments."""

    series: list[Weeks]
    holidays: dict[int, float]
    instruments: dict[str, dict[int, float]]
    linear_instruments: list[str]
    level: float


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
    """The estimate; `elasticity` is the coefficient of the price, `series` and `weeks` are of a panel."""

    method: str
    rows: int
    elasticity: Coefficient
    coefficients: list[Coefficient]
    r_squared: float
    diagnostics: list[Diagnostic]
    remarks: list[str]
    series: int | None = None
    weeks: int | None = None


class Estimated(msgspec.Struct, frozen=True, kw_only=True):
    """What the process that estimates says: the estimate, or why there is none, by which field."""

    output: ElasticityOutput | None = None
    refusal: str | None = None
    field: str | None = None
