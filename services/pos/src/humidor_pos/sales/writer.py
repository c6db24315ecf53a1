"""Group commit: sales that arrive while a transaction runs are written together by the next one."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

import asyncpg
import msgspec

from humidor_common.db.failures import DATABASE_ERRORS, OUT_OF_REACH
from humidor_common.db.pool import Connection, Pool, prepare_connection
from humidor_common.ending import end
from humidor_common.telemetry.logs import get_logger
from humidor_common.web.errors import as_problem
from humidor_common.web.problems import Problem, unavailable
from humidor_pos.facts.outcomes import Identity, Outcome, Recorded, repeated
from humidor_pos.metrics import EXCEPTIONS, FACTS, GROUP_SALES, WAITING_SALES
from humidor_pos.recording.marks import mark_closings
from humidor_pos.sales.service import EVENT
from humidor_pos.sales.statement import PreparedSale, statement
from humidor_pos.settings import PosSettings

log = get_logger(__name__)

# The statement joins small arrays with each other only. Nested loops over 256 sales and their lines would
# take 100 times as long, and planning it anew each time would cost as much as running it.
_PLANNER = {
    "enable_nestloop": "off",
    "enable_mergejoin": "off",
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
}
# Another transaction beside one that runs costs the processor as much as this many more sales in the next.
WORTH_ANOTHER_SALES = 64
# A transaction costs as much as several sales in it, and so does all that follows it on the way to the stock:
# one begins so long after the last one began, or when so many sales wait. After a rest, the first sale waits
# for nothing.
PACE_SECONDS = 0.012
WORTH_A_TRANSACTION_SALES = 8
_ACCEPTED = FACTS.labels("sale", "accepted")
_FIND = """
SELECT f.store_id, f.fact_id, f.kind, f.body_hash, f.exceptions
  FROM unnest($1::text[], $2::uuid[]) AS i(store_id, fact_id) JOIN fact_ids f USING (store_id, fact_id)
