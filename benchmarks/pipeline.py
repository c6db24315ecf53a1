"""Relay and consumer: how fast a backlog goes through each of them, in one process on one core."""

import asyncio
from contextlib import ExitStack
from statistics import median

from benchmarks import events, shop
from benchmarks.report import Result
from benchmarks.system import Database, System, until
from benchmarks.till import in_turn, pos_database, till
from humidor_common.db.pool import create_pool
from humidor_common.db.transaction import transaction
from humidor_common.messaging import inbox
from humidor_common.messaging.kafka import make_consumer
from humidor_common.messaging.subscription import decode

TOPIC = "pos.sale.v1"
DRAIN_SECONDS = 180


def inventory_database(system: System) -> Database:
    """Make a database of inventory with products, stores and stock."""
    return system.database("humidor_inventory", shop.fill_inventory)


def bench_relay(system: System) -> list[Result]:
    """Drain an outbox that pos filled while there was no broker."""
    http, relayed = [], []
    for _ in range(system.effort.rounds):
        database = pos_database(system)
        with till(system, database) as pos:
            http.append(pos.sell(64, system.effort.seconds(4)).per_second)
            pos.sell_batches(4, system.effort.seconds(4))
        relayed.append(_drain_outbox(system, database))
    note = "one process, backlog of real events; limit: single sales over HTTP, 64 connections, same run"
    return [
        Result(
            name="relay.drain",
            unit="events/s",
            value=median(relayed),
            limit=median(http),
            target=1.0,
            note=note,
        )
    ]


def _drain_outbox(system: System, database: Database) -> float:
    """Give the rate by the moments at which the first and the last record were made."""
    system.checkpoint()
    waiting = database.number("SELECT count(*) FROM outbox")
    prefix = system.new_prefix()
    with system.process(database, "worker", prefix=prefix):
        until(lambda: database.number("SELECT count(*) FROM outbox") == 0, within_seconds=DRAIN_SECONDS)
    seen = events.look(system, prefix)
    if seen.records != waiting:
        raise RuntimeError(f"{waiting:.0f} events were waiting, {seen.records} were published")
    return seen.records / (seen.last_ms - seen.first_ms) * 1000


def bench_consumer(system: System) -> list[Result]:
    """Take a backlog of sales off the stock, by one worker, by two, and by one transaction for each event."""
    backlog = system.effort.many(40_000)
    empty = inventory_database(system)
    with till(system) as pos:
        found = in_turn(
            system,
            http=lambda: pos.sell(64, system.effort.seconds(3)).per_second,
            one=lambda: consume(system, system.copy(empty), backlog),
            single=lambda: _consume_singly(system, system.copy(empty)),
        )
    two, deadlocks = _consume_by_two(system, system.copy(empty), backlog)
    note = "one worker, batches, 3 lines an event, hot products; limit: "
    return [
        Result(
            name="consumer.inventory",
            unit="events/s",
            value=found["one"],
            limit=found["http"],
            target=1.0,
            note=note + "single sales over HTTP, 64 connections",
        ),
        Result(
            name="consumer.inventory_against_singly",
            unit="events/s",
            value=found["one"],
            limit=found["single"],
            target=10.0,
            note=note + "the same code with one transaction for each event",
        ),
        Result(
            name="consumer.inventory_two_workers",
            unit="events/s",
            value=two,
            limit=found["one"],
            note="limit: one worker; both share the two cores with PostgreSQL and Kafka",
        ),
        Result(
            name="consumer.deadlocks",
            unit="deadlocks",
            value=deadlocks,
            better="lower",
            target=0,
            note="PostgreSQL's count, two workers, hot products; stock right to the stick",
        ),
    ]


def consume(
    system: System, database: Database, backlog: int, *, workers: int = 1, settled: bool = False
) -> float:
    """Publish a backlog, start workers, and give the rate between the first batch and the last.

    With `settled` it is that of the second half: the first writes each page anew that it touches for the
    first time after a checkpoint, and a ledger of many sales has more of them.

    Raises:
        RuntimeError: The stock is not what the events make of it.
    """
    prefix = system.new_prefix()
    gone = shop.sticks_gone(database)
    expected = events.publish(system, prefix, backlog) + gone
    before = database.number("SELECT count(*) FROM inbox")
    database.execute("VACUUM ANALYZE inbox")
    system.checkpoint()
    began = database.execute("SELECT clock_timestamp()")
    with ExitStack() as stack:
        for _ in range(workers):
            stack.enter_context(system.process(database, "worker", prefix=prefix))
        applied = f"SELECT count(*) FROM inbox WHERE processed_at > '{began}'"  # noqa: S608
        until(lambda: database.number(applied) >= backlog, within_seconds=DRAIN_SECONDS)
    if shop.sticks_gone(database) != expected:
        raise RuntimeError(f"stock is wrong after {before + backlog:.0f} events")
    return database.number(f"""
        WITH every AS (
            SELECT processed_at, count(*) AS events, percent_rank() OVER (ORDER BY processed_at) AS place
              FROM inbox WHERE processed_at > '{began}' GROUP BY 1
        ), batches AS (
            SELECT * FROM every WHERE place >= {0.5 if settled else 0}
        ), span AS (SELECT min(processed_at) AS first, max(processed_at) AS last FROM batches)
        SELECT sum(events) / extract(epoch FROM max(last) - min(first))
          FROM batches, span WHERE processed_at < last
    """)  # noqa: S608 - made of constants


def _consume_by_two(system: System, database: Database, backlog: int) -> tuple[float, float]:
    rate = consume(system, database, backlog, workers=2)
    count = f"SELECT deadlocks FROM pg_stat_database WHERE datname = '{database.name}'"  # noqa: S608
    return rate, database.number(count)


def _consume_singly(system: System, database: Database) -> float:
    prefix = system.new_prefix()
    seconds = system.effort.seconds(5)
    events.publish(system, prefix, round(seconds * 2500))
    system.checkpoint()
    return asyncio.run(_singly(system, prefix, database, seconds))


async def _singly(system: System, prefix: str, database: Database, seconds: float) -> float:
    """Apply each event by a transaction of its own, offsets committed after each batch that was fetched."""
    from humidor_inventory.sales.consumers import SUBSCRIPTION

    options = events.settings(system, prefix, database.dsn)
    pool = await create_pool(options, name="bench-singly")
    consumer = make_consumer(options, prefix + SUBSCRIPTION.group)
    consumer.subscribe([prefix + TOPIC])
    await consumer.start()
    loop = asyncio.get_running_loop()
    applied, ends, started = 0, 0.0, 0.0
    try:
        while not ends or loop.time() < ends:
            fetched = await consumer.getmany(timeout_ms=1000, max_records=SUBSCRIPTION.max_batch)
            started = started or loop.time()
            ends = ends or started + seconds
            for record in (record for records in fetched.values() for record in records):
                received = decode({name: value.decode() for name, value in record.headers}, record.value)
                async with transaction(pool) as conn:
                    await inbox.apply_batch(conn, SUBSCRIPTION, [received])
                applied += 1
                if loop.time() > ends:
                    break
            await consumer.commit()
        return applied / (loop.time() - started)
    finally:
        await consumer.stop()
        await pool.close()
