"""Sends what is due for as long as the worker runs."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta

import httpx

from humidor_common.clock import utc_now
from humidor_common.db.failures import DATABASE_ERRORS
from humidor_common.db.pool import Pool
from humidor_common.db.transaction import transaction
from humidor_common.delivery import claims
from humidor_common.delivery.channels import Claimed, new_client, send
from humidor_common.delivery.retries import Outcome, delay
from humidor_common.delivery.settings import DeliverySettings
from humidor_common.ending import end
from humidor_common.telemetry.logs import get_logger
from humidor_common.telemetry.metrics import DELIVERIES

AT_ONCE = 16
AT_ONCE_TO_ONE_TARGET = 4
POLL_SECONDS = 1.0
PRUNE_EVERY = timedelta(hours=1)
_NOBODY = Outcome(result="refused", detail="this service has no way of its own to send")

Own = Callable[[httpx.AsyncClient, Claimed], Awaitable[Outcome]]
"""Sends a message of the channel `own`; what goes wrong is in the outcome, and nothing personal is."""

log = get_logger(__name__)


class Sender:
    """Takes due messages and sends some at once, outside of any transaction.

    A target that hangs holds no more than four places, so it keeps nothing else waiting. A worker that dies
    leaves its messages to whoever comes when their lease has ended; they go out again under the same id.
    Messages of the channel `own` are sent by `own`: a service that must not leave addresses or texts among
    the deliveries puts in no more than whom or what it is about.
    """

    def __init__(
        self,
        pool: Pool,
        settings: DeliverySettings,
        *,
        own: Own | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._pool = pool
        self._settings = settings
        self._own = own
        self._clock = clock
        self._under_way: dict[asyncio.Task[None], str] = {}
        self._pruned_at = clock()

    async def run(self) -> None:
        """Work until cancelled; what fails is tried again."""
        async with new_client(self._settings) as client:
            try:
                while True:
                    await self._wait(1 if await self._begin_safely(client) else POLL_SECONDS)
            finally:
                await end(self._under_way)

    async def send_due(self) -> int:
        """Send everything that is due now, and give how many attempts were made."""
        made = 0
        async with new_client(self._settings) as client:
            while begun := await self._begin(client):
                made += begun
                await asyncio.gather(*self._under_way)
                self._forget_done()
        return made

    async def _begin_safely(self, client: httpx.AsyncClient) -> int:
        try:
            await self._prune()
            return await self._begin(client)
        except DATABASE_ERRORS as error:
            log.warning("no messages taken", extra={"error": repr(error)})
            return 0

    async def _begin(self, client: httpx.AsyncClient) -> int:
        """Take what there is room for, and start sending it."""
        self._forget_done()
        room = AT_ONCE - len(self._under_way)
        if not room:
            return 0
        to_each = Counter(self._under_way.values())
        now = self._clock()
        lease = timedelta(seconds=30 + 3 * self._settings.delivery_timeout_seconds)
        async with transaction(self._pool) as conn:
            claimed = await claims.claim(
                conn,
                now=now,
                lease_until=now + lease,
                busy=[target for target, tasks in to_each.items() if tasks >= AT_ONCE_TO_ONE_TARGET],
                limits=(room, AT_ONCE_TO_ONE_TARGET),
            )
        for message in claimed:
            self._under_way[asyncio.create_task(self._attempt(client, message))] = message.target
        return len(claimed)

    async def _attempt(self, client: httpx.AsyncClient, message: Claimed) -> None:
        try:
            async with asyncio.timeout(2 * self._settings.delivery_timeout_seconds):
                outcome = await self._send(client, message)
        except TimeoutError:
            outcome = Outcome(result="failed", detail="no answer in time")
        state, due_at = self._next(message, outcome)
        DELIVERIES.labels(message.channel, "retried" if state == "pending" else state).inc()
        if state != "sent":
            told = {"delivery_id": str(message.delivery_id), "state": state, "reason": outcome.detail}
            log.warning("message not delivered", extra=told)
        with suppress(*DATABASE_ERRORS):
            # What cannot be written down is sent again when the lease ends.
            async with transaction(self._pool) as conn:
                await claims.settle(conn, message, outcome, state=state, due_at=due_at, now=self._clock())

    async def _send(self, client: httpx.AsyncClient, message: Claimed) -> Outcome:
        if message.channel == "own":
            return await self._own(client, message) if self._own else _NOBODY
        return await send(client, self._settings, message, now=self._clock())

    def _next(self, message: Claimed, outcome: Outcome) -> tuple[str, datetime]:
        now = self._clock()
        if outcome.result == "sent":
            return "sent", now
        if outcome.result == "refused" or message.tries >= self._settings.delivery_attempts:
            return "parked", now
        wait = delay(
            message.tries,
            first_seconds=self._settings.delivery_first_retry_seconds,
            chance=random.random(),  # noqa: S311 - spreads retries, guards nothing
            asked_seconds=outcome.retry_after_seconds,
        )
        return "pending", now + wait

    async def _wait(self, seconds: float) -> None:
        """Wait until a place is free again, or for so long."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(seconds)

    def _forget_done(self) -> None:
        self._under_way = {task: target for task, target in self._under_way.items() if not task.done()}

    async def _prune(self) -> None:
        if self._clock() - self._pruned_at > PRUNE_EVERY:
            self._pruned_at = self._clock()
            more = True
            while more:
                async with transaction(self._pool) as conn:
                    more = await claims.prune(conn, now=self._clock())
