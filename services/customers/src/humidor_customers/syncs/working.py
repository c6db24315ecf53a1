"""Carries runs out for as long as the worker lives."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import msgspec

from humidor_common.auth.sealing import SealBroken, Sealer
from humidor_common.clock import utc_now
from humidor_common.db.failures import TRANSIENT
from humidor_common.db.keeping import keep
from humidor_common.db.pool import Pool
from humidor_common.db.transaction import transaction
from humidor_common.delivery.retries import delay
from humidor_common.telemetry.logs import get_logger
from humidor_common.web.problems import Problem
from humidor_customers.connectors import queries as connectors
from humidor_customers.connectors.schemas import options_of
from humidor_customers.connectors.service import get_connector
from humidor_customers.crm.opening import Target, open_remote
from humidor_customers.crm.remote import Access, CursorLost, RemoteBusy, RemoteError, RemoteRefused
from humidor_customers.exchange.work import start_work
from humidor_customers.settings import CustomersSettings
from humidor_customers.syncs import runs
from humidor_customers.syncs.rules import MOST_TRIES
from humidor_customers.syncs.runs import LeaseLost, Run
from humidor_customers.syncs.stepping import Job, advance

AT_ONCE = 2
POLL_SECONDS = 1.0
_FIRST_RETRY_SECONDS = 5.0

log = get_logger(__name__)


class Worker:
    """Takes due runs, one after the other, and does them step by step.

    A worker that dies leaves its run to whoever comes when the lease has ended: it goes on after the last
    step.
    """

    def __init__(
        self,
        pool: Pool,
        settings: CustomersSettings,
        wake_relay: Callable[[], None],
        *,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._pool = pool
        self._sealer = Sealer(settings.connector_keys)
        self._wake_relay = wake_relay
        self._clock = clock

    async def run(self) -> None:
        """Work until cancelled, some runs at once."""
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(keep(self.work_once, "no run carried on", every_seconds=POLL_SECONDS))

    async def work_once(self) -> bool:
        """Carry on with one run until it ends or has to wait; gives whether there was one."""
        async with transaction(self._pool) as conn:
            await runs.start_due(conn, now=self._clock())
            run = await runs.claim(conn, now=self._clock())
        if run is None:
            return False
        try:
            async with self._opened(run) as job:
                while await advance(job):
                    self._wake_relay()
        except LeaseLost:
            log.info("a run went to somebody else", extra={"run_id": str(run.run_id)})
        except (RemoteError, SealBroken) as error:
            await self._settle(run, error)
        except TRANSIENT:
            raise  # the lease ends, and the run goes on where it was
        except Problem as error:
            await self._settle(run, RemoteBusy(error.code, error.detail))
        except Exception as error:
            log.exception("a run failed", extra={"run_id": str(run.run_id)})
            await self._end(run, "failed", ("internal", f"{type(error).__name__}: see the log"))
        else:
            await self._end(run, "done")
        return True

    @asynccontextmanager
    async def _opened(self, run: Run) -> AsyncIterator[Job]:
        async with transaction(self._pool) as conn:
            connector = await get_connector(conn, run.connector_id)
            secrets, kept = await connectors.sealed(conn, run.connector_id)
        opened = self._sealer.open(run.connector_id, kept).get("access")

        async def keep(access: Access) -> None:
            text = self._sealer.seal(run.connector_id, {"access": msgspec.json.encode(access).decode()})
            async with transaction(self._pool) as conn:
                await connectors.keep_access(conn, run.connector_id, connector.version, text)

        target = Target(
            options_of(connector.kind, connector.options),
            self._sealer.open(run.connector_id, secrets),
            connector.mapping,
            msgspec.json.decode(opened, type=Access) if opened else None,
        )
        async with open_remote(target, keep, clock=self._clock) as remote:
            async with transaction(self._pool) as conn:
                work = await start_work(conn, connector, remote.codec)
            yield Job(self._pool, work, remote, run, self._clock)

    async def _settle(self, run: Run, error: RemoteError | SealBroken) -> None:
        """Let a run wait and go on later, or end it with the reason."""
        if isinstance(error, SealBroken):
            error = RemoteRefused("seal-broken", "the secrets cannot be opened with HUMIDOR_CONNECTOR_KEYS")
        told = (error.code, error.message)
        if isinstance(error, RemoteRefused) or run.tries + 1 >= MOST_TRIES:
            await self._end(run, "failed", told)
            return
        asked = error.after_seconds if isinstance(error, RemoteBusy) else None
        wait = delay(
            run.tries + 1,
            first_seconds=_FIRST_RETRY_SECONDS,
            chance=random.random(),  # noqa: S311 - spreads load
            asked_seconds=asked,
        )
        due_at = self._clock() + (timedelta() if isinstance(error, CursorLost) else wait)
        async with transaction(self._pool) as conn:
            if isinstance(error, CursorLost):
                await runs.forget_place(conn, run)
            await runs.settle(conn, run, "waiting", now=self._clock(), due_at=due_at, error=told)

    async def _end(self, run: Run, state: str, error: tuple[str, str] | None = None) -> None:
        async with transaction(self._pool) as conn:
            await runs.settle(conn, run, state, now=self._clock(), error=error)
        self._wake_relay()
