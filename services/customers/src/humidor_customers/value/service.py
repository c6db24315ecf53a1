"""Starts the fitting of models and reads what they came to."""

from datetime import datetime
from uuid import UUID

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.problems import invalid, not_found
from humidor_customers.figures import figures_of
from humidor_customers.jobs.schemas import JobView
from humidor_customers.jobs.service import start_job
from humidor_customers.value import queries
from humidor_customers.value.schemas import FigureRow, ModelInput, ModelView

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
    return [
        FigureRow(part=part, **each._asdict())
        for part in ("parameters", "fit", "holdout")
        for each in figures_of(getattr(found, part) or {})
    ]
