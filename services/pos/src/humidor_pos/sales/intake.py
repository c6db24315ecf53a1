"""From the bytes of sales to their outcomes, one bad sale never touching another."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec

from humidor_common.clock import utc_now
from humidor_common.runtime import Runtime
from humidor_common.telemetry.traces import current_trace_id, current_traceparent
from humidor_common.web.errors import as_problem
from humidor_common.web.problems import Problem
from humidor_pos.facts.http import check_store
from humidor_pos.facts.outcomes import Outcome
from humidor_pos.facts.reading import decode, unreadable
from humidor_pos.facts.rules import Unreadable
from humidor_pos.products.catalogue import Catalogue
from humidor_pos.sales.service import Surroundings, prepare_sale
from humidor_pos.sales.statement import PreparedSale
from humidor_pos.sales.wire import Sale
from humidor_pos.sales.writer import SaleWriter
from humidor_pos.settings import PosSettings
from humidor_pos.terminals.directory import Terminal

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
    settings = runtime.get(PosSettings)
    return Surroundings(
        now=utc_now(),
        shelf=catalogue.shelf(terminal.store_id),
        late_after=timedelta(hours=settings.pos_late_after_hours),
        time_zone=settings.pos_default_time_zone,
        traceparent=current_traceparent(),
    )


def read_sale(body: bytes | msgspec.Raw, terminal: Terminal, around: Surroundings) -> PreparedSale:
    """Decode and judge one sale.

    Raises:
        Problem: It cannot be read, or is of another store.
    """
    sale = decode(_decoder, body)
    check_store(terminal, sale.store_id)
    try:
        return prepare_sale(sale, terminal, around)
    except Unreadable as error:
        raise unreadable(error) from None


async def take_sales(
    runtime: Runtime, terminal: Terminal, bodies: Sequence[bytes | msgspec.Raw | Problem]
) -> list[Result]:
    """Store every readable sale in one transaction; a `Problem` in place of a body is passed through."""
    around = await surroundings(runtime, terminal)
    read: list[PreparedSale | Problem] = []
    for body in bodies:
        try:
            read.append(body if isinstance(body, Problem) else read_sale(body, terminal, around))
        except Problem as problem:
            read.append(problem)
    prepared = [each for each in read if isinstance(each, PreparedSale)]
    outcomes = iter(await runtime.get(SaleWriter).write(prepared) if prepared else ())
    return [
        _result(each, next(outcomes)) if isinstance(each, PreparedSale) else _rejected(body, each)
        for body, each in zip(bodies, read, strict=True)
    ]


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
