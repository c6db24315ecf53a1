"""What engines have in common: questions and answers are lines, who answers is named `module:function`."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Protocol, TypeAlias

Answers: TypeAlias = Callable[[bytes], bytes]


class WorkFailed(Exception):  # noqa: N818 - reads as what has happened
    """A question got no answer: it took too long, or what worked on it died."""


class EngineLost(Exception):  # noqa: N818 - reads as what has happened
    """Nobody is there to work: the cluster cannot be reached, or has no workers; try again later."""


class Engine(Protocol):
    """Answers questions, `width` of them at once."""

    @property
    def width(self) -> int:
        """How many questions keep it busy."""
        ...

    async def ask(self, line: bytes, *, seconds: float) -> bytes:
        """Give the answer to one question.

        Raises:
            WorkFailed: There was none within the time; the next question is answered again.
            EngineLost: Nobody is there.
        """
        ...


def load(target: str) -> Answers:
    """Import `module:function`."""
    module, _, name = target.partition(":")
    found: Answers = getattr(import_module(module), name)
    return found


@asynccontextmanager
async def engine(target: str, *, processes: int, dask_address: str | None) -> AsyncIterator[Engine]:
    """Have `target` answer for as long as the block lasts; no process of ours is left behind.

    Raises:
        EngineLost: The cluster cannot be reached.
    """
    if dask_address:
        from humidor_common.engine.cluster import on_cluster

        async with on_cluster(target, dask_address) as cluster:
            yield cluster
    else:
        from humidor_common.engine.pool import in_processes

        async with in_processes(target, processes) as pool:
            yield pool
