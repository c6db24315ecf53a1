from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from humidor_common.auth import SigningKey, save_signing_keys
from humidor_common.runtime import Runtime
from humidor_common.testing.plugin import SettingsFor
from humidor_gateway.app import SERVICE, create_gateway
from humidor_gateway.proxy.gateway import Gateway
from humidor_gateway.settings import GatewaySettings

Headers = dict[str, str]
Auth = Callable[..., Headers]
PASSWORD = "correct horse battery"


@dataclass
class Running:
    """The gateway over a real database, called without a socket."""

    gateway: Gateway
    client: httpx.AsyncClient
    settings: GatewaySettings
    admin: Headers

    @property
    def runtime(self) -> Runtime:
        return cast("Runtime", self.gateway.own.state.runtime)

    async def fetch(self, query: str, *arguments: Any) -> Any:
        return await self.runtime.pool.fetchval(query, *arguments)


Start = Callable[..., Awaitable[Running]]


@pytest.fixture
def key_file(tmp_path: Path, signing_key: SigningKey) -> Path:
    path = tmp_path / "secrets" / "jwt-signing-key.json"
    save_signing_keys(path, [signing_key])
    return path


@pytest.fixture
async def start(settings_for: SettingsFor, key_file: Path, auth: Auth) -> AsyncIterator[Start]:
    """Start a gateway with settings of the test's own."""
    async with AsyncExitStack() as stack:

        async def begin(**changes: Any) -> Running:
            settings = settings_for(SERVICE, bus=False, **({"signing_key": key_file} | changes))
            assert isinstance(settings, GatewaySettings)
            gateway = create_gateway(settings)
            await stack.enter_async_context(gateway.own.router.lifespan_context(gateway.own))
            for pool in gateway.pools.values():
                stack.push_async_callback(pool.close)
            transport = httpx.ASGITransport(gateway, raise_app_exceptions=False)
            client = httpx.AsyncClient(transport=transport, base_url="http://gateway")
            await stack.enter_async_context(client)
            return Running(gateway, client, settings, auth("admin"))

        yield begin


@pytest.fixture
async def running(start: Start) -> Running:
    return await start()


MakeUser = Callable[..., Awaitable[str]]


@pytest.fixture
def make_user(running: Running) -> MakeUser:
    """Make a user and log in once, so that the password is PASSWORD."""

    async def make(username: str = "anna", roles: tuple[str, ...] = ("clerk",), **more: Any) -> str:
        new = {"username": username, "roles": list(roles), **more}
        answer = await running.client.post("/v1/users", json=new, headers=running.admin)
        assert answer.status_code == 201, answer.text
        login = {
            "username": username,
            "password": answer.json()["one_time_password"],
            "new_password": PASSWORD,
        }
        answer = await running.client.post("/v1/login", json=login)
        assert answer.status_code == 200, answer.text
        return username

    return make
