"""Runs the broker of Python packages: `python -m humidor_embedded.mqtt_server PORT PASSWORD_FILE READER`."""

import asyncio
import logging
import signal
import sys
from typing import Any

from amqtt.broker import Broker

from humidor_embedded.ports import LOOPBACK


def configuration(port: int, password_file: str, reader: str) -> dict[str, Any]:
    """Let known users in, each to its own topics, and keep no session longer than an hour."""
    access = {"password_file": password_file, "reader": reader}
    return {
        "listeners": {"default": {"type": "tcp", "bind": f"{LOOPBACK}:{port}"}},
        "session_expiry_interval": 3600,
        "plugins": {
            "humidor_embedded.mqtt_access.KnownUsers": access,
            "humidor_embedded.mqtt_access.OwnTopics": access,
        },
    }


async def serve(port: int, password_file: str, reader: str) -> None:
    """Serve until it is told to stop."""
    broker = Broker(configuration(port, password_file, reader))
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await broker.start()
    await stop.wait()
    await broker.shutdown()


def main() -> int:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    port, password_file, reader = sys.argv[1:]
    asyncio.run(serve(int(port), password_file, reader))
    return 0


if __name__ == "__main__":
    sys.exit(main())
