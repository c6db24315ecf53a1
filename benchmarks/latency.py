"""From the 201 in the till's hands to the stock row changed, with the whole system at work.

The 201 is noted by the load generator with the machine's clock. The commit of the stock change is what
PostgreSQL itself noted for the transaction (track_commit_timestamp), with the same clock: nothing polls and
nothing is in the way. PostgreSQL takes that stamp just before it flushes the commit record, so the mean time
of a WAL flush during the run (pg_stat_io) is added to every figure.

The targets are milliseconds, so what the machine is counts: the limit is the way of one event alone, by the
bare clients, on the same machine while nothing else is at work, and the rate of pgbench says how fast it is.
"""

import asyncio
import time
from pathlib import Path
from statistics import median

import asyncpg
import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benchmarks import events, pgbench
from benchmarks.load import Answer
from benchmarks.pipeline import inventory_database
from benchmarks.report import Result
from benchmarks.system import Database, System, until
from benchmarks.till import pos_database, till
from humidor_common.messaging.topics import ensure_topics
from humidor_common.settings import ServiceSettings

SALES_PER_SECOND = 500
P50_MS, P99_MS = 20.0, 80.0
# What the five statements of pgbench made a second where these targets were found.
REFERENCE_PER_SECOND = 8400
LONE_EVENTS = 200


def bench_latency(system: System) -> list[Result]:
    """Sell at 500/s through every process that a site runs."""
    prefix = system.new_prefix()
    inventory = inventory_database(system)
    other = pos_database(system)
    per_second = pgbench.run(other, pgbench.five_statements(), system.directory, clients=16, seconds=2)
    alone_ms = asyncio.run(_alone(events.settings(system, system.new_prefix(), other.dsn)))
    log = system.directory / "answers.json"
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
        system.checkpoint()
        time.sleep(1)
        inventory.execute("SELECT pg_stat_reset_shared('io')")
        began = inventory.execute("SELECT clock_timestamp()")
        outcome = pos.sell_steadily(SALES_PER_SECOND, system.effort.seconds(20), log=str(log))
        flush_ms = inventory.number(
            "SELECT sum(fsync_time) / nullif(sum(fsyncs), 0) FROM pg_stat_io WHERE object = 'wal'"
        )
        waits = _waits(inventory, began, log)
    shares = {
        name: waits[int(share * len(waits))] + flush_ms for name, share in (("p50", 0.5), ("p99", 0.99))
    }
    note = (
        f"Poisson, {outcome.per_second:.0f} sales/s, {len(waits)} sales; p50 {shares['p50']:.1f}, p99"
        f" {shares['p99']:.1f}, worst {waits[-1] + flush_ms:.0f} ms, {flush_ms:.2f} ms of them for the flush"
        f"; pgbench makes {per_second:.0f} such sales/s here, {per_second / REFERENCE_PER_SECOND:.0%} of the"
        f" machine of the targets"
    )
    targets = {"p50": P50_MS, "p99": P99_MS}
    figures = [
        Result(
            name=f"pipeline.stock_changed_{name}",
            unit="ms",
            value=shares[name],
            better="lower",
            target=target,
            note=note,
        )
        for name, target in targets.items()
    ]
    note = f"the 201 itself in the same run, p50 {outcome.p50_ms:.1f} ms"
    answered = Result(name="pipeline.http_p99", unit="ms", value=outcome.p99_ms, better="lower", note=note)
    alone = Result(
        name="pipeline.stock_changed_against_bare",
        unit="ms",
        value=shares["p50"],
        limit=alone_ms,
        better="lower",
        note="p50; limit: one event alone, through Kafka to a flushed commit, by the bare clients",
    )
    return [*figures, answered, alone]


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