"""


class _Unit(msgspec.Struct):
    sales: Sequence[PreparedSale]
    done: "asyncio.Future[list[Outcome]]"


class SaleWriter:
    """Writes sales with a few connections of its own; `write` returns after the commit."""

    def __init__(self, settings: PosSettings, pool: Pool, wake_relay: Callable[[], None]) -> None:
        self._settings = settings
        self._pool = pool
        self._wake_relay = wake_relay
        self._queue: deque[_Unit] = deque()
        self._waiting = 0
        self._writing = 0
        self._rest: asyncio.TimerHandle | None = None
        self._arrived = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._run()) for _ in range(self._settings.pos_writers)]

    async def stop(self) -> None:
        await end(self._tasks)

    def write(self, sales: Sequence[PreparedSale]) -> "asyncio.Future[list[Outcome]]":
        """Queue the sales of one request; they are written by one transaction.

        Raises:
            Problem: 503 when too much waits already.
        """
        waiting = self._waiting + len(sales)
        if waiting > self._settings.pos_waiting_max_sales:
            raise unavailable("Too many sales are waiting to be stored.", retry_after_seconds=1)
        self._waiting = waiting
        done: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        self._queue.append(_Unit(sales, done))
        if self._has_work():
            self._arrived.set()
        return done

    async def _run(self) -> None:
        conn: asyncpg.Connection[asyncpg.Record] | None = None
        try:
            while True:
                while not self._has_work():
                    self._arrived.clear()
                    await self._arrived.wait()
                units = self._take()
                self._writing += 1
                self._begin_rest()
                try:
                    if conn is None or conn.is_closed():
                        conn = await self._connect()
                    outcomes = await self._write(conn, [sale for unit in units for sale in unit.sales])
                except Exception as error:  # noqa: BLE001 - every waiting request must get its answer
                    if conn is not None:
                        conn.terminate()
                        conn = None
                    self._fail(units, error)
                else:
                    self._answer(units, outcomes)
                finally:
                    self._writing -= 1
        finally:
            if conn is not None:
                with suppress(Exception):
                    await conn.close(timeout=2)

    def _has_work(self) -> bool:
        if not self._queue or self._waiting >= WORTH_ANOTHER_SALES:
            return bool(self._queue)
        return not self._writing and (self._rest is None or self._waiting >= WORTH_A_TRANSACTION_SALES)

    def _begin_rest(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
        self._rest = asyncio.get_running_loop().call_later(PACE_SECONDS, self._end_rest)

    def _end_rest(self) -> None:
        # It ends when the loop says so: by the clock it may be a little early, and nobody would look again.
        self._rest = None
        self._arrived.set()

    def _take(self) -> list[_Unit]:
        units = [self._queue.popleft()]
        size = len(units[0].sales)
        while self._queue and size + len(self._queue[0].sales) <= self._settings.pos_group_max_sales:
            units.append(self._queue.popleft())
            size += len(units[-1].sales)
        self._waiting -= size
        WAITING_SALES.set(self._waiting)
        return units

    def _answer(self, units: Iterable[_Unit], outcomes: Sequence[Outcome]) -> None:
        start = 0
        for unit in units:
            end = start + len(unit.sales)
            if not unit.done.done():
                unit.done.set_result(list(outcomes[start:end]))
            start = end

    def _fail(self, units: Iterable[_Unit], error: Exception) -> None:
        if as_problem(error) is None:
            log.error("sales could not be written", exc_info=error)
        for unit in units:
            if not unit.done.done():
                unit.done.set_exception(error)

    async def _connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        settings = self._settings
        try:
            conn = await asyncpg.connect(
                settings.pg_dsn,
                timeout=5,
                command_timeout=settings.pos_write_timeout_seconds,
                server_settings={"application_name": "humidor-pos-writer", "timezone": "UTC", **_PLANNER},
            )
            await prepare_connection(conn)
        except DATABASE_ERRORS as error:
            raise unavailable("The database does not answer; nothing was stored.") from error
        return conn

    async def _write(self, conn: Connection, sales: Sequence[PreparedSale]) -> list[Outcome]:
        distinct: dict[Identity, PreparedSale] = {}
        for sale in sales:
            distinct.setdefault(sale.identity, sale)
        # In the order of their ids: two writers with the same ids never wait for each other in a ring.
        ordered = [distinct[identity] for identity in sorted(distinct)]
        failed: dict[Identity, Problem] = {}
        try:
            fresh = await self._insert(conn, ordered)
        except Exception as error:
            if conn.is_closed() or _is_common(error):
                raise
            log.warning("a group of sales failed, writing them one by one", extra={"error": repr(error)})
            fresh = await self._insert_each(conn, ordered, failed)
        self._count(fresh, distinct)
        taken = [identity for identity in distinct if identity not in fresh and identity not in failed]
        recorded = await self._find([distinct[identity] for identity in taken]) if taken else {}
        recorded.update(
            (i, Recorded("sale", s.body_hash, s.exceptions)) for i, s in distinct.items() if i in fresh
        )
        outcomes = []
        for sale in sales:
            identity = sale.identity
            if identity in failed:
                outcomes.append(Outcome("rejected", problem=failed[identity]))
            elif identity in fresh and distinct[identity] is sale:
                outcomes.append(Outcome("accepted", sale.exceptions))
            else:
                outcomes.append(repeated("sale", sale.sale_id, sale.body_hash, recorded.get(identity)))
        return outcomes

    async def _insert(self, conn: Connection, sales: Sequence[PreparedSale]) -> set[Identity]:
        late = [sale for sale in sales if sale.late_for_closing]
        sql, columns = statement(sales, EVENT)
        if late:
            async with conn.transaction():
                rows = await conn.fetch(sql, *columns)
                await mark_closings(conn, [(s.store_id, s.terminal_id, s.sold_at) for s in late])
        else:
            rows = await conn.fetch(sql, *columns)
        return {(row[0], row[1].bytes) for row in rows}

    async def _insert_each(
        self, conn: Connection, sales: Sequence[PreparedSale], failed: dict[Identity, Problem]
    ) -> set[Identity]:
        fresh: set[Identity] = set()
        for sale in sales:
            try:
                fresh |= await self._insert(conn, [sale])
            except Exception as error:
                if conn.is_closed() or _is_common(error):
                    raise
                problem = as_problem(error)
                if problem is None:
                    log.exception("a sale could not be stored", extra={"sale_id": str(sale.sale_id)})
                    problem = Problem(500, "internal", "This sale could not be stored; the log says why.")
                failed[sale.identity] = problem
        return fresh

    def _count(self, fresh: set[Identity], sales: dict[Identity, PreparedSale]) -> None:
        GROUP_SALES.observe(len(sales))
        _ACCEPTED.inc(len(fresh))
        if fresh:
            self._wake_relay()
        for identity in fresh:
            for code in sales[identity].exceptions:
                EXCEPTIONS.labels(code).inc()

    async def _find(self, sales: Sequence[PreparedSale]) -> dict[Identity, Recorded]:
        columns = [sale.store_id for sale in sales], [sale.sale_id for sale in sales]
        async with self._pool.acquire(timeout=5) as conn:
            rows = await conn.fetch(_FIND, *columns)
        return {(row[0], row[1].bytes): Recorded(row[2], row[3], tuple(row[4] or ())) for row in rows}


def _is_common(error: Exception) -> bool:
    """Tell an error that would meet every sale from one that a single sale may have caused."""
    return isinstance(error, OUT_OF_REACH)
