"""Starts, shows and ends evaluations."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.web.problems import Problem, invalid, not_found
from humidor_forecasting.evaluations import queries
from humidor_forecasting.evaluations.schemas import EvaluationInput, EvaluationView
from humidor_forecasting.versions import evaluation_versions

LATEST_DAYS = 60
"""Promotions that ended longer ago are not evaluated by themselves: a first start is no reason to."""


async def start_evaluation(
    conn: Connection, principal: Principal, asked: EvaluationInput, *, now: datetime
) -> EvaluationView:
    """Queue an evaluation; the worker does it.

    Raises:
        Problem: 403 for a promotion in stores that are not all the caller's, 422 where there is none, or
            where stores of the variant are not stores of it.
    """
    subject = await queries.subject(conn, asked.promotion_id)
    if subject is None:
        raise invalid("promotion_id", "is neither a promotion nor a campaign")
    check_sight(principal, subject.stores)
    if asked.variant and not set(asked.variant.store_ids) <= set(subject.stores or ()):
        raise invalid("variant.store_ids", "are not all stores that the promotion names")
    evaluation_id = uuid7()
    terms = asked.model_dump(mode="json", exclude={"promotion_id"})
    by = principal.subject, terms, evaluation_versions()
    await queries.start(conn, evaluation_id, subject, by, now=now)
    await audit.record(conn, principal, "start", "evaluation", str(evaluation_id), after=asked)
    return await get_evaluation(conn, principal, evaluation_id)


async def start_due(conn: Connection, wait_days: int, *, now: datetime) -> int:
    """Queue what ended so many days ago and was not evaluated as it now is; gives how many that were."""
    terms = EvaluationInput(promotion_id="any").model_dump(mode="json", exclude={"promotion_id"})
    last = now.date() - timedelta(days=wait_days + 1)
    return await queries.start_due(
        conn, (last - timedelta(days=LATEST_DAYS), last), (terms, evaluation_versions()), now=now
    )


async def get_evaluation(conn: Connection, principal: Principal, evaluation_id: UUID) -> EvaluationView:
    found = await queries.read(conn, evaluation_id)
    if found is None:
        raise not_found("evaluation", evaluation_id)
    stores, view = found
    check_sight(principal, stores)
    return view


async def cancel_evaluation(
    conn: Connection, principal: Principal, evaluation_id: UUID, *, now: datetime
) -> EvaluationView:
    """End an evaluation.

    Raises:
        Problem: 404, or 409 where it has ended.
    """
    before = await get_evaluation(conn, principal, evaluation_id)
    if not await queries.cancel(conn, evaluation_id, now=now):
        raise Problem(409, "evaluation-ended", f"The evaluation is {before.state} already.")
    await audit.record(
        conn, principal, "cancel", "evaluation", str(evaluation_id), before={"state": before.state}
    )
    return await get_evaluation(conn, principal, evaluation_id)


def check_sight(principal: Principal, stores: Sequence[str] | None) -> None:
    """Refuse what concerns stores that are not all the caller's.

    Raises:
        Problem: 403 `store-forbidden`.
    """
    if stores is None:
        principal.check_every_store()
    for store_id in stores or ():
        principal.check_store(store_id)
