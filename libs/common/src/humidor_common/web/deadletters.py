"""Dead letters for an operator: list, look, retry, drop."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.db.transaction import Read, Tx, transaction
from humidor_common.messaging import deadletters
from humidor_common.messaging.deadletters import DeadLetter
from humidor_common.messaging.subscription import Subscription
from humidor_common.runtime import Runtime
from humidor_common.web.authorization import require
from humidor_common.web.errors import as_problem
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, decode_cursor, encode_cursor
from humidor_common.web.problems import Problem, not_found


class Drop(BaseModel):
    """Why the event may be given up for good."""

    reason: str = Field(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")


def make_router(service: str) -> APIRouter:
    """Make the routes of one service, for those with its `admin` scope in every store."""
    router = APIRouter(prefix="/v1/dead-letters", tags=["dead letters"])

    async def authorize(principal: Annotated[Principal, Depends(require(f"{service}:admin"))]) -> Principal:
        if principal.stores is not None:
            raise Problem(403, "store-forbidden", "Dead letters are of every store; this credential is not.")
        return principal

    admin = Annotated[Principal, Depends(authorize)]

    @router.get("")
    async def list_dead_letters(
        conn: Read,
        _: admin,
        state: Literal["open", "retried", "dropped"] = "open",
        cursor: Cursor = None,
        limit: Limit = DEFAULT_LIMIT,
    ) -> JSONResponse:
        after = decode_cursor(cursor, UUID)[0] if cursor else None
        page = await deadletters.list_page(conn, state=state, after=after, limit=limit)
        next_cursor = encode_cursor(page[-1].dead_letter_id) if len(page) == limit else None
        items = [deadletters.printable(letter) for letter in page]
        return JSONResponse({"items": items, "next_cursor": next_cursor})

    @router.get("/{dead_letter_id}")
    async def show_dead_letter(conn: Read, _: admin, dead_letter_id: UUID) -> JSONResponse:
        letter = await deadletters.find(conn, dead_letter_id)
        if letter is None:
            raise not_found("dead letter", dead_letter_id)
        return JSONResponse(deadletters.printable(letter))

    @router.post("/{dead_letter_id}:retry")
    async def retry_dead_letter(
        request: Request,
        principal: admin,
        dead_letter_id: UUID,
    ) -> dict[str, Any]:
        """Apply the event again; where it still fails it stays open with the new reason (409)."""
        return await _retry(request.app.state.runtime, principal, dead_letter_id)

    @router.post("/{dead_letter_id}:drop")
    async def drop_dead_letter(
        conn: Tx,
        principal: admin,
        dead_letter_id: UUID,
        drop: Drop,
    ) -> dict[str, Any]:
        """Give the event up for good, with a reason."""
        await _lock_open(conn, dead_letter_id)
        await deadletters.settle(conn, dead_letter_id, "dropped", principal.subject, drop.reason)
        await audit.record(conn, principal, "drop", "dead_letter", str(dead_letter_id), reason=drop.reason)
        return {"dead_letter_id": dead_letter_id, "state": "dropped"}

    return router


async def _lock_open(conn: Connection, dead_letter_id: UUID) -> DeadLetter:
    letter = await deadletters.find(conn, dead_letter_id, lock=True)
    if letter is None:
        raise not_found("dead letter", dead_letter_id)
    if letter.state != "open":
        raise Problem(409, "dead-letter-settled", f"This dead letter was {letter.state} already.")
    return letter


def _subscription(runtime: Runtime, group: str) -> Subscription:
    for subscription in runtime.service.subscriptions:
        if subscription.group == group:
            return subscription
    raise Problem(409, "consumer-unknown", f"There is no consumer {group} any more.")


async def _retry(runtime: Runtime, principal: Principal, dead_letter_id: UUID) -> dict[str, Any]:
    try:
        async with transaction(runtime.pool) as conn:
            letter = await _lock_open(conn, dead_letter_id)
            if letter.consumer == deadletters.RELAY:
                await deadletters.publish_again(conn, letter)
            else:
                await deadletters.apply_again(conn, letter, _subscription(runtime, letter.consumer))
            await deadletters.settle(conn, dead_letter_id, "retried", principal.subject, None)
            await audit.record(conn, principal, "retry", "dead_letter", str(dead_letter_id))
    except Exception as error:
        if as_problem(error) is not None and not isinstance(error, ValueError):
            raise
        async with transaction(runtime.pool) as conn:
            await deadletters.note_attempt(conn, dead_letter_id, str(error) or type(error).__name__)
        raise Problem(409, "still-failing", f"The event still cannot be applied: {error}") from error
    runtime.wake_relay()
    return {"dead_letter_id": dead_letter_id, "state": "retried"}
