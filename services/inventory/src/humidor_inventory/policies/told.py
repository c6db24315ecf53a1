"""Demand that a policy does not give but names the source of, in the policy's own unit."""

from typing import Any, TypeAlias

import msgspec

from humidor_inventory.policies.amounts import DemandInput, Quantile
from humidor_inventory.policies.rules.demand import nearest_span
from humidor_inventory.policies.rules.explain import Impossible

Points: TypeAlias = tuple[tuple[float, float], ...]
Spans: TypeAlias = tuple[tuple[float, Points], ...]
LEAST_HISTORY_DAYS = 14


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Demand in sticks that is known here: quantiles of the first days of a forecast, or a history by day.

    `lapsed` is a forecast whose last day is over.
    """

    spans: Spans = ()
    history: tuple[float, ...] = ()
    origin: dict[str, Any] | None = None
    lapsed: bool = False


def sourced(demand: DemandInput, told: Told | None, size: int, days: float) -> tuple[DemandInput, Spans]:
    """Replace a source by the figures it has, in units of `size` sticks, for an interval of `days`.

    Raises:
        Impossible: The source has none, or figures are given beside it.
    """
    if demand.source == "given":
        if demand.history_days is not None:
            raise Impossible("demand.history_days", "it belongs to the source history")
        return demand, ()
    if any(each is not None for each in (demand.mean_per_day, demand.history, demand.quantiles)):
        raise Impossible("demand.source", f"the {demand.source} is the demand: give no figures beside it")
    if told is None:
        raise Impossible("demand.source", f"no {demand.source} is known of this store and product")
    if demand.source == "history":
        if len(told.history) < LEAST_HISTORY_DAYS:
            raise Impossible("demand.source", f"the history has {len(told.history)} days, 14 are needed")
        history = [sticks / size for sticks in told.history]
        return demand.model_copy(update={"source": "given", "history": history}), ()
    if told.lapsed:
        raise Impossible("demand.source", "the last day of the forecast is over")
    return _forecast(demand, told, size, days)


def _forecast(demand: DemandInput, told: Told, size: int, days: float) -> tuple[DemandInput, Spans]:
    spans = tuple((span, tuple((p, q / size) for p, q in points)) for span, points in told.spans)
    covers, points = nearest_span(spans, days) or spans[-1]
    quantiles = [Quantile(probability=p, quantity=q) for p, q in points]
    figures = {"source": "given", "quantiles": quantiles, "covers_days": covers}
    return demand.model_copy(update=figures), spans
