"""Where the time goes from a sale to its profile: processor time of Python and PostgreSQL, by stage.

While it is watched, each stage's own function is one that looks at both clocks before and after it.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.report import Result
from humidor_common.messaging import inbox
from humidor_customers.profiles import computing
from humidor_customers.purchases import queries, service, settling

STAGES: tuple[tuple[str, ModuleType, str], ...] = (
    ("inbox", inbox, "admit"),
    ("members", queries, "tell_members"),
    ("catalogue", queries, "load_known"),
    ("documents_to_bytes", service, "encode"),
    ("copy_of_documents", queries, "add"),
    ("days", queries, "tell_days"),
    ("returns_and_voids", settling, "settle"),
    ("customers_due", queries, "take_parties"),
    ("documents_to_arrays", computing, "_read"),
    ("figures", computing, "figure"),
    ("profiles_written", computing, "_write"),
)
REST = "rest"


class Stages:
    """Adds up what each stage takes; the rest is none of them: reading events, beginning, committing."""

    def __init__(self, backend: int) -> None:
        self._schedule = Path(f"/proc/{backend}/schedstat")
        self._spent = {name: [0.0, 0.0] for name in (*(each[0] for each in STAGES), REST)}
        self._inside: list[str] = []
        self._last = (0.0, 0.0)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Have stages counted while this lasts."""
        originals = [getattr(module, function) for _, module, function in STAGES]
        for name, module, function in STAGES:
            setattr(module, function, self._counted(name, getattr(module, function)))
        try:
            yield
        finally:
            for (_, module, function), original in zip(STAGES, originals, strict=True):
                setattr(module, function, original)

    @contextmanager
    def inside(self, name: str = REST) -> Iterator[None]:
        """Count as a stage what is done meanwhile, but for the stages within it."""
        self._turn()
        self._inside.append(name)
        try:
            yield
        finally:
            self._turn()
            self._inside.pop()

    def results(self, count: int) -> list[Result]:
        """Give what each stage took an event, in microseconds."""
        return [
            Result(
                name=f"customers.sale.{name}",
                unit="µs/event",
                value=(python + postgres) * 1e6 / count,
                better="lower",
                note=f"Python {python * 1e6 / count:.1f}, PostgreSQL {postgres * 1e6 / count:.1f}",
            )
            for name, (python, postgres) in self._spent.items()
        ]

    def _counted(self, name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(work)
        def counted(*arguments: Any, **options: Any) -> Any:
            with self.inside(name):
                return work(*arguments, **options)

        @wraps(work)
        async def awaited(*arguments: Any, **options: Any) -> Any:
            with self.inside(name):
                return await work(*arguments, **options)

        return awaited if asyncio.iscoroutinefunction(work) else counted

    def _turn(self) -> None:
        """Give what has passed since the last turn to the innermost stage."""
        now = (time.process_time(), int(self._schedule.read_text().split()[0]) / 1e9)
        with suppress(IndexError):
            spent = self._spent[self._inside[-1]]
            spent[0] += now[0] - self._last[0]
            spent[1] += now[1] - self._last[1]
        self._last = now
