"""From the 201 in the till's hands to the stock row changed, with the whole system at work.

The 201 is noted by the load generator with the machine's clock. The commit of the stock change is what
PostgreSQL itself noted for the transaction (track_commit_timestamp), with the same clock: nothing polls and
nothing is in the way. PostgreSQL takes that stamp just before it flushes the commit record, so the mean time
of a WAL flush during the run (pg_stat_io) is added to every figure.

The targets are milliseconds, so what the machine is counts: the limit is the way of one event alone, by the
bare clients, on the same machine while nothing else is at work, and the rate of pgbench says how fast it is.
On a slower machine the same rate is a larger share of it, and what is measured is a queue for the processor;
so sales come a second time at the share of pgbench's rate that the targets' rate was of it.
"""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

import asyncpg
import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benchmarks import events, pgbench
from benchmarks.load import Answer, Outcome
from benchmarks.pipeline import inventory_database
from benchmarks.report import Result
from benchmarks.system import Database, System, until
from benchmarks.till import Till, pos_database, till
from humidor_common.messaging.topics import ensure_topics
from humidor_common.settings import ServiceSettings

SALES_PER_SECOND = 500
P50_MS, P99_MS = 20.0, 80.0
# What the five statements of pgbench made a second where these targets were found.
REFERENCE_PER_SECOND = 8400
LONE_EVENTS = 200


def bench_latency(system: System) -> list[Result]:
    """Sell through every process that a site runs: 500/s, and as much of this machine as 500/s was there."""
    prefix = system.new_prefix()
    inventory = inventory_database(system)
    other = pos_database(system)
    per_second = pgbench.run(other, pgbench.five_statements(), system.directory, clients=16, seconds=2)
    machine = per_second / REFERENCE_PER_SECOND
    alone_ms = asyncio.run(_alone(events.settings(system, system.new_prefix(), other.dsn)))
    # Workers first: as on a site that has been up for a minute, they relay and no HTTP process stands in.
    database = pos_database(system)
    with (
        system.process(database, "worker", prefix=prefix),
        system.process(inventory, "worker", prefix=prefix),
        system.process(inventory, "api", prefix=prefix),
        till(system, database, prefix=prefix) as pos,
    ):
        # A broker that has just started runs code that is not compiled yet.
        pos.sell_steadily(SALES_PER_SECOND, system.effort.seconds(20))
        at_full = _sell(system, inventory, pos, SALES_PER_SECOND)
        at_share = _sell(system, inventory, pos, SALES_PER_SECOND * machine)
    note = f"; pgbench makes {per_second:.0f} such sales/s here, {machine:.0%} of the machine of the targets"
    share = f"; {SALES_PER_SECOND / REFERENCE_PER_SECOND:.0%} of what pgbench makes, here as there"
    answered = f"the 201 itself in the same run, p50 {at_full.answers.p50_ms:.1f} ms"
    return [
        *_figures("stock_changed", at_full, note),
        *_figures("stock_changed_at_share", at_share, share),
        Result(
            name="pipeline.http_p99", unit="ms", value=at_full.answers.p99_ms, better="lower", note=answered
        ),
        Result(
            name="pipeline.stock_changed_against_bare",
            unit="ms",
            value=at_full.at(0.5),
            limit=alone_ms,
            better="lower",
            note="p50; limit: one event alone, through Kafka to a flushed commit, by the bare clients",
        ),
    ]


class _Sold(NamedTuple):
    """Sales at one rate: their answers, and the sorted milliseconds from each answer to the stock."""

    answers: Outcome
    waits: list[float]
    flush_ms: float

    def at(self, share: float) -> float:
        return self.waits[int(share * len(self.waits))] + self.flush_ms


def _sell(system: System, inventory: Database, pos: Till, per_second: float) -> _Sold:
    log = system.directory / "answers.json"
    system.checkpoint()
    time.sleep(1)
    inventory.execute("SELECT pg_stat_reset_shared('io')")
    began = inventory.execute("SELECT clock_timestamp()")
    answers = pos.sell_steadily(per_second, system.effort.seconds(20), log=str(log))
    flush_ms = inventory.number(
        "SELECT sum(fsync_time) / nullif(sum(fsyncs), 0) FROM pg_stat_io WHERE object = 'wal'"
    )
    return _Sold(answers, _waits(inventory, began, log), flush_ms)


def _figures(name: str, sold: _Sold, note: str) -> Iterator[Result]:
    said = (
        f"Poisson, {sold.answers.per_second:.0f} sales/s, {len(sold.waits)} sales; p50 {sold.at(0.5):.1f},"
        f" p99 {sold.at(0.99):.1f}, worst {sold.waits[-1] + sold.flush_ms:.0f} ms, {sold.flush_ms:.2f} ms of"
        f" them for the flush"
    )
    for each, share, target in (("p50", 0.5, P50_MS), ("p99", 0.99, P99_MS)):
        yield Result(
            name=f"pipeline.{name}_{each}",
            unit="ms",
            value=sold.at(share),
            better="lower",
            target=target,
            note=said + note,
        )


async def _alone(options: ServiceSettings) -> float:
    """Send rows through Kafka one by one and commit what comes out; gives the median in milliseconds."""
    (topic,) = await ensure_topics(options, ["alone"])
    servers = options.kafka_bootstrap_servers
    conn = await asyncpg.connect(options.pg_dsn)
    await conn.execute("CREATE TABLE alone (n integer PRIMARY KEY, body text)")
    waits = []
    async with (
        AIOKafkaProducer(bootstrap_servers=servers, acks="all") as producer,
        AIOKafkaConsumer(topic, bootstrap_servers=servers, auto_offset_reset="earliest") as consumer,
    ):
        for n in range(LONE_EVENTS):
            await conn.execute("INSERT INTO alone VALUES ($1, $2)", n, "x" * 500)
            began = time.perf_counter()
            await producer.send_and_wait(topic, b"x" * 500)
            await consumer.getone()
            await conn.execute("UPDATE alone SET body = $2 WHERE n = $1", n, "y" * 500)
            waits.append((time.perf_counter() - began) * 1000)
    await conn.close()
    return median(waits)


def _waits(inventory: Database, began: str, log: Path) -> list[float]:
    """Give, sorted, the milliseconds from each answer to the commit of its change of stock."""
    answers = msgspec.json.decode(log.read_bytes(), type=list[Answer])
    until(lambda: len(_committed(inventory, began)) >= len(answers), within_seconds=60, poll_seconds=1)
    committed = _committed(inventory, began)
    return sorted((committed[answer.sale_id] - answer.at) * 1000 for answer in answers)


def _committed(inventory: Database, began: str) -> dict[str, float]:
    rows = inventory.execute(f"""
        SELECT document_id || ' ' || extract(epoch FROM pg_xact_commit_timestamp(xmin)) FROM sale_documents
         WHERE recorded_at > '{began}'
    """)  # noqa: S608 - made of constants
    return {row.split()[0]: float(row.split()[1]) for row in rows.splitlines()}
