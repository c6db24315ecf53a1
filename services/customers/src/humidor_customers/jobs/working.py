"""Does jobs for as long as the worker lives, one after the other."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from humidor_common.clock import utc_now
from humidor_common.db.failures import DATABASE_ERRORS, TRANSIENT
from humidor_common.db.pool import Pool
from humidor_common.db.transaction import transaction
from humidor_common.engine.calling import call, call_heard
from humidor_common.engine.work import EngineLost, WorkFailed
from humidor_common.runtime import beside
from humidor_common.telemetry.logs import get_logger
from humidor_customers.hearing import Heard, part
from humidor_customers.jobs import queries
from humidor_customers.jobs.queries import EVERY, MOST_TRIES, Claimed, Lane

POLL_SECONDS = 1.0
BEAT_SECONDS = 5.0

T = TypeVar("T")
log = get_logger(__name__)


class Undoable(Exception):  # noqa: N818 - reads as what has happened
    """A job cannot be done as things stand; its code and detail are for whoever asked for it."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Cancelled(Exception):  # noqa: N818 - reads as what has happened
    """Somebody ended the job, or another worker has it now."""


@dataclass
class Job:
    """A job under way, for the handler of its kind.

    `parameters` are those of the request. A handler reads and writes by transactions of its own, says now
    and then how far it is, and writes its outcome in one transaction that begins with `keep`.
    """

    pool: Pool
    claimed: Claimed
    dask_address: str | None = None
    lost: bool = False
    progress: float = 0.0
    stage: str = ""

    @property
    def parameters(self) -> dict[str, Any]:
        return self.claimed.parameters

    def say(self, progress: float, stage: str) -> None:
        """Say how far it is (0 to 1), and what is being done; also from a thread.

        Raises:
            Cancelled: There is no need to go on.
        """
        self.progress, self.stage = progress, stage
        if self.lost:
            raise Cancelled

    def hearing(self, stage: str, begin: float, end: float) -> Heard:
        """Give what hears the share of a stage that is done; it takes the progress from `begin` to `end`."""
        return part(lambda progress: self.say(progress, stage), begin, end)

    async def calculate(self, function: Callable[..., T], *arguments: Any) -> T:
        """Let something calculate in a thread or on the cluster, so that the worker goes on consuming.

        Raises:
            Undoable: Workers of the cluster died of it, one after the other.
            EngineLost: The cluster is away.
        """
        self.say(self.progress, self.stage)
        try:
            return await call(self.dask_address, function, *arguments)
        except WorkFailed as error:
            raise _died(error) from error

    async def calculate_heard(self, until: float, function: Callable[..., T], *arguments: Any) -> T:
        """Calculate, as `calculate` does, what says by its last argument which share of it is done.

        The progress goes from what it is to `until`.

        Raises:
            Cancelled: There was no need to go on; it ended when it next said how far it was.
        """
        heard = self.hearing(self.stage, self.progress, until)
        try:
            return await call_heard(self.dask_address, heard, function, *arguments)
        except WorkFailed as error:
            raise _died(error) from error

    async def keep(self, conn: Any) -> None:
        """Make sure, for the rest of a transaction, that the outcome of the job is wanted.

        Raises:
            Cancelled: It is not.
        """
        if not await queries.hold(conn, self.claimed):
            raise Cancelled

    async def beat(self) -> None:
        """Tell progress and keep the lease until cancelled."""
        while not self.lost:
            await asyncio.sleep(BEAT_SECONDS)
            await self.tell()

    async def tell(self) -> None:
        try:
            async with transaction(self.pool) as conn:
                ours = await queries.beat(conn, self.claimed, self.progress, self.stage, now=utc_now())
        except DATABASE_ERRORS as error:
            log.warning("a job could not tell how far it is", extra={"error": repr(error)})
        else:
            self.lost = not ours


def _died(error: WorkFailed) -> Undoable:
    return Undoable("workers-died", f"On the cluster {error}.")


Handler = Callable[[Job], Awaitable[Mapping[str, Any]]]


async def keep_jobs(
    pool: Pool, handlers: Mapping[str, Handler], lane: Lane = EVERY, *, dask_address: str | None = None
) -> None:
    """Do jobs until cancelled; a lane of their own keeps quick ones from waiting for long ones."""
    while True:
        try:
            done = await work_once(pool, handlers, lane, dask_address=dask_address)
        except (*DATABASE_ERRORS, EngineLost) as error:
            done = False
            log.warning("no job done", extra={"error": repr(error)})
        await asyncio.sleep(0 if done else POLL_SECONDS)


async def work_once(
    pool: Pool, handlers: Mapping[str, Handler], lane: Lane = EVERY, *, dask_address: str | None = None
) -> bool:
    """Do the job that is due longest; gives whether there was one.

    A worker that dies leaves its job to whoever comes when the lease has ended; it begins anew then, three
    times at most.
    """
    async with transaction(pool) as conn:
        await queries.forget_old(conn, now=utc_now())
        claimed = await queries.claim(conn, lane, now=utc_now())
    if claimed is None:
        return False
    job = Job(pool, claimed, dask_address)
    outcome: Mapping[str, Any] | tuple[str, str] | None
    try:
        async with beside(job.beat()):
            outcome = await _do(job, handlers)
    except (*TRANSIENT, EngineLost):
        log.warning("a job waits for the database or cluster", extra={"job_id": str(claimed.job_id)})
        raise  # the lease ends, and the job begins anew
    if outcome is not None:
        async with transaction(pool) as conn:
            await queries.end(conn, claimed, outcome, now=utc_now())
    return True


async def _do(job: Job, handlers: Mapping[str, Handler]) -> Mapping[str, Any] | tuple[str, str] | None:
    """Give the result, what failed, or None where nobody wants to know any more."""
    handler = handlers.get(job.claimed.kind)
    if handler is None:
        return ("unknown-kind", f"nobody does {job.claimed.kind!r}")
    if job.claimed.lease > MOST_TRIES:
        return ("gave-up", f"it was begun {MOST_TRIES} times and never ended")
    try:
        return await handler(job)
    except Cancelled:
        log.info("a job was ended", extra={"job_id": str(job.claimed.job_id)})
        return None
    except Undoable as error:
        return (error.code, error.detail)
    except (*TRANSIENT, EngineLost):
        raise
    except Exception as error:
        log.exception("a job failed", extra={"job_id": str(job.claimed.job_id)})
        return ("internal", f"{type(error).__name__}: see the log")
