"""Whether rates fall as sales pile up: a small system and a growing one, measured in turn.

Both are measured in the same minutes, so what the machine does meanwhile is in both; the ratio is theirs.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from benchmarks import filling
from benchmarks.pipeline import consume, inventory_database
from benchmarks.report import Result
from benchmarks.system import Database, System
from benchmarks.till import in_turn, pos_database, till

BASE = 10_000
SIZES = (100_000, 1_000_000, 2_000_000)
SHORT_BASE, SHORT_SIZES = 2_000, (4_000,)
BACKLOG, SHORT_BACKLOG = 16_000, 2_500
LEAST_RATIO = 0.9
# Single runs differ by a quarter on a machine that does other things too; the median of nine hardly does.
LAST_ROUNDS = 9
UNITS = {"single": "sales/s", "batch": "sales/s", "consumer": "events/s"}
WHAT = {
    "single": "single sales, 64 connections",
    "batch": "batches of 100, 8 connections",
    "consumer": "inventory's consumer",
}


def bench_growth(system: System) -> list[Result]:
    """Give a figure for each size and each rate; the last size is the one with a target."""
    base, sizes = (SHORT_BASE, SHORT_SIZES) if system.effort.short else (BASE, SIZES)
    small = _filled(system, base)
    big = _filled(system, 0)
    results: list[Result] = []
    stored = 0
    for size in sizes:
        _fill(big, size - stored, done=stored)
        stored = size
        last = size == sizes[-1] and not system.effort.short
        found = _measure(system, small, big, rounds=LAST_ROUNDS if last else 1)
        for name, unit in UNITS.items():
            results.append(
                Result(
                    name=f"growth.{name}_at_{_words(size)}",
                    unit=unit,
                    value=found[f"{name}_big"],
                    limit=found[f"{name}_small"],
                    target=LEAST_RATIO if size == sizes[-1] else None,
                    note=f"{WHAT[name]}, {_words(size)} stored sales; limit: with {_words(base)}, in turn",
                )
            )
    return results


def _filled(system: System, sales: int) -> tuple[Database, Database]:
    databases = pos_database(system), inventory_database(system)
    _fill(databases, sales, done=0)
    return databases


def _fill(databases: tuple[Database, Database], sales: int, *, done: int) -> None:
    """Fill both at once, and leave nothing for a vacuum to do while rates are measured."""
    with ThreadPoolExecutor() as threads:
        pos = threads.submit(filling.add_sales, databases[0], sales, done=done)
        inventory = threads.submit(filling.add_stock_history, databases[1], sales, done=done)
        pos.result()
        inventory.result()
    for database in databases:
        database.execute("VACUUM (ANALYZE)")


def _measure(
    system: System, small: tuple[Database, Database], big: tuple[Database, Database], *, rounds: int
) -> dict[str, float]:
    seconds = system.effort.seconds(2)
    backlog = SHORT_BACKLOG if system.effort.short else BACKLOG
    # What is measured adds sales, so the small one is a copy each time.
    fresh = (system.copy(small[0]), system.copy(small[1]))
    found = in_turn(
        system,
        rounds,
        consumer_small=lambda: consume(system, fresh[1], backlog, settled=True),
        consumer_big=lambda: consume(system, big[1], backlog, settled=True),
    )
    with ExitStack() as stack:
        few, many = (stack.enter_context(till(system, each)) for each in (fresh[0], big[0]))
        found |= in_turn(
            system,
            rounds,
            single_small=lambda: few.sell(64, seconds).per_second,
            single_big=lambda: many.sell(64, seconds).per_second,
            batch_small=lambda: few.sell_batches(8, seconds).per_second * 100,
            batch_big=lambda: many.sell_batches(8, seconds).per_second * 100,
        )
    return found


def _words(size: int) -> str:
    return f"{size // 1_000_000}m" if size >= 1_000_000 else f"{size // 1000}k"
