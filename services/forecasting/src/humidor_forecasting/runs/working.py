"""Carries runs out for as long as the worker lives; what one leaves half done, another goes on with."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import TypeAlias

from humidor_common.clock import utc_now
from humidor_common.db.failures import DATABASE_ERRORS, TRANSIENT
from humidor_common.db.pool import Pool
from humidor_common.db.transaction import transaction
from humidor_common.ending import end
from humidor_common.engine.work import Engine, EngineLost, engine
from humidor_common.telemetry.logs import get_logger
from humidor_forecasting.challengers.service import stand_in_where_chosen
from humidor_forecasting.choosing.work import SeriesInput
from humidor_forecasting.forecasts.issuing import Made, issue
from humidor_forecasting.runs import queries, service
from humidor_forecasting.runs.asking import TARGET, Answer, ask_series
from humidor_forecasting.runs.gathering import gather
from humidor_forecasting.runs.queries import LeaseLost, Run
from humidor_forecasting.settings import ForecastingSettings

Pair: TypeAlias = tuple[str, str]
POLL_SECONDS = 1.0
PIECE = 60
PROLONG_SECONDS = 15.0

log = get_logger(__name__)


class Worker:
    """Takes runs one after the other and forecasts their series, a piece in a transaction.

    A worker that dies leaves its run to whoever comes when the lease has ended: series whose forecasts were
    written are done, the others wait. So none is lost and none is issued twice.
    """

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

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                await self._schedule()
                done = await self.work_once()
            except (*DATABASE_ERRORS, EngineLost) as error:
                done = False
                log.warning("no run carried on", extra={"error": repr(error)})
            if not done:
                await asyncio.sleep(POLL_SECONDS)

    async def _schedule(self) -> None:
        now = self._clock()
        if now.hour == self._settings.forecasting_schedule_hour:
            async with transaction(self._pool) as conn:
                settings = self._settings
                await service.start_scheduled(
                    conn,
                    settings.forecasting_horizon_days,
                    whole_every_days=settings.forecasting_whole_every_days,
                    now=now,
                )

    async def work_once(self) -> bool:
        """Carry on with one run until it ends; gives whether there was one."""
        async with transaction(self._pool) as conn:
            run = await queries.claim(conn, now=self._clock())
        if run is None:
            return False
        try:
            await self._carry_out(run)
        except LeaseLost:
            log.info("a run was cancelled or taken over", extra={"run_id": str(run.run_id)})
        except (*TRANSIENT, EngineLost):
            raise  # the lease ends, and the run goes on where it was
        except Exception as error:
            log.exception("a run failed", extra={"run_id": str(run.run_id)})
            await self._end(run, "failed", repr(error)[:300])
        else:
            await self._end(run, "done", None)
        return True

    async def _carry_out(self, run: Run) -> None:
        """Forecast until no series waits; the end, or the loss of the run, ends both tasks."""
        tasks = [asyncio.create_task(self._forecast(run)), asyncio.create_task(self._keep(run))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await end(tasks)

    async def _forecast(self, run: Run) -> None:
        settings = self._settings
        async with engine(
            TARGET, processes=settings.forecasting_processes, dask_address=settings.dask_address
        ) as working:
            while await self._piece(run, working):
                self._wake_relay()

    async def _keep(self, run: Run) -> None:
        """Keep the run ours while its series are forecast; one that was cancelled stops at once.

        Raises:
            LeaseLost: It is not ours any more.
        """
        while True:
            await asyncio.sleep(PROLONG_SECONDS)
            async with transaction(self._pool) as conn:
                held = await queries.prolong(conn, run, now=self._clock())
            if not held:
                raise LeaseLost

    async def _piece(self, run: Run, working: Engine) -> bool:
        """Forecast and write some of the series that wait; False where none does."""
        async with transaction(self._pool) as conn:
            await queries.hold(conn, run)
            pairs = await queries.waiting(conn, run, max(PIECE, 2 * working.width))
            given = await gather(
                conn, run, pairs, seconds_per_model=self._settings.forecasting_seconds_per_model
            )
        if not pairs:
            return False
        answers = await self._ask_all(given, working)
        await self._write(run, pairs, given, answers)
        return True

    async def _ask_all(
        self, given: Mapping[Pair, tuple[SeriesInput, date]], working: Engine
    ) -> dict[Pair, Answer]:
        left = list(given)[::-1]
        answers: dict[Pair, Answer] = {}

        async def work() -> None:
            while left:
                pair = left.pop()
                answers[pair] = await ask_series(
                    working, given[pair][0], seconds=self._settings.forecasting_seconds_per_series
                )

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(working.width):
                    group.create_task(work())
        except ExceptionGroup as several:
            raise several.exceptions[0] from several
        return answers

    async def _write(
        self,
        run: Run,
        pairs: Sequence[Pair],
        given: Mapping[Pair, tuple[SeriesInput, date]],
        answers: Mapping[Pair, Answer],
    ) -> None:
        now = self._clock()
        made = [
            Made(*given[pair], answer.output)
            for pair in pairs
            if (answer := answers.get(pair)) and answer.output
        ]
        rows = [_outcome(pair, answers.get(pair)) for pair in pairs]
        async with transaction(self._pool) as conn:
            await queries.hold(conn, run)
            made = await stand_in_where_chosen(conn, made, now=now)
            await issue(conn, run.run_id, made, data_until=run.data_until, versions=run.versions, now=now)
            columns = [list(column) for column in zip(*rows, strict=True)]
            await queries.save_progress(conn, run, columns, now=now)

    async def _end(self, run: Run, state: str, detail: str | None) -> None:
        async with transaction(self._pool) as conn:
            await queries.settle(conn, run, state, detail, now=self._clock())
        self._wake_relay()


def _outcome(
    pair: Pair, answer: Answer | None
) -> tuple[str, str, str, str | None, bool | None, str | None, float | None]:
    if answer is None:
        return *pair, "failed", None, None, "there is no whole day of demand yet", None
    if answer.output is None:
        return *pair, "failed", None, None, answer.failure, answer.seconds
    output = answer.output
    detail = "; ".join([*output.reasons[:1], *output.notes])[:1000] if output.fell_back else None
    return *pair, "done", output.model, output.fell_back, detail, answer.seconds
