"""The running system that a command talks to, and the right to do so."""

import os
import time
from dataclasses import dataclass, field
from typing import Any

from humidor_cli.errors import CliError
from humidor_cli.home import Home
from humidor_cli.services import BUSINESS_SERVICES

SUBJECT = "humidor-cli"
_TOKEN_SECONDS = 3600
_RENEW_SECONDS = 600


@dataclass
class Target:
    """Addresses of the services, and a token that is made anew before it runs out.

    The local system is found through its state directory; `HUMIDOR_URL` and `HUMIDOR_TOKEN` point at any
    other through its gateway.
    """

    home: Home
    addresses: dict[str, str]
    workers: dict[str, str] = field(default_factory=dict)
    gateway: str = ""
    given_token: str | None = None
    _token: str = ""
    _token_until: float = 0.0

    @classmethod
    def from_environment(cls) -> "Target":
        home = Home.from_environment()
        url = os.environ.get("HUMIDOR_URL", "").rstrip("/")
        if url:
            token = os.environ.get("HUMIDOR_TOKEN")
            if not token:
                raise CliError("HUMIDOR_URL needs HUMIDOR_TOKEN beside it: an admin's token of that system")
            return cls(
                home, {name: f"{url}/{name}" for name in BUSINESS_SERVICES}, gateway=url, given_token=token
            )
        return cls._local(home)

    @classmethod
    def _local(cls, home: Home) -> "Target":
        state = home.read("state.json")
        if not home.is_running() or state.get("phase") != "ready":
            raise CliError(f"no system runs in {home.directory}; start it with: humidor up --detach")
        units: dict[str, dict[str, Any]] = state.get("units", {})

        def addresses(role: str) -> dict[str, str]:
            found = {name: units.get(f"{name} {role}", {}).get("port") for name in BUSINESS_SERVICES}
            return {name: f"http://127.0.0.1:{port}" for name, port in found.items() if port}

        return cls(home, addresses("api"), addresses("worker"), f"http://127.0.0.1:{home.port}")

    def address(self, service: str) -> str:
        """Give the service's base address.

        Raises:
            CliError: There is no such service.
        """
        if service == "gateway":
            return self.gateway
        if service not in self.addresses:
            raise CliError(f"there is no service {service}; the services are {', '.join(self.addresses)}")
        return self.addresses[service]

    def token(self) -> str:
        """Give a token with every right of an admin."""
        if self.given_token is not None:
            return self.given_token
        if time.monotonic() > self._token_until - _RENEW_SECONDS:
            from humidor_common.auth import issue_token, load_signing_keys

            try:
                key = load_signing_keys(self.home.signing_key)[0]
            except (OSError, ValueError) as error:
                raise CliError(f"the signing key of this system cannot be read: {error}") from error
            # One name for every operator of this machine: idempotency keys belong to who sent them.
            self._token = issue_token(key, subject=SUBJECT, roles=["admin"], ttl_seconds=_TOKEN_SECONDS)
            self._token_until = time.monotonic() + _TOKEN_SECONDS
        return self._token
