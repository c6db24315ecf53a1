"""One heavy call: in a thread of this process, or on a Dask cluster by the same setting."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


async def call(dask_address: str | None, function: Callable[..., T], *arguments: Any) -> T:
    """Call a function of a module; on a cluster it and its arguments are pickled, and so is what it raises.

    Raises:
        EngineLost: The cluster cannot be reached, or lost the call for good.
        WorkFailed: Several workers of the cluster died of it.
    """
    if not dask_address:
        return await asyncio.to_thread(function, *arguments)
    from humidor_common.engine.cluster import connected, submit

    async with connected(dask_address) as client:
        return await submit(client, function, *arguments)


async def call_heard(
    dask_address: str | None, heard: Callable[[float], None], function: Callable[..., T], *arguments: Any
) -> T:
    """Call, as `call` does, a function whose last argument takes the share of it that is done (0 to 1).

    `heard` is told that share now and then, in a thread where the call is not on a cluster. What it raises
    ends the call and is raised here.
    """
    if not dask_address:
        return await asyncio.to_thread(function, *arguments, heard)
    from humidor_common.engine.cluster import connected, submit_heard

    async with connected(dask_address) as client:
        return await submit_heard(client, heard, function, *arguments)
