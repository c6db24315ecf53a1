"""Which days of published forecasts are added up, and what of each series."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from humidor_forecasting.aggregates.work import Figures

USUAL_PROBABILITIES = (0.025, 0.1, 0.5, 0.9, 0.975)
FALLBACK_TOGETHER = 0.1


class Window(NamedTuple):
    """The days that every forecast has."""

    first: date
    days: int


def window_of(rows: Sequence[Any], horizon_days: int | None, not_before: date) -> Window | None:
    """Give the days that all these forecasts have in common, at most so many; None where there are none."""
    if not rows:
        return None
    first = max(not_before, *(row["starts_on"] for row in rows))
    last = min(row["starts_on"] + timedelta(days=row["horizon_days"] - 1) for row in rows)
    days = (last - first).days + 1
    return Window(first, min(days, horizon_days or days)) if days > 0 else None


def figures_of(row: Any, window: Window) -> Figures:
    """Cut a published forecast to the window; its longest span shows how its days go together."""
    skip = (window.first - row["starts_on"]).days
    return Figures(
        store_id=row["store_id"],
        gtin=row["gtin"],
        group=row["part"],
        probabilities=row["probabilities"],
        days=row["days"][skip : skip + window.days],
        span=row["cumulative"][-1],
        span_days=row["days"],
    )


def channel_notes(rows: Sequence[Any]) -> list[str]:
    """Say where what a warehouse delivers and what stores sell of it are both in a sum."""
    delivered = sum(row["trade"] for row in rows)
    if delivered in {0, len(rows)}:
        return []
    return [(
        f"{delivered} of {len(rows)} series are what warehouses deliver, the others what stores sell: the "
        "same goods may be in it twice; ask for the channel retail or trade"
    )]  # fmt: skip
