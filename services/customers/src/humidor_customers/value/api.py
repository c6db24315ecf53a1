"""Models of customers' value over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.inputs import Label
from humidor_common.web.pagination import (
    DEFAULT_LIMIT,
    Cursor,
    Limit,
    Page,
    decode_cursor,
    encode_cursor,
    page_of,
)
from humidor_customers.figures import FigureRow
from humidor_customers.inputs import NEWEST, Reader, Writer
from humidor_customers.jobs.schemas import JobView
from humidor_customers.value import queries, service
from humidor_customers.value.schemas import (
    Filters,
    HoldoutRow,
    ModelInput,
    ModelView,
    ScoreFigureRow,
    ScoreView,
)

router = APIRouter(prefix="/v1/models", tags=["analytics"])


@router.post("", status_code=202, response_model=JobView)
async def post_model(conn: Tx, principal: Writer, model: ModelInput, idempotency: Idempotency) -> Response:
    """Fit a model to all customers of a kind; the worker does it."""
    principal.check_every_store()
    return await idempotency.run(
        conn, lambda: service.fit_model(conn, principal, model, now=utc_now()), status=202
    )


@router.get("")
async def list_models(
    conn: Read,
    principal: Reader,
    filters: Annotated[Filters, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ModelView]:
    """Read models, the newest first; those in force are `current`."""
    principal.check_every_store()
    before = decode_cursor(cursor, UUID)[0] if cursor else NEWEST
    found = await queries.page(conn, filters, before=before, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].model_id) if more else None)


@router.get("/{model_id}")
async def get_model(conn: Read, principal: Reader, model_id: UUID) -> ModelView:
    """Read a model with its parameters and its figures on a hold-out."""
    principal.check_every_store()
    return await service.get_model(conn, model_id)


@router.get("/{model_id}/figures")
async def list_figures(
    conn: Read, principal: Reader, model_id: UUID, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[FigureRow]:
    """Read parameters, fit and hold-out of a model as a table, such as its lift curve or its clusters."""
    principal.check_every_store()
    return page_of(await service.list_figures(conn, model_id), cursor, limit)


@router.get("/{model_id}/holdout")
async def list_holdout(
    conn: Read, principal: Reader, model_id: UUID, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[HoldoutRow]:
    """Read what was foretold and what happened, group by group: calibration, lift, purchases or segments."""
    principal.check_every_store()
    return page_of(await service.list_holdout(conn, model_id), cursor, limit)


@router.get("/{model_id}/score-figures")
async def list_score_figures(
    conn: Read, principal: Reader, model_id: UUID, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[ScoreFigureRow]:
    """Read the figures behind scores, a row for each customer and figure."""
    principal.check_every_store()
    party_id, place = decode_cursor(cursor, str, int) if cursor else ("", 0)
    after = party_id, min(max(place, 0), 2**31)
    found = await service.list_score_figures(conn, model_id, after=after, limit=limit + 1)
    page = found[:limit]
    more = encode_cursor(page[-1][1].party_id, page[-1][0]) if len(found) > limit else None
    return Page(items=[row for _, row in page], next_cursor=more)


@router.get("/{model_id}/scores")
async def list_scores(
    conn: Read,
    principal: Reader,
    model_id: UUID,
    label: Annotated[Label | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ScoreView]:
    """Read what a model says of customers, in the order of their ids; former models have no scores."""
    principal.check_every_store()
    await service.get_model(conn, model_id)
    after = decode_cursor(cursor, str)[0] if cursor else ""
    found = await queries.page_scores(conn, model_id, label, after=after, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].party_id) if more else None)
