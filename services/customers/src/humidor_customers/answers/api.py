"""Answers of surveys over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, transaction
from humidor_common.imports.api import UPLOAD, read_upload
from humidor_common.imports.report import ImportReport
from humidor_common.imports.run import in_turn, read_file, run_import
from humidor_common.tables.reading import read_table
from humidor_common.web.inputs import TimeZone
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_common.web.problems import invalid
from humidor_customers.answers import queries
from humidor_customers.answers.rules import MOST_QUESTIONS, find_headings, questions_of
from humidor_customers.answers.schemas import ResponseFilters, ResponseView, SurveyId
from humidor_customers.answers.service import Answers
from humidor_customers.inputs import Reader, Writer

router = APIRouter(prefix="/v1/survey-responses", tags=["survey answers"])

_Dry = Annotated[bool, Query(description="Try it out: nothing is written.")]


@router.post(":import", openapi_extra=UPLOAD)
async def import_responses(
    principal: Writer,
    request: Request,
    survey: Annotated[SurveyId, Query()],
    dry_run: _Dry = True,
    time_zone: Annotated[TimeZone, Query()] = "Asia/Shanghai",
) -> ImportReport:
    """Read a file of answers: LimeSurvey's export (CSV or XLSX), or any table with a response's id.

    Every column that LimeSurvey did not add is a question. `token` is a customer's id or licence, or a
    member's id. All rows are written or none; the same file again changes nothing.
    """
    principal.check_every_store()
    content, name = await read_upload(request)
    table = await in_turn(read_table, content, max_rows=10, name=name)
    headings = questions_of(find_headings([cells for _, cells in table.rows]))
    if len(headings) > MOST_QUESTIONS:
        raise invalid("file", f"has more than {MOST_QUESTIONS} questions")
    reading = await read_file(Answers(survey, headings, time_zone).kind(), content, name)
    runtime = request.app.state.runtime
    async with transaction(runtime.pool) as conn:
        return await run_import(conn, principal, reading, now=utc_now(), dry_run=dry_run)


@router.get("")
async def list_responses(
    conn: Read,
    principal: Reader,
    filters: Annotated[ResponseFilters, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ResponseView]:
    """Read answers, by survey, trade customer or member."""
    principal.check_every_store()
    after = decode_cursor(cursor, str, str) if cursor else ("", "")
    given = filters.model_dump(exclude_none=True)
    found = await queries.page(conn, given, after=(after[0], after[1]), limit=limit + 1)
    more = len(found) > limit
    last = found[limit - 1] if more else None
    return Page(
        items=found[:limit], next_cursor=encode_cursor(last.survey, last.response_id) if last else None
    )
