"""The event of a forecast."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from humidor_common.events.forecasting import DayDemand, ForecastPublished, SpanDemand


@dataclass(frozen=True)
class Issue:
    """What a forecast event says beside its figures."""

    forecast_id: UUID
    data_until: datetime
    issued_at: datetime
    starts_on: date
    probabilities: Sequence[float]


def to_event(
    series: tuple[str, str],
    model: tuple[str, str],
    issue: Issue,
    figures: tuple[Sequence[Sequence[float]], Sequence[Sequence[float]]],
) -> ForecastPublished:
    """Put a forecast into the event that others read; `figures` are of days and of sums of days."""
    days, cumulative = figures
    first = issue.starts_on
    return ForecastPublished(
        forecast_id=issue.forecast_id,
        store_id=series[0],
        gtin=series[1],
        model=model[0],
        model_version=model[1],
        data_until=issue.data_until,
        issued_at=issue.issued_at,
        starts_on=first.isoformat(),
        horizon_days=len(days),
        probabilities=list(issue.probabilities),
        days=[
            DayDemand(
                day=(first + timedelta(days=i)).isoformat(),
                mean_sticks=row[0],
                quantiles_sticks=list(row[1:]),
            )
            for i, row in enumerate(days)
        ],
        cumulative=[
            SpanDemand(days=i + 1, mean_sticks=row[0], quantiles_sticks=list(row[1:]))
            for i, row in enumerate(cumulative)
        ],
    )
