"""A Dask cluster, reached by the address of its scheduler; its workers have the same packages installed.

A worker that dies costs nothing: the scheduler gives its questions to others. An answer that comes twice is
taken once, because a question waits for one result.
"""

import asyncio
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from uuid import uuid4

from humidor_common.engine import remote
from humidor_common.engine.work import EngineLost, WorkFailed

CONNECT_SECONDS = 15
LOOK_SECONDS = 5.0
PATIENCE_SECONDS = 60.0
"""How long a cluster may be without workers before the work is given back."""

T = TypeVar("T")


class Cluster:
    """Questions to a cluster."""

    def __init__(self, client: Any, target: str, width: int) -> None:
        self._client = client
        self._target = target
        self.width = width

    async def ask(self, line: bytes, *, seconds: float) -> bytes:
        answer, failure = await submit(self._client, remote.answer, self._target, line, seconds)
        if failure is not None:
            raise WorkFailed(failure)
        found: bytes = answer
        return found


async def submit(client: Any, function: Callable[..., T], *arguments: Any) -> T:
    """Have the cluster call a function.

    Raises:
        EngineLost: It lost its scheduler or all of its workers, and nobody came back in time.
        WorkFailed: Several workers died of it.
        Exception: What the function raised.
    """
    name = f"{function.__name__}-{uuid4().hex}"
    with warnings.catch_warnings():
        # They are large, and go by the scheduler on purpose: it gives them to another worker when one dies.
        warnings.filterwarnings("ignore", "Sending large graph")
        future = client.submit(function, *arguments, key=name, pure=False)
    result = asyncio.ensure_future(future.result())
    alone = 0.0
    try:
        while not (await asyncio.wait({result}, timeout=LOOK_SECONDS))[0]:
            alone = 0.0 if await _workers(client) else alone + LOOK_SECONDS
            if alone >= PATIENCE_SECONDS:
                raise EngineLost("the cluster has no workers")
        return await _outcome(result)
    finally:
        result.cancel()
        if future.status not in ("finished", "error", "lost", "cancelled"):
            await _give_up(future)
        future.release()


async def submit_heard(
    client: Any, heard: Callable[[float], None], function: Callable[..., T], *arguments: Any
) -> T:
    """Have the cluster call a function whose last argument takes the share of it that is done.

    A call that nobody waits for any more, because `heard` raised or the client is gone too, ends when it next
    tells its share.
    """
    name = uuid4().hex
    calling: asyncio.Task[T] = asyncio.create_task(submit(client, remote.heard, name, function, *arguments))
    raised: list[Exception] = []

    def take(event: tuple[float, tuple[str, float]]) -> None:
        told, share = event[1]
        if told != name or calling.done():
            return
        try:
            heard(share)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised to whoever calls
            raised.append(error)
            calling.cancel()

    client.subscribe_topic(remote.TOPIC, take)
    try:
        return await calling
    except asyncio.CancelledError:
        if raised:
            raise raised[0] from None
        raise


async def _give_up(future: Any) -> None:
    try:
        await future.cancel()
    except Exception:  # noqa: BLE001 - it is given up in any case
        return


async def _outcome(result: "asyncio.Future[T]") -> T:
    from distributed import KilledWorker
    from distributed.client import FutureCancelledError

    try:
        return await result
    except KilledWorker as error:
        raise WorkFailed("the workers that had it died one after the other") from error
    except (FutureCancelledError, OSError) as error:  # the scheduler went away with it
        raise EngineLost(f"the cluster lost the work: {error}") from error


async def _workers(client: Any) -> int:
    """Count threads of workers; none where the scheduler does not answer."""
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            about = await client.scheduler.identity()
    except (OSError, TimeoutError):
        return 0
    return sum(worker["nthreads"] for worker in about["workers"].values())


@asynccontextmanager
async def connected(address: str) -> AsyncIterator[Any]:
    """Have a client of the cluster for as long as the block lasts; TLS is Dask's own configuration.

    Raises:
        EngineLost: It cannot be reached, or Dask is not installed.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise EngineLost("Dask is not installed here: pip install distributed") from error
    try:
        client = await Client(  # type: ignore[no-untyped-call]  # Dask has no types
            address, asynchronous=True, timeout=CONNECT_SECONDS, set_as_default=False
        )
    except (OSError, TimeoutError, ValueError) as error:
        raise EngineLost(f"the cluster at {address} cannot be reached: {error!r}") from error
    try:
        yield client
    finally:
        await client.close(timeout=LOOK_SECONDS)


@asynccontextmanager
async def on_cluster(target: str, address: str) -> AsyncIterator[Cluster]:
    """Have a cluster answer; twice as many questions as it has threads are under way, so that none waits."""
    async with connected(address) as client:
        waited = 0.0
        while not (threads := await _workers(client)):
            if waited >= PATIENCE_SECONDS:
                raise EngineLost("the cluster has no workers")
            await asyncio.sleep(1.0)
            waited += 1.0
        yield Cluster(client, target, 2 * threads)
