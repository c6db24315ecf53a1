"""Single sales over HTTP against pgbench writing the same rows, and batches against its 100 a transaction."""

from benchmarks import pgbench
from benchmarks.report import Result
from benchmarks.system import Database, System
from benchmarks.till import BATCH_SALES, Till, in_turn, pos_database, till

CLIENTS = 16
# pgbench is at its best there; more clients only wait for each other.
BATCH_CLIENTS = 2
BATCH_CONNECTIONS = 8
P99_MS = 30.0


def bench_sales(system: System) -> list[Result]:
    """Measure single sales with nothing but pos and PostgreSQL on the machine."""
    seconds = system.effort.seconds(4)
    other = pos_database(system)
    with till(system) as pos:
        found = in_turn(
            system,
            five=lambda: _bench(system, other, pgbench.five_statements(), seconds),
            http_16=lambda: pos.sell(16, seconds).per_second,
            http_64=lambda: pos.sell(64, seconds).per_second,
            one=lambda: _bench(system, other, pgbench.one_statement(), seconds),
        )
        half = _half_load(system, pos, found["http_64"])
        pos.check()
    five, one = found["five"], found["one"]
    limit = f"limit: pgbench, five statements, {CLIENTS} clients"
    figures = []
    for name, target in (("http_16", 0.45), ("http_64", 0.60)):
        note = f"no relay beside it; {limit}; {found[name] / one:.0%} of one statement"
        figures.append(
            Result(
                name=f"sales.{name}", value=found[name], unit="sales/s", limit=five, target=target, note=note
            )
        )
    return [
        *figures,
        Result(
            name="sales.pgbench_one_statement",
            value=one,
            unit="sales/s",
            note=f"{CLIENTS} clients, the same rows",
        ),
        half,
    ]


def bench_whole(system: System) -> list[Result]:
    """Measure them again with relay, broker and inventory's consumer on the same cores."""
    from benchmarks.pipeline import inventory_database

    seconds = system.effort.seconds(6)
    other = pos_database(system)
    prefix = system.new_prefix()
    inventory = inventory_database(system)
    with (
        till(system, prefix=prefix) as pos,
        system.process(pos.database, "worker", prefix=prefix),
        system.process(inventory, "worker", prefix=prefix),
    ):
        found = in_turn(
            system,
            five=lambda: _bench(system, other, pgbench.five_statements(), seconds),
            http_16=lambda: pos.sell(16, seconds).per_second,
            http_64=lambda: pos.sell(64, seconds).per_second,
        )
        pos.check()
    note = "with relay, Kafka and inventory's consumer at work; limit: pgbench, five statements, alone"
    return [
        Result(
            name=f"sales.{name}_whole_system",
            value=found[name],
            unit="sales/s",
            limit=found["five"],
            note=note,
        )
        for name in ("http_16", "http_64")
    ]


def bench_batch(system: System) -> list[Result]:
    """Measure batches of 100."""
    seconds = system.effort.seconds(4)
    script = pgbench.one_transaction(BATCH_SALES)
    other = pos_database(system)
    with till(system) as pos:
        found = in_turn(
            system,
            pgbench=lambda: pgbench.run(
                other, script, system.directory, clients=BATCH_CLIENTS, seconds=seconds
            ),
            http=lambda: pos.sell_batches(BATCH_CONNECTIONS, seconds).per_second,
        )
        pos.check()
    note = (
        f"{BATCH_CONNECTIONS} connections; limit: pgbench, {BATCH_SALES} sales made in the server by one"
        f" statement, {BATCH_CLIENTS} clients"
    )
    rate, limit = found["http"] * BATCH_SALES, found["pgbench"] * BATCH_SALES
    return [Result(name="sales.batch_100", value=rate, unit="sales/s", limit=limit, target=0.40, note=note)]


def _bench(system: System, database: Database, script: str, seconds: float) -> float:
    return pgbench.run(database, script, system.directory, clients=CLIENTS, seconds=seconds)


def _half_load(system: System, pos: Till, highest: float) -> Result:
    seconds = system.effort.seconds(6)
    outcomes = [pos.sell_steadily(highest / 2, seconds) for _ in range(system.effort.rounds)]
    half = sorted(outcomes, key=lambda outcome: outcome.p99_ms)[len(outcomes) // 2]
    note = f"Poisson, {half.per_second:.0f}/s, p50 {half.p50_ms:.1f} ms; counted from when each was due"
    return Result(
        name="sales.p99_half_load", value=half.p99_ms, unit="ms", better="lower", target=P99_MS, note=note
    )
