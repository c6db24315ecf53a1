"""How much one series is like another, and what is taken of it."""

from collections.abc import Mapping, Sequence
from datetime import date
from math import exp, log
from typing import Any

from humidor_forecasting.choosing.work import Analogue

LAUNCH_AFTER_DAYS = 28
LEAST_STORE_DAYS = 14
MOST_SCALE = 10.0


def dense(places: Sequence[int], sticks: Sequence[float], count: int, span: int | None = None) -> list[float]:
    """Give `count` days, zeros where nothing was demanded; of a longer `span` the last ones."""
    whole = span or count
    values = [0.0] * whole
    for place, each in zip(places, sticks, strict=True):
        if 0 <= place < whole:
            values[place] = each
    return values[whole - count :]


def analogue_of(
    row: Mapping[str, Any], curves: tuple[list[float], list[float]], until: date
) -> Analogue | None:
    """Weigh what was found; None where it sells nothing any more.

    A series counts as introduced, not just as old as the store's records, if it came four weeks after these
    begin. The same product elsewhere is scaled by what the stores sell, where this one sells since two weeks.
    """
    launch, recent = curves
    if not any(recent):
        return None
    elsewhere = row["of_store"] != row["store_id"]
    scale = _scale(row) if elsewhere else 1.0
    seen = row["since"] is not None and (row["first_day"] - row["since"]).days >= LAUNCH_AFTER_DAYS
    return Analogue(
        store_id=row["of_store"],
        gtin=row["of_gtin"],
        scale=scale,
        weight=_weight(row, elsewhere=elsewhere, scale=scale) * (2.0 if seen else 1.0),
        why=_why(row, elsewhere=elsewhere, scale=scale, seen=seen),
        launch=launch if seen else [],
        recent=recent,
        recent_ordinal=until.toordinal() - len(recent) + 1,
    )


def _scale(row: Mapping[str, Any]) -> float:
    here: float | None = row["here"]
    there: float | None = row["there"]
    if not here or not there or row["here_days"] < LEAST_STORE_DAYS:
        return 1.0
    return min(max(here / there, 1 / MOST_SCALE), MOST_SCALE)


def _weight(row: Mapping[str, Any], *, elsewhere: bool, scale: float) -> float:
    """The same product elsewhere 4, less the more the stores differ; products by brand, class and price."""
    if elsewhere:
        return 4.0 * exp(-abs(log(scale)))
    apart = 1.0 if row["apart"] is None else row["apart"]
    weight = (2.0 if row["brand"] else 1.0) * (2.0 if row["class"] else 1.0) * exp(-apart / 0.25)
    return max(weight, 0.05) * (4.0 if row["named"] else 1.0)


def _why(row: Mapping[str, Any], *, elsewhere: bool, scale: float, seen: bool) -> str:
    if elsewhere:
        found = [f"the same product, this store sells {scale:.2f} times what that one does"]
    else:
        found = [
            text
            for text, holds in (
                ("named", row["named"]), ("same brand", row["brand"]), ("same price class", row["class"])
            )
            if holds
        ]  # fmt: skip
        if row["apart"] is not None:
            found.append(f"prices {exp(row['apart']) - 1:.0%} apart")
    return ", ".join([*found, "its introduction" if seen else "what it sells now"])
