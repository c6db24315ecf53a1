"""What customer analytics costs: a million sales into profiles, a segment and lifetimes of a million of them.

Sales are taken by the consumer's own function in batches of its own size, one after the other; what counts is
the processor time of Python and of its connection in PostgreSQL, so that neighbours do not. The collector of
this process is set as that of a worker is. The limit is the bare COPY of the rows that they left, by the same
measure.
"""

import asyncio
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Self

import asyncpg
import numpy as np
import psutil

from benchmarks import customers_filling as filling
from benchmarks.customers_stages import Stages
from benchmarks.report import Result
from benchmarks.system import Database, System
from humidor_common.db.pool import Pool, prepare_connection
from humidor_common.db.transaction import transaction
from humidor_common.main import spare_the_collector
from humidor_common.messaging.inbox import apply_batch
from humidor_customers.estimates import buying, spending
from humidor_customers.estimates.buying import Customers
from humidor_customers.profiles.keeping import refresh
from humidor_customers.purchases.consumers import SUBSCRIPTION
from humidor_customers.segments import queries
from humidor_customers.segments.schemas import PreviewInput

PACKAGE = "humidor_customers"
SALES, SHORT_SALES = 1_000_000, 20_000
CUSTOMERS, SHORT_CUSTOMERS = 1_000_000, 20_000
EVENTS_PER_SECOND = 20_000.0
SEGMENT_SECONDS = 2.0
LIFETIME_SECONDS = 30.0
ROUNDS = 5

RULE = PreviewInput(
    party_kind="consumer",
    rule={
        "all": [
            {"field": "lifecycle", "in": ["active", "cooling"]},
            {"field": "value_segment", "in": ["champions", "at_risk"]},
            {"any": [{"field": "churn_risk", "at_least": 0.3}, {"field": "purchases_year", "at_least": 10}]},
        ]
    },
)


def bench_customers(system: System) -> list[Result]:
    """Measure all three; each checks that what it timed is what it says."""
    short = system.effort.short
    shop = system.database(PACKAGE, lambda _: None, kind="empty")
    sales = asyncio.run(_sales(shop, SHORT_SALES if short else SALES))
    count = SHORT_CUSTOMERS if short else CUSTOMERS
    crowd = system.database(PACKAGE, lambda _: None, kind="empty")
    return [*sales, *asyncio.run(_segment(crowd, count)), *_lifetimes(count)]


async def _sales(database: Database, count: int) -> list[Result]:
    for each in filling.SHOP.strip().split(";\n"):
        database.execute(each)
    async with asyncpg.create_pool(database.dsn, min_size=1, max_size=1, init=prepare_connection) as pool:
        meter = await _Meter.of(pool)
        stages = Stages(await pool.fetchval("SELECT pg_backend_pid()"))
        spare_the_collector()
        with stages.watched():
            taking = await _take(pool, meter, stages, count)
            await pool.execute("ANALYZE purchase_documents")
            meter.begin()
            with stages.inside():
                while await refresh(pool, consent_needed=False):
                    pass
            profiling = meter.seconds()
        bare = await _bare(pool, meter)
    rows = database.number("SELECT count(*) FROM purchases")
    profiles = database.number("SELECT count(*) FROM profiles")
    if database.number("SELECT sum(purchases) FROM profiles") < count * 0.99:
        raise RuntimeError("not every sale is in a profile")
    note = f"{count:,} sales, {rows:,.0f} lines, {profiles:,.0f} members, batches of {filling.BATCH}"
    return [
        Result(
            name="customers.sales_into_profiles",
            unit="events/s",
            value=count / (taking + profiling),
            note=f"{note}; by processor time: lines {taking:.1f} s, profiles {profiling:.1f} s",
            target=EVENTS_PER_SECOND,
        ),
        Result(
            name="customers.sales_against_copy",
            unit="s",
            value=taking + profiling,
            limit=bare,
            better="lower",
            note=f"{note}; limit: bare COPY of the same documents into the same table with its indexes",
        ),
        *stages.results(count),
    ]


async def _take(pool: Pool, meter: "_Meter", stages: Stages, count: int) -> float:
    """Take the sales, a batch a transaction; gives the seconds of processor time."""
    taking = 0.0
    for batch in filling.batches(count):
        meter.begin()
        with stages.inside():
            async with transaction(pool) as conn:
                await apply_batch(conn, SUBSCRIPTION, batch)
        taking += meter.seconds()
    return taking


