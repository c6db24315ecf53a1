"""Strategies of supply over HTTP."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from humidor_common.clock import utc_now
from humidor_common.db.transaction import Read, Tx
from humidor_common.web.idempotency import Idempotency
from humidor_common.web.inputs import IfMatch, tag
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_customers.allocation import queries, running, runs, service
from humidor_customers.allocation.own import OwnCapsView, ShareView, own_caps, own_shares
from humidor_customers.allocation.refusals import REFUSALS
from humidor_customers.allocation.schemas import (
    LinesInput,
    LineView,
    NewStrategy,
    Publication,
    RefusalList,
    RefusalView,
    RunView,
    SharingInput,
    SimulationInput,
    StrategyView,
)
from humidor_customers.inputs import NEWEST, Reader, RetailerId, Writer
from humidor_customers.retailers.seeing import seen

router = APIRouter(prefix="/v1", tags=["allocation"])

RetailerPath = Annotated[RetailerId, Path()]


@router.get("/strategies/refusals")
async def list_refusals(_: Reader) -> RefusalList:
    """Read which terms no strategy can have, the rule, and where it stands."""
    names = RefusalView.model_fields
    return RefusalList(
        refusals=[RefusalView(**{name: getattr(each, name) for name in names}) for each in REFUSALS]
    )


@router.post("/strategies", status_code=201, response_model=StrategyView)
async def post_strategy(
    conn: Tx, principal: Writer, strategy: NewStrategy, idempotency: Idempotency
) -> Response:
    """Draft a strategy of caps for an order cycle."""
    principal.check_every_store()
    return await idempotency.run(
        conn, lambda: service.create_strategy(conn, principal, strategy, now=utc_now())
    )


@router.get("/strategies")
async def list_strategies(
    conn: Read,
    principal: Reader,
    cycle_id: Annotated[UUID | None, Query()] = None,
    state: Annotated[Literal["draft", "published", "superseded"] | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[StrategyView]:
    """Read strategies, the newest first."""
    principal.check_every_store()
    before = decode_cursor(cursor, UUID)[0] if cursor else NEWEST
    found = await queries.page(conn, cycle_id, state, before=before, limit=limit + 1)
    more = len(found) > limit
    return Page(
        items=found[:limit], next_cursor=encode_cursor(found[limit - 1].strategy_id) if more else None
    )


@router.get("/strategies/{strategy_id}")
async def get_strategy(conn: Read, principal: Reader, strategy_id: UUID, response: Response) -> StrategyView:
    principal.check_every_store()
    found = await service.get_strategy(conn, strategy_id)
    tag(response, found.version)
    return found


@router.put("/strategies/{strategy_id}/lines")
async def put_lines(
    conn: Tx,
    principal: Writer,
    strategy_id: UUID,
    given: LinesInput,
    response: Response,
    if_match: IfMatch = None,
) -> StrategyView:
    """Give a draft these lines instead of those it has."""
    principal.check_every_store()
    view = await service.put_lines(
        conn, principal, (strategy_id, given.lines), if_match=if_match, now=utc_now()
    )
    tag(response, view.version)
    return view


@router.get("/strategies/{strategy_id}/lines")
async def list_lines(
    conn: Read, principal: Reader, strategy_id: UUID, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[LineView]:
    """Read the lines of a strategy in their order."""
    principal.check_every_store()
    await service.get_strategy(conn, strategy_id)
    after = decode_cursor(cursor, int)[0] if cursor else 0
    found = await queries.page_lines(conn, strategy_id, after=min(max(after, 0), 2**31 - 1), limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].line) if more else None)


@router.post("/strategies/{strategy_id}/simulations", status_code=201, response_model=RunView)
async def post_simulation(
    conn: Tx, principal: Writer, strategy_id: UUID, given: SimulationInput, idempotency: Idempotency
) -> Response:
    """Meet a strategy with what was requested in former cycles; its indicators say what it would do."""
    principal.check_every_store()
    return await idempotency.run(
        conn, lambda: running.simulate(conn, principal, strategy_id, given, now=utc_now())
    )


@router.post("/strategies/{strategy_id}:publish")
async def post_publication(
    conn: Tx, principal: Writer, strategy_id: UUID, given: Publication
) -> StrategyView:
    """Let orders of the cycle go by a strategy from now on, instead of the one before it."""
    principal.check_every_store()
    return await service.publish_strategy(conn, principal, strategy_id, given, now=utc_now())


@router.post("/strategies/{strategy_id}/sharings", status_code=201, response_model=RunView)
async def post_sharing(
    conn: Tx, principal: Writer, strategy_id: UUID, given: SharingInput, idempotency: Idempotency
) -> Response:
    """Share what is short in the cycle among those who requested it."""
    principal.check_every_store()
    return await idempotency.run(
        conn, lambda: running.share(conn, principal, strategy_id, given, now=utc_now())
    )


@router.post("/strategies/{strategy_id}/observations", status_code=201, response_model=RunView)
async def post_observation(
    conn: Tx, principal: Writer, strategy_id: UUID, idempotency: Idempotency
) -> Response:
    """Count what the orders of the strategy's cycle came to, for its indicators."""
    principal.check_every_store()
    return await idempotency.run(conn, lambda: running.observe(conn, principal, strategy_id, now=utc_now()))


@router.get("/strategies/{strategy_id}/runs")
async def list_runs(
    conn: Read, principal: Reader, strategy_id: UUID, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[RunView]:
    """Read the simulations and sharings of a strategy, the newest first."""
    principal.check_every_store()
    await service.get_strategy(conn, strategy_id)
    before = decode_cursor(cursor, UUID)[0] if cursor else NEWEST
    found = await runs.page(conn, strategy_id, before=before, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].run_id) if more else None)


@router.get("/retailers/{retailer_id}/caps")
async def get_own_caps(
    conn: Read, principal: Reader, retailer_id: RetailerPath, cycle_id: Annotated[UUID, Query()]
) -> OwnCapsView:
    """Read what a customer may order in a cycle, of each product and each price segment."""
    await seen(conn, principal, retailer_id)
    return await own_caps(conn, cycle_id, retailer_id)


@router.get("/retailers/{retailer_id}/shares")
async def list_own_shares(
    conn: Read,
    principal: Reader,
    retailer_id: RetailerPath,
    cycle_id: Annotated[UUID, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ShareView]:
    """Read what a customer gets in a cycle that was shared, and why, step by step."""
    await seen(conn, principal, retailer_id)
    after = decode_cursor(cursor, str)[0] if cursor else ""
    found = await own_shares(conn, cycle_id, retailer_id, after=after, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].gtin) if more else None)
