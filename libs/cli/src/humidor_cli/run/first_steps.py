"""What a new system needs before it is of use: an administrator, the sample business and a terminal."""

import asyncio
import json
import sys
import time
from typing import Any

from humidor_cli.run.curl import sale_command
from humidor_cli.run.layout import SERVICES, Layout
from humidor_cli.run.report import Reporter, Summary
from humidor_cli.sample.api import SampleApi, SampleError
from humidor_cli.sample.load import load_sample

_DONE = "first-start.json"
_ADMIN_TIMEOUT_SECONDS = 60.0


class FirstSteps:
    """Each step is taken once; a start cut short goes on where it stopped."""

    def __init__(self, layout: Layout, report: Reporter, *, sample: bool) -> None:
        self._layout = layout
        self._report = report
        self._sample = sample
        self._done: dict[str, Any] = layout.home.read(_DONE)

    async def take(self, started: float) -> Summary:
        layout = self._layout
        username, password = await self._admin()
        if self._sample and not self._done.get("sample"):
            await self._load_sample()
        terminal = layout.home.read("secrets/sample-terminal.json")
        return Summary(
            url=layout.gateway_url,
            docs=f"{layout.gateway_url}/docs",
            pos_url=layout.pos_url,
            home=str(layout.home.directory),
            seconds=time.monotonic() - started,
            admin_username=username,
            admin_password=password,
            curl=sale_command(layout.gateway_url, terminal["key"]) if terminal else None,
        )

    async def _admin(self) -> tuple[str | None, str | None]:
        """Have the gateway make the first administrator; the password is known here and nowhere else."""
        if self._done.get("admin"):
            return self._done["admin"], None
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
            answer = json.loads(output)
        except (TimeoutError, ValueError):
            words = errors.decode(errors="replace").strip().splitlines()[-1:] if process.returncode else []
            self._report.note(f"the first administrator could not be made: {' '.join(words)}")
            return None, None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        self._finish("admin", answer["username"])
        return answer["username"], answer.get("password")

    async def _load_sample(self) -> None:
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
