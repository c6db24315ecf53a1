"""Waiting for a system to have dealt with everything."""

import time
from typing import Any

from humidor_cli.client import Client, RefusedError
from humidor_cli.errors import CliError

_NOT_FOUND = 404


def wait_until_drained(client: Client, *, seconds: float) -> dict[str, Any]:
    """Wait until every outbox is empty and every consumer has caught up; returns the last look.

    One quiet look is not enough: an event can move from a consumer already asked to an
    outbox already counted.

    Returns an empty look where only the gateway is reachable, which does not show this.

    Raises:
        CliError: It took longer.
    """
    deadline = time.monotonic() + seconds
    quiet_looks = 0
    while True:
        try:
            found = {service: client.get(service, "/statusz") for service in client.target.addresses}
        except RefusedError as error:
            if error.status == _NOT_FOUND:
                return {}
            raise
        left = sum(status["outbox"] + sum(status["lag"].values()) for status in found.values())
        quiet_looks = quiet_looks + 1 if left == 0 else 0
        if quiet_looks == 2:
            return found
        if time.monotonic() > deadline:
            raise CliError(f"after {seconds:.0f} s there is still something under way: {found}")
        time.sleep(0.3 if left else 0.1)
