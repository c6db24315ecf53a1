"""Messages to the outside for an operator: list, look, send again, give up."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection
from humidor_common.db.transaction import Read, Tx
from humidor_common.delivery.messages import Route, masked
from humidor_common.web.authorization import require
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_common.web.problems import Problem, not_found

DeliveryState = Literal["pending", "sent", "parked", "dropped"]

_COLUMNS = """delivery_id, channel, target, topic, subject, state, attempts, due_at, created_at, settled_at,
              reason"""
_LIST = f"SELECT {_COLUMNS} FROM deliveries WHERE {{}} ORDER BY delivery_id LIMIT $1"  # noqa: S608 - our own text
_GET = f"SELECT {_COLUMNS}, body FROM deliveries WHERE delivery_id = $1"  # noqa: S608 - our own text
_ATTEMPTS = """
SELECT attempt, started_at, ended_at, outcome, status, detail,
       round(extract(epoch FROM ended_at - started_at) * 1000)::int AS latency_ms
FROM delivery_attempts
WHERE delivery_id = $1 ORDER BY attempt DESC LIMIT 50
"""
_AGAIN = """
UPDATE deliveries SET state = 'pending', tries = 0, due_at = $2, settled_at = NULL, reason = NULL
WHERE delivery_id = $1
"""
_DROP = "UPDATE deliveries SET state = 'dropped', settled_at = $2, reason = $3 WHERE delivery_id = $1"


class Drop(BaseModel):
    """Why the message may be given up for good."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")


class AttemptView(BaseModel):
    """One attempt; `failed` is tried again, `refused` is not; without `outcome` it is under way.

    `detail` begins as the receiver's answer began, or says what went wrong on the way there.
    """

    attempt: int
    started_at: datetime
    ended_at: datetime | None
    outcome: Literal["sent", "failed", "refused"] | None
    status: int | None
    latency_ms: int | None
    detail: str | None


class DeliveryView(BaseModel):
    """A message without its secret; of a key in the URL only the end is shown."""

    delivery_id: UUID
    channel: Route
    target: str
    topic: str
    subject: str
    state: DeliveryState
    attempts: int
    due_at: datetime
    created_at: datetime
    settled_at: datetime | None
    reason: str | None


def _private_targets(request: Request) -> bool:
    allowed: bool = request.app.state.runtime.settings.delivery_private_targets
    return allowed


PrivateTargets = Annotated[bool, Depends(_private_targets)]
"""Whether messages may go to private networks and over plain HTTP, by the service's settings."""


class DeliveryDetail(DeliveryView):
    """A message with what it says and its last 50 attempts, the newest first."""

    body: dict[str, Any] | str
    log: list[AttemptView]


def make_router(service: str) -> APIRouter:
    """Make the routes of one service, for those with its `admin` scope in every store."""
    router = APIRouter(prefix="/v1/deliveries", tags=["deliveries"])

    async def authorize(principal: Annotated[Principal, Depends(require(f"{service}:admin"))]) -> Principal:
        principal.check_every_store()
        return principal

    admin = Annotated[Principal, Depends(authorize)]

    @router.get("")
    async def list_deliveries(
        conn: Read,
        _: admin,
        state: DeliveryState | None = None,
        channel: Route | None = None,
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> Page[DeliveryView]:
        """Read messages, the oldest first; `parked` ones wait for somebody's decision."""
        after = decode_cursor(cursor, UUID)[0] if cursor else UUID(int=0)
        conditions = ["delivery_id > $2"]
        conditions += [f"state = '{state}'"] if state else []
        conditions += [f"channel = '{channel}'"] if channel else []
        rows = await conn.fetch(_LIST.format(" AND ".join(conditions)), limit + 1, after)
        items = [DeliveryView(**_shown(row)) for row in rows[:limit]]
        more = len(rows) > limit
        return Page(items=items, next_cursor=encode_cursor(items[-1].delivery_id) if more else None)

    @router.get("/{delivery_id}")
    async def get_delivery(conn: Read, _: admin, delivery_id: UUID) -> DeliveryDetail:
        return await _get(conn, delivery_id)

    @router.post("/{delivery_id}:retry")
    async def retry_delivery(conn: Tx, principal: admin, delivery_id: UUID) -> DeliveryDetail:
        """Send a message again under the same id: one that is parked, or was sent and got lost over there."""
        await _lock(conn, delivery_id, {"parked", "sent"})
        await conn.execute(_AGAIN, delivery_id, utc_now())
        await audit.record(conn, principal, "retry", "delivery", str(delivery_id))
        return await _get(conn, delivery_id)

    @router.post("/{delivery_id}:drop")
    async def drop_delivery(conn: Tx, principal: admin, delivery_id: UUID, drop: Drop) -> DeliveryDetail:
        """Give a message up for good, with a reason."""
        await _lock(conn, delivery_id, {"parked", "pending"})
        await conn.execute(_DROP, delivery_id, utc_now(), drop.reason)
        await audit.record(conn, principal, "drop", "delivery", str(delivery_id), reason=drop.reason)
        return await _get(conn, delivery_id)

    return router


async def _lock(conn: Connection, delivery_id: UUID, states: set[str]) -> None:
    state = await conn.fetchval("SELECT state FROM deliveries WHERE delivery_id = $1 FOR UPDATE", delivery_id)
    if state is None:
        raise not_found("delivery", delivery_id)
    if state not in states:
        raise Problem(409, "delivery-state", f"This delivery is {state}.")


async def _get(conn: Connection, delivery_id: UUID) -> DeliveryDetail:
    row = await conn.fetchrow(_GET, delivery_id)
    if row is None:
        raise not_found("delivery", delivery_id)
    log = [AttemptView(**attempt) for attempt in await conn.fetch(_ATTEMPTS, delivery_id)]
    return DeliveryDetail(**_shown(row), log=log)


def _shown(row: Any) -> dict[str, Any]:
    return dict(row) | {"target": masked(row["target"])}
