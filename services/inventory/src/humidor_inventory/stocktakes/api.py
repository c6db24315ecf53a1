"""Stocktakes over HTTP."""

from datetime import date
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from humidor_common.auth import Principal
from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.authorization import Authenticated
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_common.web.problems import FieldError, Problem, invalid
from humidor_inventory.inputs import Day, Reader, Reason, StoreId, Writer, visible_stores
from humidor_inventory.stocktakes import counting, opening, posting, queries, service
from humidor_inventory.stocktakes.accuracy import AccuracyView, read_shrinkage
from humidor_inventory.stocktakes.files import read_file
from humidor_inventory.stocktakes.rules import State
from humidor_inventory.stocktakes.schemas import (
    ApprovalInput,
    CloseInput,
    CountBatch,
    CountInput,
    CountResult,
    CountResults,
    ImportReport,
    LineView,
    RecountInput,
    ShrinkageView,
    StocktakeInput,
    StocktakeView,
)
from humidor_inventory.stocktakes.sheet import Language, print_sheet

router = APIRouter(prefix="/v1", tags=["stocktakes"])

_PATH = "/stocktakes/{stocktake_id}"
_SHEET_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
_FILE = {"requestBody": {"content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}}}}


def _counter(principal: Authenticated) -> Principal:
    """Let clerks count too, who may change no other stock."""
    principal.check_scope("inventory:read" if "clerk" in principal.roles else "inventory:write")
    return principal


Counter = Annotated[Principal, Depends(_counter)]


@router.post("/stocktakes", status_code=201, response_model=StocktakeView)
async def post_stocktake(
    conn: Tx, principal: Writer, given: StocktakeInput, idempotency: Idempotency
) -> Response:
    """Make a draft; its products are in no other open stocktake of the store."""
    principal.check_store(given.store_id)

    async def work() -> StocktakeView:
        made = await opening.create_stocktake(conn, principal, given, now=utc_now())
        return await service.view(conn, made, None)

    return await idempotency.run(conn, work)


@router.get("/stocktakes")
async def list_stocktakes(
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    state: Annotated[State | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[StocktakeView]:
    """Read the newest first."""
    after = decode_cursor(cursor, UUID)[0] if cursor else None
    visible = visible_stores(principal, store_id)
    rows = await queries.list_stocktakes(conn, visible, state, after=after, limit=limit + 1)
    items = [service.show(row, row["lines"]) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(items=items, next_cursor=encode_cursor(items[-1].stocktake_id) if more else None)


@router.get(_PATH)
async def get_stocktake(conn: Read, principal: Reader, stocktake_id: UUID) -> StocktakeView:
    return await service.view(conn, stocktake_id, visible_stores(principal, None))


@router.get(_PATH + "/lines")
async def list_lines(
    conn: Read, principal: Reader, stocktake_id: UUID, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[LineView]:
    """Read the lines with the book at the moment of each count; a blind count shows it from review on."""
    after = decode_cursor(cursor, int)[0] if cursor else 0
    stocktake = await queries.read_stocktake(conn, stocktake_id, visible_stores(principal, None))
    found = await service.list_lines(conn, stocktake, after=min(after, 2**31 - 1), limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].line) if more else None)


@router.get(_PATH + "/sheet", response_class=HTMLResponse)
async def get_sheet(
    conn: Read, principal: Reader, stocktake_id: UUID, lang: Annotated[Language, Query()] = "en"
) -> HTMLResponse:
    """Print the lines of the round, with barcodes; in a recount only those to be counted again."""
    stocktake = await queries.read_stocktake(conn, stocktake_id, visible_stores(principal, None))
    lines = await service.list_lines(conn, stocktake, after=0, limit=100_000)
    if stocktake.state == "recount":
        lines = [line for line in lines if line.round == stocktake.round]
    return HTMLResponse(
        print_sheet(service.show(stocktake.row, len(lines)), lines, lang), headers=_SHEET_HEADERS
    )


@router.post(_PATH + ":start")
async def start_stocktake(conn: Tx, principal: Writer, stocktake_id: UUID) -> StocktakeView:
    """Take the snapshot; counting begins and sales go on."""
    visible = visible_stores(principal, None)
    stocktake = await queries.read_stocktake(conn, stocktake_id, visible)
    await opening.start_stocktake(conn, principal, stocktake_id, stocktake.store_id)
    return await service.view(conn, stocktake_id, visible)


@router.post(_PATH + "/counts", status_code=201, responses={200: {"model": CountResult}})
async def post_count(
    conn: Tx, principal: Counter, stocktake_id: UUID, count: CountInput, response: Response
) -> CountResult:
    """Take one count; the same again is answered with 200."""
    stocktake = await queries.read_stocktake(conn, stocktake_id, visible_stores(principal, None), lock=True)
    (result,) = await counting.record_counts(conn, principal, stocktake, [count], now=utc_now())
    if result.problem:
        raise Problem(result.problem["status"], result.problem["code"], result.problem["detail"])
    if result.status == "duplicate":
        response.status_code = 200
    return result


@router.post(_PATH + "/counts:batch")
async def post_counts(conn: Tx, principal: Counter, stocktake_id: UUID, batch: CountBatch) -> CountResults:
    """Take up to 1,000 counts that a device has gathered, each by itself; sending them again is harmless."""
    stocktake = await queries.read_stocktake(conn, stocktake_id, visible_stores(principal, None), lock=True)
    results = await counting.record_counts(conn, principal, stocktake, batch.counts, now=utc_now())
    return CountResults(results=results)


@router.post(_PATH + "/counts:import", openapi_extra=_FILE)
async def import_counts(
    conn: Tx,
    principal: Counter,
    stocktake_id: UUID,
    request: Request,
    dry_run: Annotated[bool, Query()] = True,
) -> ImportReport:
    """Read a scanner's CSV file from the body; `dry_run=false` writes it, all or nothing."""
    stocktake = await queries.read_stocktake(conn, stocktake_id, visible_stores(principal, None), lock=True)
    zone = await conn.fetchval("SELECT time_zone FROM stores WHERE store_id = $1", stocktake.store_id)
    file = read_file(await request.body(), stocktake_id, ZoneInfo(zone))
    report = await counting.import_file(conn, principal, stocktake, file, now=utc_now(), dry_run=dry_run)
    if report.errors and not dry_run:
        errors = [
            FieldError(f"row {each.row}, {each.column or 'file'}", each.message) for each in report.errors
        ]
        raise Problem(422, "file-refused", "The file has mistakes; nothing was written.", errors=errors)
    return report


@router.post(_PATH + ":close")
async def close_round(
    conn: Tx, principal: Writer, stocktake_id: UUID, given: CloseInput | None = None
) -> StocktakeView:
    """End the round: to a recount where a variance is too great, else to review."""
    visible = visible_stores(principal, None)
    stocktake = await queries.read_stocktake(conn, stocktake_id, visible, lock=True)
    await service.close_round(conn, principal, stocktake, given or CloseInput(), now=utc_now())
    return await service.view(conn, stocktake_id, visible)


@router.post(_PATH + ":recount")
async def order_recount(
    conn: Tx, principal: Writer, stocktake_id: UUID, given: RecountInput
) -> StocktakeView:
    """Send lines under review back to be counted by somebody else."""
    visible = visible_stores(principal, None)
    stocktake = await queries.read_stocktake(conn, stocktake_id, visible, lock=True)
    await service.order_recount(conn, principal, stocktake, given, now=utc_now())
    return await service.view(conn, stocktake_id, visible)


@router.post(_PATH + ":approve")
async def approve_stocktake(
    conn: Tx, principal: Writer, stocktake_id: UUID, given: ApprovalInput | None = None
) -> StocktakeView:
    """Approve the counts: a manager or admin who has not counted."""
    visible = visible_stores(principal, None)
    stocktake = await queries.read_stocktake(conn, stocktake_id, visible, lock=True)
    await service.approve(conn, principal, stocktake, given or ApprovalInput(reasons=[]), now=utc_now())
    return await service.view(conn, stocktake_id, visible)


@router.post(_PATH + ":post", response_model=StocktakeView)
async def post_to_ledger(
    conn: Tx, principal: Writer, stocktake_id: UUID, idempotency: Idempotency
) -> Response:
    """Adjust the ledger by the variances, keep the accuracy record and tell it."""
    visible = visible_stores(principal, None)
    stocktake = await queries.read_stocktake(conn, stocktake_id, visible)

    async def work() -> StocktakeView:
        await posting.post(conn, principal, stocktake_id, stocktake.store_id, now=utc_now())
        return await service.view(conn, stocktake_id, visible)

    return await idempotency.run(conn, work, status=200)


@router.post(_PATH + ":cancel")
async def cancel_stocktake(
    conn: Tx, principal: Writer, stocktake_id: UUID, decision: Reason
) -> StocktakeView:
    """Give it up; nothing is adjusted."""
    visible = visible_stores(principal, None)
    stocktake = await queries.read_stocktake(conn, stocktake_id, visible, lock=True)
    await service.cancel(conn, principal, stocktake, decision.reason)
    return await service.view(conn, stocktake_id, visible)


@router.get(_PATH + "/accuracy")
async def get_accuracy(conn: Read, principal: Reader, stocktake_id: UUID) -> AccuracyView:
    """Read how right the books were."""
    stocktake = await queries.read_stocktake(conn, stocktake_id, visible_stores(principal, None))
    return await service.measure(conn, stocktake)


@router.get("/shrinkage")
async def get_shrinkage(
    conn: Read,
    principal: Reader,
    store_id: Annotated[StoreId, Query()],
    first_day: Annotated[Day, Query(alias="from", ge=date(2000, 1, 1))],
    last_day: Annotated[Day, Query(alias="to", ge=date(2000, 1, 1))],
) -> ShrinkageView:
    """Read what a store lost by product, `from` and `to` included, in days of the store."""
    principal.check_store(store_id)
    if last_day < first_day:
        raise invalid("to", "is before from")
    return await read_shrinkage(conn, store_id, first_day, last_day)
