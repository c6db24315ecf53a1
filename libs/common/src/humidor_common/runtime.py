"""What one running process of a service holds."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiokafka.errors import KafkaError

from humidor_common.auth import TokenVerifier
from humidor_common.db.failures import DATABASE_ERRORS, OUT_OF_REACH
from humidor_common.db.pool import Pool, create_pool
from humidor_common.db.transaction import transaction
from humidor_common.ending import end
from humidor_common.messaging import inbox
from humidor_common.messaging.consumer import Consumer
from humidor_common.messaging.relay import Relay
from humidor_common.messaging.topics import dead_letter_topic, ensure_topics
from humidor_common.service import Role, Service
from humidor_common.settings import ServiceSettings
from humidor_common.telemetry.logs import get_logger
from humidor_common.web import idempotency

T = TypeVar("T")
PRUNE_EVERY_SECONDS = 3600
DATABASE_PATIENCE_SECONDS = 60.0

log = get_logger(__name__)


@dataclass
class Runtime:
    """The pool, the relay and the verifier of a process, and what the service itself put there."""

    service: Service
    settings: ServiceSettings
    pool: Pool
    relay: Relay
    verifier: TokenVerifier
    consumers: list[Consumer] = field(default_factory=list)
    resources: dict[type, Any] = field(default_factory=dict)

    def wake_relay(self) -> None:
        if self.service.uses_bus:
            self.relay.wake()

    def put(self, resource: object) -> None:
        """Keep one object of its type for the life of the process."""
        self.resources[type(resource)] = resource

    def get(self, kind: type[T]) -> T:
        resource: T = self.resources[kind]
        return resource


@asynccontextmanager
async def start(service: Service, settings: ServiceSettings, role: Role) -> AsyncIterator[Runtime]:
    """Open what a process of this role needs, run its background work, and close it all in reverse."""
    async with AsyncExitStack() as stack:
        pool = await _open_pool(settings, name=f"humidor-{service.name}-{role}")
        stack.push_async_callback(_close, pool)
        relay = Relay(settings, pool, stands_in=role == "api")
        verifier = TokenVerifier(settings.jwks, issuer=settings.issuer)
        runtime = Runtime(service, settings, pool, relay, verifier)
        context = service.api_context if role == "api" else service.worker_context
        if context is not None:
            await stack.enter_async_context(context(runtime))
        await stack.enter_async_context(_background(runtime, role))
        yield runtime


async def _open_pool(settings: ServiceSettings, *, name: str) -> Pool:
    """Open the pool; a database that is just starting too is waited for."""
    until = time.monotonic() + DATABASE_PATIENCE_SECONDS
    while True:
        try:
            return await create_pool(settings, name=name)
        except OUT_OF_REACH as error:
            if time.monotonic() > until:
                raise
            log.warning("waiting for the database", extra={"error": repr(error)})
            await asyncio.sleep(1)


@asynccontextmanager
async def _background(runtime: Runtime, role: Role) -> AsyncIterator[None]:
    work = []
    if role == "worker":
        runtime.consumers = [
            Consumer(runtime.settings, runtime.pool, subscription, runtime.wake_relay)
            for subscription in runtime.service.subscriptions
        ]
        work.append(_prune(runtime.pool))
    if runtime.service.uses_bus:
        work.append(_run_bus(runtime))
    async with beside(*work):
        yield


@asynccontextmanager
async def beside(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do `work` for as long as the block lasts; what ends by a fault of its own is told in the log."""
    tasks = [asyncio.create_task(each) for each in work]
    for task in tasks:
        task.add_done_callback(_tell_fault)
    try:
        yield
    finally:
        await end(tasks)


def _tell_fault(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (fault := task.exception()) is not None:
        log.error("work has ended for good", exc_info=fault)


async def _run_bus(runtime: Runtime) -> None:
    """Relay and consume once the topics are there; a broker that is down keeps nothing else waiting."""
    while True:
        try:
            await ensure_topics(runtime.settings, _topics(runtime.service))
            break
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("waiting for the broker", extra={"error": repr(error)})
            await asyncio.sleep(1)
    async with asyncio.TaskGroup() as group:
        group.create_task(runtime.relay.run())
        for consumer in runtime.consumers:
            group.create_task(consumer.run())


def _topics(service: Service) -> set[str]:
    topics = set(service.topics)
    for subscription in service.subscriptions:
        for topic in subscription.topics:
            topics |= {topic, dead_letter_topic(topic, subscription.group)}
    return topics


async def _prune(pool: Pool) -> None:
    while True:
        await asyncio.sleep(PRUNE_EVERY_SECONDS)
        try:
            await prune(pool)
        except DATABASE_ERRORS as error:
            log.warning("pruning failed, trying again later", extra={"error": repr(error)})


async def prune(pool: Pool) -> None:
    """Forget what is too old to matter, a piece in a transaction."""
    for forget_some in (inbox.prune, idempotency.prune):
        more = True
        while more:
            async with transaction(pool) as conn:
                more = await forget_some(conn)


async def _close(pool: Pool) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(5):
            await pool.close()
            return
    pool.terminate()
