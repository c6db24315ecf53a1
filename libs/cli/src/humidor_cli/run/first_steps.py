"""What a new system needs before it is of use: an administrator, the sample business and a terminal."""

import asyncio
import json
import sys
import time
from typing import Any

from humidor_cli.run.layout import Layout
from humidor_cli.run.report import Reporter, Summary
from humidor_cli.services import SERVICES

_DONE = "first-start.json"
_UNSEEN_PASSWORD = "secrets/first-admin.json"  # noqa: S105 - a file's name
_ADMIN_TIMEOUT_SECONDS = 60.0


class FirstSteps:
    """Each step is taken once; a start cut short goes on where it stopped."""

    def __init__(self, layout: Layout, report: Reporter, *, sample: bool) -> None:
        self._layout = layout
        self._report = report
        self._sample = sample
        self._done: dict[str, Any] = layout.home.read(_DONE)

    async def make_admin(self) -> None:
        """Have the gateway make the first administrator."""
        if self._done.get("admin"):
            return
        answer = await self._bootstrap_admin()
        if answer:
            # Kept until it has been shown: the start may be cut short before that.
            self._layout.home.write(_UNSEEN_PASSWORD, answer)
            self._finish("admin", answer.get("username", "admin"))

    def forget_password(self) -> None:
        """Once it has been shown, only its hash is left, in the gateway's database."""
        (self._layout.home.directory / _UNSEEN_PASSWORD).unlink(missing_ok=True)

    async def take(self, started: float) -> Summary:
        layout = self._layout
        if self._sample and not self._done.get("sample"):
            await self._load_sample()
        from humidor_cli.run.curl import sale_command

        terminal = layout.home.read("secrets/sample-terminal.json")
        return Summary(
            url=layout.gateway_url,
            docs=f"{layout.gateway_url}/docs",
            pos_url=layout.pos_url,
            home=str(layout.home.directory),
            seconds=time.monotonic() - started,
            admin_username=self._done.get("admin"),
            admin_password=layout.home.read(_UNSEEN_PASSWORD).get("password"),
            mqtt=None if layout.mqtt is None else f"mqtt://127.0.0.1:{layout.mqtt.port}",
            curl=sale_command(layout.gateway_url, terminal["key"]) if terminal else None,
        )

    async def _bootstrap_admin(self) -> dict[str, Any]:
        gateway = next(spec for spec in SERVICES if spec.name == "gateway")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", gateway.package, "bootstrap-admin"),
            env=dict(self._layout.program(gateway, "api").env or {}),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(_ADMIN_TIMEOUT_SECONDS):
                output, errors = await process.communicate()
            return dict(json.loads(output))
        except (TimeoutError, ValueError):
            words = errors.decode(errors="replace").strip().splitlines()[-1:] if process.returncode else []
            self._report.note(f"the first administrator could not be made: {' '.join(words)}")
            return {}
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def _load_sample(self) -> None:
        # Needed at the first start alone, so no later start waits for these imports.
        from humidor_cli.sample.api import SampleApi, SampleError
        from humidor_cli.sample.load import load_sample

        self._report.step("sample business", "running")
        try:
            async with SampleApi(self._layout.gateway_url, self._layout.home) as api:
                await load_sample(api, self._progress)
        except SampleError as error:
            self._report.step("sample business", "failed", f"{error}; the next start tries again")
            return
        self._finish("sample", True)
        self._report.step("sample business", "done")

    def _progress(self, words: str) -> None:
        self._report.step("sample business", "running", words)

    def _finish(self, step: str, value: object) -> None:
        self._done[step] = value
        self._layout.home.write(_DONE, self._done)