class _Meter:
    """Counts the processor time of this process and of the connection's own in PostgreSQL."""

    def __init__(self, backend: psutil.Process) -> None:
        self._processes = (psutil.Process(), backend)
        self._began = 0.0

    @classmethod
    async def of(cls, pool: Pool) -> Self:
        return cls(psutil.Process(await pool.fetchval("SELECT pg_backend_pid()")))

    def begin(self) -> None:
        self._began = self._now()

    def seconds(self) -> float:
        return self._now() - self._began

    def _now(self) -> float:
        return sum(sum(each.cpu_times()[:2]) for each in self._processes)


async def _bare(pool: Pool, meter: _Meter) -> float:
    """Time the COPY of the documents into a table like theirs, with the indexes."""
    with tempfile.TemporaryDirectory(prefix="humidor-bench-") as directory:
        path = Path(directory) / "lines"
        async with pool.acquire() as conn:
            await conn.execute("SET transaction_timeout = 0")
            await conn.execute("CREATE TABLE bare (LIKE purchase_documents INCLUDING ALL)")
            await conn.copy_from_query("TABLE purchase_documents", output=path, format="binary", timeout=600)
            meter.begin()
            await conn.copy_to_table("bare", source=path, format="binary", timeout=600)
            return meter.seconds()


async def _segment(database: Database, count: int) -> list[Result]:
    for each in filling.PROFILES.replace("{count}", str(count)).strip().split(";\n"):
        database.execute(each)
    async with asyncpg.create_pool(database.dsn, min_size=1, max_size=1, init=prepare_connection) as pool:
        seconds, size = await _previews(pool)
    if not 0 < size < count:
        raise RuntimeError(f"the segment is not what was filled in: {size} of {count}")
    return [
        Result(
            name="customers.segment_preview",
            unit="s",
            value=median(seconds),
            better="lower",
            target=SEGMENT_SECONDS,
            note=f"{count:,} customers, {size:,} in it; a rule over profiles and two models' scores",
        )
    ]


async def _previews(pool: Pool) -> tuple[list[float], int]:
    seconds, size = [], 0
    for _ in range(ROUNDS):
        began = time.perf_counter()
        async with pool.acquire() as conn:
            models = await queries.models_in_force(conn, "consumer")
            size = (await queries.preview(conn, RULE.rule, "consumer", models, [])).size
        seconds.append(time.perf_counter() - began)
    return seconds, size


def _lifetimes(count: int) -> list[Result]:
    customers, means = _drawn(count)
    began = time.process_time()
    models = [buying.fit(customers, variant) for variant in ("bg", "mbg")]
    fitted = time.process_time() - began
    model = max(models, key=lambda each: each.log_likelihood)
    alive = buying.alive(model, customers)
    expected = buying.expected(model, customers, 52)
    worth = spending.value_of_purchase(spending.fit(customers.x, means), customers.x, means)
    seconds = time.process_time() - began
    if not np.isfinite([alive, expected, worth]).all() or not model.converged:
        raise RuntimeError("the models did not come out")
    return [
        Result(
            name="customers.lifetimes",
            unit="s",
            value=seconds,
            better="lower",
            target=LIFETIME_SECONDS,
            note=f"{count:,} customers: two models ({fitted:.1f} s), a year ahead, worth; processor time",
        )
    ]


def _drawn(count: int) -> tuple[Customers, "np.ndarray[tuple[int], np.dtype[np.float64]]"]:
    """Draw customers as BG/NBD has them, with days for a grid as real ones have."""
    draws = np.random.default_rng(7)
    rates, leaving = draws.gamma(0.8, 1 / 6, count), draws.beta(0.9, 3, count)
    t = draws.integers(7, 1096, count) / 7
    x, t_x, clock = np.zeros(count, dtype=np.int64), np.zeros(count), np.zeros(count)
    alive = np.ones(count, dtype=bool)
    while alive.any():
        clock += draws.exponential(1, count) / rates
        bought = alive & (clock <= t)
        x[bought] += 1
        t_x[bought] = np.floor(clock[bought] * 7) / 7
        alive = bought & (draws.random(count) >= leaving)
    return Customers(x, t_x, t), draws.gamma(4, 2500, count)
