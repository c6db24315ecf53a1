"""What a decomposition is given of recorded demand, and how its parts are told."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta

from humidor_forecasting.decompositions.schemas import PartsView
from humidor_forecasting.decompositions.work import DecompositionInput, DecompositionOutput
from humidor_forecasting.demand.schemas import PeriodView
from humidor_forecasting.runs.rules import SPRING_AFTER, SPRING_BEFORE

PARTS = ("trend", "weekly", "yearly", "holiday", "promotion", "remainder")


def to_input(
    periods: Sequence[PeriodView], new_years: Collection[date], *, single: bool, busy: bool
) -> DecompositionInput:
    """Describe daily demand.

    Censored days count for a `single` series, where they are its own; days on which nothing at all was sold
    are closed ones where many products are (`busy`), else days without demand.
    """
    return DecompositionInput(
        first_ordinal=periods[0].starts_on.toordinal(),
        values=[float(period.demand_sticks) for period in periods],
        censored=[i for i, period in enumerate(periods) if single and period.censored],
        closed=[i for i, period in enumerate(periods) if busy and period.closed_days],
        known=_known(periods, new_years),
    )


def _known(periods: Sequence[PeriodView], new_years: Collection[date]) -> dict[str, list[float]]:
    away = [min(((p.starts_on - each).days for each in new_years), key=abs) for p in periods]
    return {
        "promotion": [float(bool(period.promotions)) for period in periods],
        "holiday": [float(bool(period.holidays)) for period in periods],
        "spring_before": [
            (days + SPRING_BEFORE + 1) / SPRING_BEFORE if -SPRING_BEFORE <= days <= -1 else 0.0
            for days in away
        ],
        "spring_during": [float(0 <= days <= 6) for days in away],
        "spring_after": [float(6 < days <= SPRING_AFTER) for days in away],
    }


def to_days(first: date, output: DecompositionOutput) -> list[PartsView]:
    """Give the parts of each day from the first with demand on."""
    columns: Mapping[str, list[float]] = {name: getattr(output, name) for name in ("demand", *PARTS)}
    begin = first + timedelta(days=output.first)
    return [
        PartsView(
            day=begin + timedelta(days=i),
            **{f"{name}_sticks": column[i] for name, column in columns.items()},
        )
        for i in range(len(output.demand))
    ]
