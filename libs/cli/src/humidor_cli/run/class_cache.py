"""Makes the broker's next start quicker, beside the running system and with the lowest priority."""

import asyncio
import signal
import sys

from humidor_cli.home import Home
from humidor_cli.run.keeper import ended
from humidor_embedded.kafka_aot import cache_file
from humidor_embedded.process import Child, Program

# The first minute belongs to the person who has just started the system.
_PAUSE_SECONDS = 60.0


async def make_class_cache(home: Home) -> None:
    if cache_file().exists():
        return
    await asyncio.sleep(_PAUSE_SECONDS)
    child = Child(
        Program(
            name="class cache",
            argv=[sys.executable, "-m", "humidor_embedded.kafka_aot"],
            log=home.logs / "class-cache.log",
        )
    )
    try:
        await ended(child)
    finally:
        child.signal(signal.SIGINT)
