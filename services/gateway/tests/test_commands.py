import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from humidor_common.auth import SigningKey, TokenVerifier, save_signing_keys
from humidor_common.testing.plugin import SettingsFor
from humidor_common.web.app import create_app
from humidor_pos.app import SERVICE as POS

from .conftest import PASSWORD, Auth, Start
from .proxying import listening


class Command:
    """The `humidor` command as a process of its own, pointed at a running gateway."""

    def __init__(self, **environment: str) -> None:
        self.environment = os.environ | environment

    async def run(self, *arguments: str) -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "humidor_cli", *arguments),
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()

    async def json(self, *arguments: str) -> Any:
        status, out, err = await self.run(*arguments, "--json")
        assert status == 0, err
        return json.loads(out)


@pytest.fixture
async def command(
    start: Start, settings_for: SettingsFor, auth: Auth, tmp_path: Path
) -> AsyncIterator[Command]:
    pos = create_app(POS, settings_for(POS, bus=False))
    async with pos.router.lifespan_context(pos), listening(pos) as pos_url:
        running = await start(upstreams=f"pos={pos_url}")
        async with listening(running.gateway) as url:
            token = auth("admin")["Authorization"].removeprefix("Bearer ")
            yield Command(HUMIDOR_URL=url, HUMIDOR_TOKEN=token, HUMIDOR_HOME=str(tmp_path / "home"))


async def test_a_user_is_made_logs_in_and_is_shut_out(command: Command) -> None:
    import httpx

    made = await command.json("user", "add", "li.na", "--role", "manager", "--store", "S0001")
    login = {**made, "new_password": PASSWORD}
    async with httpx.AsyncClient(base_url=command.environment["HUMIDOR_URL"]) as http:
        assert (await http.post("/v1/login", json=login)).status_code == 200
        listed = (await command.json("user", "list"))["items"]
        assert [(item["username"], item["stores"]) for item in listed] == [("li.na", ["S0001"])]
        assert (await command.json("user", "disable", "li.na", "--reason", "left"))["state"] == "disabled"
        again = {"username": "li.na", "password": PASSWORD}
        assert (await http.post("/v1/login", json=again)).status_code == 401
        assert (await command.json("user", "enable", "li.na"))["state"] == "active"
        reset = await command.json("user", "reset-password", "li.na")
        assert (await http.post("/v1/login", json=reset)).status_code == 403


async def test_a_terminal_is_made_listed_and_revoked_through_the_gateway(command: Command) -> None:
    made = await command.json("terminal", "add", "--store", "S0001", "--name", "till 1")
    assert set(made) == {"terminal_id", "key"}
    (listed,) = (await command.json("terminal", "list", "--store", "S0001"))["items"]
    assert (listed["terminal_id"], listed["state"]) == (made["terminal_id"], "active")
    assert (await command.json("terminal", "revoke", made["terminal_id"]))["state"] == "revoked"
    _, text, _ = await command.run("terminal", "list")
    assert made["terminal_id"] in text
    assert made["key"] not in text


async def test_what_the_service_refuses_is_said_in_one_line(command: Command) -> None:
    for arguments in (
        ("user", "add", "Li Na", "--role", "manager"),
        ("user", "disable", "nobody"),
        ("user", "disable", "../clients/x"),
        ("terminal", "add", "--store", "S 1"),
        ("terminal", "revoke", "nobody"),
    ):
        status, _, err = await command.run(*arguments)
        assert status == 1
        assert err.startswith("humidor: ")
        assert "Traceback" not in err


async def test_a_token_is_signed_with_the_key_of_the_state_directory(
    tmp_path: Path, signing_key: SigningKey, jwks_file: Path
) -> None:
    save_signing_keys(tmp_path / "home" / "secrets" / "signing-keys.json", [signing_key])
    command = Command(HUMIDOR_HOME=str(tmp_path / "home"))
    made = await command.json("token", "--role", "clerk", "--store", "S0001")
    principal = await TokenVerifier(str(jwks_file)).verify(made["token"])
    assert (principal.roles, principal.stores) == (frozenset({"clerk"}), frozenset({"S0001"}))
    status, _, err = await command.run("token", "--role", "root")
    assert (status, "unknown role" in err) == (1, True)
    empty = Command(HUMIDOR_HOME=str(tmp_path / "other"))
    status, _, err = await empty.run("token", "--role", "admin")
    assert (status, "no signing key" in err) == (1, True)
