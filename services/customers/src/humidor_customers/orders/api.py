"""Orders of trade customers over HTTP."""

from collections.abc import AsyncIterator, Coroutine, Hashable, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from humidor_common.auth import Principal
from humidor_common.clock import utc_now
from humidor_common.db.groups import Bounds, Groups
from humidor_common.db.pool import KEYED, Connection, Pool, create_pool
from humidor_common.db.transaction import Read, Tx, transaction
from humidor_common.runtime import Runtime
from humidor_common.telemetry.traces import current_traceparent
from humidor_common.web.idempotency import Answer, Idempotency, Idempotent
from humidor_common.web.inputs import IfMatch, Reason, tag, visible_stores
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_common.web.problems import Problem, not_found
from humidor_common.web.shortcuts import Shortcut, read_plain
from humidor_customers.inputs import NEWEST, Reader, Writer
from humidor_customers.orders import fulfilling, keeping, queries, service
from humidor_customers.orders.placing import Asked, Posted, answer_all
from humidor_customers.orders.schemas import (
    DebitInput,
    DebitView,
    DeliveryInput,
    Filters,
    OrderInput,
    OrderView,
    Wish,
)

router = APIRouter(prefix="/v1/orders", tags=["orders"])

_CONNECTIONS = 2


class OrderDesk:
    """Takes orders down in groups: a group is locked, read, checked and written by a handful of statements.

    A group has one order of a customer, so each is checked against counters that no other of it changes.
    """

    def __init__(self, runtime: Runtime, pool: Pool) -> None:
        self._pool = pool
        self._wake_relay = runtime.wake_relay
        self._groups: Groups[Posted, Answer | Problem] = Groups(
            self._take_down, claims=_claims, bounds=Bounds(groups=_CONNECTIONS)
        )

    async def take(self, principal: Principal, given: OrderInput, idempotency: Idempotent) -> Response:
        """Take an order down; returns after the commit.

        Raises:
            Problem: As `place_order`; 404 for a customer that the caller may not see; 422
                `idempotency-key-reused`; 503 where too many wait.
        """
        asked = Asked(principal, given, current_traceparent())
        answer = await self._groups.do(Posted(asked, idempotency))
        if isinstance(answer, Problem):
            raise answer
        return answer.response()

    async def finish(self) -> None:
        """Wait for those that are being taken down."""
        await self._groups.finish()

    async def _take_down(self, posted: Sequence[Posted]) -> list[Answer | Problem]:
        async with transaction(self._pool) as conn:
            answers = await answer_all(conn, posted, now=utc_now())
        self._wake_relay()
        return answers


@asynccontextmanager
async def open_desk(runtime: Runtime) -> AsyncIterator[OrderDesk]:
    """Open the desk with connections of its own, and let it finish what it has taken on."""
    name = f"humidor-{runtime.service.name}-orders"
    async with await create_pool(runtime.settings, name=name, size=_CONNECTIONS, planner=KEYED) as pool:
        desk = OrderDesk(runtime, pool)
        yield desk
        await desk.finish()


def _claims(posted: Posted) -> list[Hashable]:
    customer, key = posted.asked.given.retailer_id, posted.idempotency.key
    return [customer] if key is None else [customer, (posted.idempotency.principal, key)]


async def seen_order(conn: Connection, principal: Principal, order_id: UUID) -> OrderView:
    """Read an order that the caller may see: supplied from, or to the owner of, a store of theirs."""
    order = await keeping.get_order(conn, order_id)
    if principal.stores is not None and order.store_id not in principal.stores:
        owned = await queries.owns(conn, order.retailer_id, sorted(principal.stores))
        if not owned:
            raise not_found("order", order_id)
    return order


async def check_order(conn: Connection, principal: Principal, order_id: UUID) -> None:
    """Refuse an order that the caller may not see; the use case itself says that there is none."""
    if principal.stores is not None:
        await seen_order(conn, principal, order_id)


