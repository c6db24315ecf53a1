"""Tasks over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.inputs import IfMatch, Reason, tag
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, encode_cursor
from humidor_customers.inputs import BEGIN, Reader, Writer, decode_moment
from humidor_customers.tasks import service
from humidor_customers.tasks.schemas import Completion, Filters, TaskChange, TaskInput, TaskView

router = APIRouter(prefix="/v1/tasks", tags=["tasks"])


@router.post("", status_code=201, response_model=TaskView)
async def post_task(conn: Tx, principal: Writer, task: TaskInput, idempotency: Idempotency) -> Response:
    """Give somebody a task about a customer."""
    return await idempotency.run(conn, lambda: service.create(conn, principal, task, now=utc_now()))


@router.get("")
async def list_tasks(
    conn: Read,
    principal: Reader,
    filters: Annotated[Filters, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[TaskView]:
    """Read tasks, the first due first; open ones where nothing else is asked for."""
    after = decode_moment(cursor) if cursor else (BEGIN, UUID(int=0))
    found = await service.page(conn, principal, filters, after=after, limit=limit + 1, now=utc_now())
    more = len(found) > limit
    last = found[limit - 1] if more else None
    return Page(items=found[:limit], next_cursor=encode_cursor(last.due_at, last.task_id) if last else None)


@router.get("/{task_id}")
async def get_task(conn: Read, principal: Reader, task_id: UUID, response: Response) -> TaskView:
    view = await service.get(conn, principal, task_id, now=utc_now())
    tag(response, view.version)
    return view


@router.put("/{task_id}")
async def put_task(
    conn: Tx,
    principal: Writer,
    task_id: UUID,
    task: TaskChange,
    response: Response,
    if_match: IfMatch = None,
) -> TaskView:
    """Change an open task: what, when, by whom."""
    view = await service.change(conn, principal, (task_id, task), if_match=if_match, now=utc_now())
    tag(response, view.version)
    return view


@router.post("/{task_id}:complete")
async def post_complete(conn: Tx, principal: Writer, task_id: UUID, completion: Completion) -> TaskView:
    """Say what came of a task."""
    return await service.close(conn, principal, task_id, ("done", completion.outcome), now=utc_now())


@router.post("/{task_id}:cancel")
async def post_cancel(conn: Tx, principal: Writer, task_id: UUID, decision: Reason) -> TaskView:
    """Give a task up, with the reason."""
    return await service.close(conn, principal, task_id, ("cancelled", decision.reason), now=utc_now())
