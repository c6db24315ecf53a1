"""Ends tasks for good."""

import asyncio
from collections.abc import Iterable
from typing import Any

# More than a consumer needs for its last commit and to leave its group.
CANCEL_AGAIN_SECONDS = 13.0


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks and wait until they have ended, however they did.

    One that a library under it kept from hearing of it is told again.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        ended, left = await asyncio.wait(left, timeout=CANCEL_AGAIN_SECONDS)
        # Faults have been told by whoever watches; asyncio would tell those that nobody took once more.
        await asyncio.gather(*ended, return_exceptions=True)
