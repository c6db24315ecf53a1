"""A running pos with a terminal in every store, and measurements taken in turn."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median

from benchmarks import shop
from benchmarks.load import Outcome, Spec, drive
from benchmarks.system import Database, Process, System

BATCH_SALES = 100


@dataclass
class Till:
    """Sells through pos's HTTP interface."""

    database: Database
    api: Process
    keys: dict[str, str] = field(repr=False)

    def sell(self, connections: int, seconds: float) -> Outcome:
        """Send single sales as fast as the connections take them."""
        templates = shop.single_sales(self.keys)
        return drive(Spec(port=self.api.port, templates=templates, connections=connections, seconds=seconds))

    def sell_steadily(self, rate_per_second: float, seconds: float, *, log: str | None = None) -> Outcome:
        """Send single sales at the moments of a Poisson process."""
        spec = Spec(
            port=self.api.port,
            templates=shop.single_sales(self.keys),
            connections=128,
            seconds=seconds,
            rate_per_second=rate_per_second,
            log=log,
        )
        return drive(spec)

    def sell_batches(self, connections: int, seconds: float) -> Outcome:
        """Send batches of 100 as fast as the connections take them."""
        spec = Spec(
            port=self.api.port,
            templates=shop.batches(self.keys, BATCH_SALES),
            connections=connections,
            seconds=seconds,
            wanted_status=200,
        )
        return drive(spec)

    def check(self) -> None:
        """Make sure that every sale was an ordinary one, or the figures are of something else.

        Raises:
            RuntimeError: Some were not.
        """
        odd = self.database.number("SELECT count(*) FROM exceptions")
        if odd:
            raise RuntimeError(f"{odd:.0f} exceptions were raised")


@contextmanager
def till(system: System, database: Database | None = None, *, prefix: str | None = None) -> Iterator[Till]:
    """Run pos's HTTP process; without `prefix` it has no broker, and what it tells stays in its outbox."""
    database = database or pos_database(system)
    with system.process(database, "api", prefix=prefix) as api:
        yield Till(database, api, system.terminals(api, shop.stores()))


def pos_database(system: System) -> Database:
    """Make a database of pos with products, stores and this month's partitions."""

    def prepare(database: Database) -> None:
        shop.fill_pos(database)
        with system.process(database, "api"):
            pass

    return system.database("humidor_pos", prepare)


def in_turn(system: System, rounds: int | None = None, **measures: Callable[[], float]) -> dict[str, float]:
    """Measure several things in turn, so that each meets the same weather; gives the medians."""
    seen: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(rounds or system.effort.rounds):
        for name, measure in measures.items():
            system.checkpoint()
            seen[name].append(measure())
    return {name: median(values) for name, values in seen.items()}
