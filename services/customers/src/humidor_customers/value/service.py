"""Starts the fitting of models and reads what they came to."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.problems import invalid, not_found
from humidor_customers.figures import FigureRow, rows_of
from humidor_customers.jobs.schemas import JobView
from humidor_customers.jobs.service import start_job
from humidor_customers.value import queries
from humidor_customers.value.schemas import HoldoutRow, ModelInput, ModelView, ScoreFigureRow

KIND = "model"
WITHOUT_HORIZON = ("rfm", "clusters")


async def fit_model(conn: Connection, principal: Principal, given: ModelInput, *, now: datetime) -> JobView:
    """Queue the fitting of a model.

    Raises:
        Problem: 422 where a horizon is given to a model that has none.
    """
    if given.horizon_days is not None and given.model in WITHOUT_HORIZON:
        raise invalid("horizon_days", f"{given.model} looks at the past alone")
    return await start_job(conn, principal, KIND, given.model_dump(), now=now)


async def get_model(conn: Connection, model_id: UUID) -> ModelView:
    found = await queries.read(conn, model_id)
    if found is None:
        raise not_found("model", model_id)
    return found


async def list_figures(conn: Connection, model_id: UUID) -> list[FigureRow]:
    """Give all that stands with a model as a table: parameters, fit and hold-out, such as its lift curve.

    Raises:
        Problem: 404.
    """
    found = await get_model(conn, model_id)
    return rows_of({part: getattr(found, part) for part in ("parameters", "fit", "holdout")})


async def list_holdout(conn: Connection, model_id: UUID) -> list[HoldoutRow]:
    """Give the groups of a model's hold-out: calibration and lift, or purchases, or segments; none of others.

    Raises:
        Problem: 404.
    """
    held = (await get_model(conn, model_id)).holdout or {}
    lifts = held.get("lift_by_tenth", [])
    tenths = [
        HoldoutRow(by="tenth", group=str(n + 1), foretold=each["predicted"], lift=lifts[n], **_of(each))
        for n, each in enumerate(held.get("reliability", []))
    ]
    repeats = [
        HoldoutRow(by="repeats", group=str(each["repeats"]), foretold=each["foretold"], **_of(each))
        for each in held.get("by_repeat_purchases", [])
    ]
    segments = [
        HoldoutRow(by="segment", group=each["segment"], foretold=None, happened=each["bought"],
                   customers=each["customers"], mean_spent_minor=each["mean_spent_minor"])
        for each in held.get("segments", [])
    ]  # fmt: skip
    return tenths + repeats + segments


def _of(group: Mapping[str, Any]) -> dict[str, Any]:
    return {name: group[name] for name in ("happened", "customers")}


async def list_score_figures(
    conn: Connection, model_id: UUID, *, after: tuple[str, int], limit: int
) -> list[tuple[int, ScoreFigureRow]]:
    """Give the figures of customers by the names that the model has for them, each with its place.

    Raises:
        Problem: 404.
    """
    names = (await get_model(conn, model_id)).parameters.get("figures", [])
    rows = await queries.page_score_figures(conn, model_id, after=after, limit=limit)
    named = dict(enumerate(names, 1))
    return [
        (n, ScoreFigureRow(party_id=party_id, name=named.get(n, str(n)), number=number))
        for party_id, n, number in rows
    ]
