"""What goes into the work on forecasts of many series together and what comes out."""

import msgspec


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """A published forecast on the days that are asked for, in sticks.

    `days` has a row a day: the mean, then a quantile for each of `probabilities`. `span` is such a row of all
    `span_days` together: from both follows how far errors of one forecast go together. `group` is the part of
    the whole that the series belongs to.
    """

    store_id: str
    gtin: str
    group: str
    probabilities: list[float]
    days: list[list[float]]
    span: list[float]
    span_days: list[list[float]]


class AggregateInput(msgspec.Struct, frozen=True, kw_only=True):
    """Series, how their days go together (correlation of what weekdays do not explain), what is asked."""

    series: list[Figures]
    between: float
    probabilities: list[float]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Mean and quantiles of each day, and of all days together."""

    days: list[list[float]]
    total: list[float]


class AggregateOutput(msgspec.Struct, frozen=True, kw_only=True):
    """The whole and its parts; `method` says how quantiles were made."""

    whole: Row
    parts: dict[str, Row]
    within: float
    method: str
