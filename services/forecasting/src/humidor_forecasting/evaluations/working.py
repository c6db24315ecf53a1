"""Evaluates promotions for as long as the worker lives: those asked for, and by itself those that ended."""

import asyncio
import zlib
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from humidor_common.clock import utc_now
from humidor_common.db.failures import DATABASE_ERRORS, TRANSIENT
from humidor_common.db.pool import Connection, Pool
from humidor_common.db.transaction import transaction
from humidor_common.engine.work import WorkFailed
from humidor_common.messaging import outbox
from humidor_common.telemetry.logs import get_logger
from humidor_forecasting.evaluations import helper, queries, service
from humidor_forecasting.evaluations.gathering import Defaults, Gathered, gather
from humidor_forecasting.evaluations.queries import Job
from humidor_forecasting.evaluations.telling import document, to_event
from humidor_forecasting.runs.queries import LeaseLost
from humidor_forecasting.settings import ForecastingSettings
from humidor_forecasting.uplift.wording import reason
from humidor_forecasting.uplift.work import EvaluationOutput, Step

POLL_SECONDS = 2.0
LOOK_FOR_ENDED_SECONDS = 600.0
LEASE = timedelta(seconds=60)
AFTER_DAYS = 14

log = get_logger(__name__)


class Evaluator:
    """Takes evaluations one after the other; one whose worker died is begun anew when its lease has ended."""

    def __init__(
        self,
        pool: Pool,
        settings: ForecastingSettings,
        wake_relay: Callable[[], None],
        *,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._pool = pool
        self._settings = settings
        self._wake_relay = wake_relay
        self._clock = clock
        self._looked: datetime | None = None

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                await self.schedule()
                done = await self.work_once()
            except DATABASE_ERRORS as error:
                done = False
                log.warning("no evaluation carried on", extra={"error": repr(error)})
            if not done:
                await asyncio.sleep(POLL_SECONDS)

    async def schedule(self) -> None:
        """Every ten minutes, queue promotions whose days of waiting are over."""
        now, wait_days = self._clock(), self._settings.forecasting_evaluate_after_days
        if wait_days < 0 or (self._looked and (now - self._looked).total_seconds() < LOOK_FOR_ENDED_SECONDS):
            return
        async with transaction(self._pool) as conn:
            await service.start_due(conn, wait_days, now=now)
        self._looked = now

    async def work_once(self) -> bool:
        """Carry out one evaluation; gives whether there was one."""
        async with transaction(self._pool) as conn:
            job = await queries.claim(conn, lease=LEASE, now=self._clock())
        if job is None:
            return False
        try:
            await self._carry_out(job)
        except LeaseLost:
            log.info("an evaluation was cancelled or taken over", extra={"job": str(job.evaluation_id)})
        except TRANSIENT:
            raise  # the lease ends, and it is begun anew
        except Exception as error:
            log.exception("an evaluation failed", extra={"job": str(job.evaluation_id)})
            detail = str(error) if isinstance(error, WorkFailed) else repr(error)
            async with transaction(self._pool) as conn:
                await queries.end(conn, job, "failed", detail[:500], [self._clock()])
        return True

    async def _carry_out(self, job: Job) -> None:
        seen_at = self._clock()
        wait_days = self._settings.forecasting_evaluate_after_days
        defaults = Defaults(
            wait_days if wait_days >= 0 else AFTER_DAYS, self._settings.forecasting_margin_percent
        )
        async with transaction(self._pool) as conn:
            gathered = await gather(conn, job, defaults, now=seen_at)
        if gathered.given is None:
            refused = reason(gathered.refusal or "no-stores")
            output = EvaluationOutput(method=None, trusted=False, reasons=[refused])
        else:
            output = await helper.ask(
                gathered.given,
                lambda step: self._heed(job, step),
                seconds=self._settings.forecasting_seconds_per_evaluation,
            )
        async with transaction(self._pool) as conn:
            await self._write(conn, job, gathered, output, seen_at)
        self._wake_relay()

    async def _heed(self, job: Job, step: Step | None) -> None:
        """Show how far it is, and stop where it was cancelled.

        Raises:
            LeaseLost: It is not ours any more.
        """
        stage = (step.stage, step.share_done) if step else None
        async with transaction(self._pool) as conn:
            held = await queries.tell_stage(conn, job, stage, lease=LEASE, now=self._clock())
        if not held:
            raise LeaseLost

    async def _write(
        self, conn: Connection, job: Job, gathered: Gathered, output: EvaluationOutput, seen_at: datetime
    ) -> None:
        """Keep what came out, and tell it; of evaluations of a promotion the last written is newest."""
        await queries.lock_promotion(conn, job.promotion_id)
        now, given, promoted = self._clock(), gathered.given, gathered.promoted
        cut = zlib.compress(msgspec.json.encode(given), 6) if given else None
        version = promoted.version if promoted else None
        made = [now, seen_at, output.method, output.trusted, document(given, output), cut, version]
        if not await queries.end(conn, job, "done", None, made):
            raise LeaseLost
        if given and promoted:
            event = to_event(job.evaluation_id, promoted, given, output, (seen_at, now))
            await outbox.append(conn, [event] if event else [])
