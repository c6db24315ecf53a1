"""Jobs over HTTP; each analysis has a path of its own that starts one."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
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
from humidor_customers.jobs import queries, service
from humidor_customers.jobs.schemas import Filters, JobView

router = APIRouter(prefix="/v1/jobs", tags=["analytics"])


@router.get("")
async def list_jobs(
    conn: Read,
    principal: Reader,
    filters: Annotated[Filters, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[JobView]:
    """Read jobs, the newest first."""
    principal.check_every_store()
    before = decode_cursor(cursor, UUID)[0] if cursor else NEWEST
    found = await queries.page(conn, filters, before=before, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].job_id) if more else None)


@router.get("/{job_id}")
async def get_job(conn: Read, principal: Reader, job_id: UUID) -> JobView:
    """Read how far a job is, and what it came to."""
    principal.check_every_store()
    return await service.get_job(conn, job_id)


@router.get("/{job_id}/figures")
async def list_figures(
    conn: Read, principal: Reader, job_id: UUID, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[FigureRow]:
    """Read parameters and result of a job as a table, such as how well recommendations did."""
    principal.check_every_store()
    return page_of(await service.list_figures(conn, job_id), cursor, limit)


@router.post("/{job_id}:cancel")
async def cancel_job(conn: Tx, principal: Writer, job_id: UUID) -> JobView:
    """End a job that has not ended."""
    principal.check_every_store()
    return await service.cancel_job(conn, principal, job_id, now=utc_now())