@router.post("", status_code=201, response_model=OrderView)
async def post_order(
    request: Request, principal: Writer, order: OrderInput, idempotency: Idempotency
) -> Response:
    """Take an order down, cut to the caps; `confirm` lets it stand and asks the warehouse at once."""
    return await _desk(request).take(principal, order, idempotency)


def _desk(request: Request) -> OrderDesk:
    desk: OrderDesk = request.app.state.runtime.get(OrderDesk)
    return desk


def _post_plain_order(request: Request, body: bytes) -> Coroutine[Any, Any, Response] | None:
    plain = read_plain(request, body, OrderInput, scope="customers:write")
    return None if plain is None else _desk(request).take(*plain)


SHORTCUTS = (Shortcut(cast("APIRoute", router.routes[-1]), _post_plain_order),)


@router.get("")
async def list_orders(
    conn: Read,
    principal: Reader,
    filters: Annotated[Filters, Query()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[OrderView]:
    """Read orders, the newest first; `gtin` with `lot` finds who got goods of a lot."""
    visible = visible_stores(principal, None)
    before = decode_cursor(cursor, UUID)[0] if cursor else NEWEST
    found = await queries.page(conn, filters, visible, before=before, limit=limit + 1)
    more = len(found) > limit
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].order_id) if more else None)


@router.get("/{order_id}")
async def get_order(conn: Read, principal: Reader, order_id: UUID, response: Response) -> OrderView:
    view = await seen_order(conn, principal, order_id)
    tag(response, view.version)
    return view


@router.put("/{order_id}")
async def put_order(
    conn: Tx,
    principal: Writer,
    order_id: UUID,
    wish: Wish,
    response: Response,
    if_match: IfMatch = None,
) -> OrderView:
    """Change what is wanted, of a draft or an order that was refused."""
    await check_order(conn, principal, order_id)
    view = await service.change_order(conn, principal, (order_id, wish), if_match=if_match, now=utc_now())
    tag(response, view.version)
    return view


@router.post("/{order_id}:confirm")
async def post_confirmation(
    conn: Tx, principal: Writer, order_id: UUID, response: Response, if_match: IfMatch = None
) -> OrderView:
    """Let an order stand, by the caps and prices of this moment; the warehouse is asked for its stock."""
    await check_order(conn, principal, order_id)
    view = await service.confirm(conn, principal, order_id, if_match=if_match, now=utc_now())
    tag(response, view.version)
    return view


@router.post("/{order_id}:cancel")
async def post_cancellation(conn: Tx, principal: Writer, order_id: UUID, decision: Reason) -> OrderView:
    """Cancel an order that is not delivered; what is kept back for it is let go."""
    await check_order(conn, principal, order_id)
    return await service.cancel(conn, principal, order_id, decision.reason, now=utc_now())


@router.post("/{order_id}/debits", status_code=201, response_model=DebitView)
async def post_debit(
    conn: Tx, principal: Writer, order_id: UUID, debit: DebitInput, idempotency: Idempotency
) -> Response:
    """Book what a bank says of a debit; a reference that comes again changes nothing."""
    principal.check_every_store()
    return await idempotency.run(
        conn, lambda: fulfilling.record_debit(conn, principal, order_id, debit, now=utc_now())
    )


@router.get("/{order_id}/debits")
async def list_debits(conn: Read, principal: Reader, order_id: UUID) -> Page[DebitView]:
    order = await seen_order(conn, principal, order_id)
    return Page(items=await fulfilling.list_debits(conn, order))


@router.post("/{order_id}:dispatch")
async def post_dispatch(conn: Tx, principal: Writer, order_id: UUID) -> OrderView:
    """Send an order off; where the licence has ended since, it is cancelled and says so in `closed_code`."""
    await check_order(conn, principal, order_id)
    return await fulfilling.dispatch(conn, principal, order_id, now=utc_now())


@router.post("/{order_id}:deliver")
async def post_delivery(conn: Tx, principal: Writer, order_id: UUID, delivery: DeliveryInput) -> OrderView:
    """Record that the customer has the goods, with a proof; they leave the warehouse's stock."""
    await check_order(conn, principal, order_id)
    return await fulfilling.deliver(conn, principal, order_id, delivery, now=utc_now())
