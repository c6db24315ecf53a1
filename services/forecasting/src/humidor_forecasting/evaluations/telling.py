"""What of an evaluation is kept for its readers, and what is told to other services."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from humidor_common.events.forecasting import Estimate, PromotionEvaluated
from humidor_forecasting.evaluations.rules import Promoted
from humidor_forecasting.uplift.work import EvaluationInput, EvaluationOutput, Figure

MODEL_VERSION = "1"
"""Rises with every change by which the same data would give another evaluation."""


def document(given: EvaluationInput | None, output: EvaluationOutput) -> dict[str, Any]:
    """Give reasons and result as `EvaluationView` shows them; without a method there is no result."""
    plain: dict[str, Any] = msgspec.to_builtins(output)
    reasons = plain.pop("reasons")
    if output.method is None or given is None:
        return {"reasons": reasons, "result": None}
    for name in ("method", "trusted"):
        plain.pop(name)
    days = [{"day": _day(each.pop("ordinal")), **each} for each in plain.pop("days")]
    for result in plain["results"]:
        result["time_placebos"] = [
            {"starts_on": _day(each.pop("first_ordinal")), **each} for each in result["time_placebos"]
        ]
    own = {
        "days": days,
        "cost_minor": given.money.cost_minor,
        "currency": given.money.currency,
        "other_promotions": given.other_promotions,
    }
    return {"reasons": reasons, "result": plain | own}


def _day(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()


def to_event(
    evaluation_id: UUID,
    promoted: Promoted,
    given: EvaluationInput,
    output: EvaluationOutput,
    moments: tuple[datetime, datetime],
) -> PromotionEvaluated | None:
    """Give the event; None where nothing could be told, or the promotion still runs.

    `moments` are until when was seen what happened, and now.
    """
    if output.method is None or output.uplift is None or given.running:
        return None
    data_until, now = moments
    return PromotionEvaluated(
        promotion_id=promoted.promotion_id,
        evaluation_id=evaluation_id,
        method=output.method,
        model_version=MODEL_VERSION,
        data_until=data_until,
        evaluated_at=now,
        starts_on=promoted.starts_on.isoformat(),
        ends_on=promoted.ends_on.isoformat(),
        stores=output.stores,
        control_stores=output.control_stores,
        probability=given.probability,
        sold_sticks=output.uplift.sold_sticks,
        uplift_sticks=_estimate(output.uplift.effect_sticks) or Estimate(value=0, low=0, high=0),
        cannibalised_sticks=_estimate(output.cannibalised_sticks),
        pulled_forward_sticks=_estimate(output.pulled_forward_sticks),
        profit_minor=_estimate(output.profit_minor),
        cost_minor=given.money.cost_minor,
        currency=given.money.currency,
        placebo_p=output.placebo_p,
        trusted=output.trusted,
        reasons=[each.code for each in output.reasons],
    )


def _estimate(figure: Figure | None) -> Estimate | None:
    return None if figure is None else Estimate(value=figure.value, low=figure.low, high=figure.high)
