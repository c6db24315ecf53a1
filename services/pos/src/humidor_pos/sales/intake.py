"""From the bytes of sales to their outcomes, one bad sale never touching another."""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import msgspec

from humidor_common.clock import utc_now
from humidor_common.db.failures import DATABASE_ERRORS
from humidor_common.runtime import Runtime
from humidor_common.telemetry.traces import current_trace_id, current_traceparent
from humidor_common.web.errors import as_problem
from humidor_common.web.problems import Problem, unavailable
from humidor_pos.campaigns.directory import Campaigns
from humidor_pos.facts.http import check_store
from humidor_pos.facts.outcomes import Outcome
from humidor_pos.facts.reading import decode, unreadable
from humidor_pos.facts.rules import Unreadable
from humidor_pos.lots.directory import Lots
from humidor_pos.lots.service import find_lots_by_code
from humidor_pos.products.catalogue import Catalogue
from humidor_pos.sales.service import Surroundings, prepare_sale
from humidor_pos.sales.statement import PreparedSale
from humidor_pos.sales.wire import Sale
from humidor_pos.sales.writer import SaleWriter
from humidor_pos.settings import PosSettings
from humidor_pos.terminals.directory import Terminal

T = TypeVar("T")

_decoder = msgspec.json.Decoder(Sale)


class _Claimed(msgspec.Struct):
    sale_id: Any = None


_claimed = msgspec.json.Decoder(_Claimed)


class Result(msgspec.Struct):
    """The outcome of one sale of many; `problem` is null unless it is a conflict or was rejected."""

    sale_id: str | None
    status: str
    exceptions: tuple[str, ...] = ()
    problem: dict[str, Any] | None = None


async def surroundings(runtime: Runtime, terminal: Terminal) -> Surroundings:
    """Gather what this terminal's sales are judged in, now."""
    catalogue = runtime.get(Catalogue)
    if not catalogue.is_fresh():
        await catalogue.freshen()
    lots = runtime.get(Lots)
    if not lots.is_fresh():
        await lots.freshen()
    campaigns = runtime.get(Campaigns)
    if not campaigns.is_fresh():
        await campaigns.freshen()
    settings = runtime.get(PosSettings)
    return Surroundings(
        now=utc_now(),
        shelf=catalogue.shelf(terminal.store_id),
        late_after=timedelta(hours=settings.pos_late_after_hours),
        time_zone=settings.pos_default_time_zone,
        traceparent=current_traceparent(),
        lots=lots.of(terminal.store_id),
        campaigns=campaigns.of(terminal.store_id),
    )


def read_sale(body: bytes | msgspec.Raw, terminal: Terminal) -> Sale:
    """Decode one sale.

    Raises:
        Problem: It cannot be read, or is of another store.
    """
    sale = decode(_decoder, body)
    check_store(terminal, sale.store_id)
    return sale


async def with_cartons(
    runtime: Runtime, terminal: Terminal, around: Surroundings, sales: Iterable[Sale]
) -> Surroundings:
    """Look up the lots of scanned cartons, where any of the store's lots may not be sold.

    Raises:
        Problem: 503 when the database does not answer.
    """
    if not around.lots:
        return around
    codes = {line.code for sale in sales for line in sale.lines if line.code and line.lot is None}
    if not codes:
        return around
    try:
        async with runtime.pool.acquire(timeout=5) as conn:
            found = await find_lots_by_code(conn, terminal.store_id, codes)
    except DATABASE_ERRORS as error:
        raise unavailable("The database does not answer; nothing was stored.") from error
    return msgspec.structs.replace(around, lots_by_code=found)


def judge(sale: Sale, terminal: Terminal, around: Surroundings) -> PreparedSale:
    """Judge one sale and lay it out.

    Raises:
        Problem: It cannot be taken as a sale.
    """
    try:
        return prepare_sale(sale, terminal, around)
    except Unreadable as error:
        raise unreadable(error) from None


async def take_sales(
    runtime: Runtime, terminal: Terminal, bodies: Sequence[bytes | msgspec.Raw | Problem]
) -> list[Result]:
    """Store every readable sale in one transaction; a `Problem` in place of a body is passed through."""
    around = await surroundings(runtime, terminal)
    decoded = [_try(read_sale, body, terminal) for body in bodies]
    around = await with_cartons(runtime, terminal, around, (s for s in decoded if isinstance(s, Sale)))
    read = [_try(judge, sale, terminal, around) for sale in decoded]
    prepared = [each for each in read if isinstance(each, PreparedSale)]
    outcomes = iter(await runtime.get(SaleWriter).write(prepared) if prepared else ())
    return [
        _result(each, next(outcomes)) if isinstance(each, PreparedSale) else _rejected(body, each)
        for body, each in zip(bodies, read, strict=True)
    ]


def _try(step: Callable[..., T], given: Any, *arguments: Any) -> T | Problem:
    """Go one step with one sale; what was a problem before stays one."""
    if isinstance(given, Problem):
        return given
    try:
        return step(given, *arguments)
    except Problem as problem:
        return problem


def failure(error: Exception) -> Problem:
    """Name what stopped a stream or batch as a whole.

    Raises:
        Exception: It is a fault of ours.
    """
    problem = as_problem(error)
    if problem is None:
        raise error
    return problem


def _result(sale: PreparedSale, outcome: Outcome) -> Result:
    problem = outcome.problem.document(current_trace_id()) if outcome.problem else None
    return Result(str(sale.sale_id), outcome.status, outcome.exceptions, problem)


def _rejected(body: bytes | msgspec.Raw | Problem, problem: Problem) -> Result:
    return Result(claimed_id(body), "rejected", problem=problem.document(current_trace_id()))


def claimed_id(body: bytes | msgspec.Raw | Problem) -> str | None:
    """Read the id of a sale that cannot be read otherwise, so that its terminal knows which one is meant."""
    if isinstance(body, Problem):
        return None
    try:
        claimed = _claimed.decode(body).sale_id
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return claimed[:64] if isinstance(claimed, str) else None
