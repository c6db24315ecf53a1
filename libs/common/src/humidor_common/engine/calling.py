"""One heavy call: in a thread of this process, or on a Dask cluster by the same setting."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


async def call(dask_address: str | None, function: Callable[..., T], *arguments: Any) -> T:
    """Call a function of a module; on a cluster it and its arguments are pickled, and so is what it raises.

    Raises:
        EngineLost: The cluster cannot be reached, or lost the call for good.
    """
    if not dask_address:
        return await asyncio.to_thread(function, *arguments)
    from humidor_common.engine.cluster import connected, submit

    async with connected(dask_address) as client:
        return await submit(client, function, *arguments)
