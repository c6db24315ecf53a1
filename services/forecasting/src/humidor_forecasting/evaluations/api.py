"""Evaluations of promotions over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_forecasting.evaluations import queries, service
from humidor_forecasting.evaluations.schemas import EvaluationInput, EvaluationSummary, EvaluationView
from humidor_forecasting.inputs import NEWEST, Code, Reader, Writer

router = APIRouter(prefix="/v1/evaluations", tags=["evaluations"])


@router.post("", status_code=202, response_model=EvaluationView)
async def post_evaluation(
    conn: Tx, principal: Writer, asked: EvaluationInput, idempotency: Idempotency
) -> Response:
    """Have a promotion evaluated: the worker does it; `GET` shows how far it is and what came out."""
    return await idempotency.run(
        conn, lambda: service.start_evaluation(conn, principal, asked, now=utc_now()), status=202
    )


@router.get("")
async def list_evaluations(
    conn: Read,
    principal: Reader,
    promotion_id: Annotated[Code | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[EvaluationSummary]:
    """Read evaluations of promotions in stores of yours, the newest first."""
    stores = None if principal.stores is None else sorted(principal.stores)
    before = decode_cursor(cursor, UUID)[0] if cursor else NEWEST
    found = await queries.page(conn, promotion_id, stores=stores, before=before, limit=limit + 1)
    more = len(found) > limit
    return Page(
        items=found[:limit], next_cursor=encode_cursor(found[limit - 1].evaluation_id) if more else None
    )


@router.get("/{evaluation_id}")
async def get_evaluation(conn: Read, principal: Reader, evaluation_id: UUID) -> EvaluationView:
    """Read what a promotion sold more, what stands against the figures, and how they were had."""
    return await service.get_evaluation(conn, principal, evaluation_id)


@router.post("/{evaluation_id}:cancel")
async def cancel_evaluation(conn: Tx, principal: Writer, evaluation_id: UUID) -> EvaluationView:
    """End an evaluation that has not come to its end."""
    return await service.cancel_evaluation(conn, principal, evaluation_id, now=utc_now())
