"""Does jobs that mine, each by a process of its own."""

import asyncio
import os
import sys
from collections.abc import Mapping
from typing import Any, get_args

import msgspec

from humidor_common.db.transaction import transaction
from humidor_common.engine.work import EngineLost
from humidor_common.telemetry.logs import get_logger
from humidor_customers.jobs.working import Handler, Job, Undoable
from humidor_customers.mining import queries
from humidor_customers.mining.schemas import Kind
from humidor_customers.mining.service import PREFIX

LOOK_SECONDS = 1.0
MODULE = "humidor_customers.mining.work"
_TOLD_CHARACTERS = 1000
_LINE_BYTES = 1 << 22
# One process, one core: libraries of linear algebra would start a thread for each.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}

log = get_logger(__name__)


def handlers(dsn: str) -> dict[str, Handler]:
    """Give what does each kind of job; at `dsn` its process reads purchases and writes what it found."""

    async def mine(job: Job) -> Mapping[str, Any]:
        try:
            return await _mine(job, dsn)
        except BaseException:
            async with transaction(job.pool) as conn:
                await queries.clear(conn, job.claimed)
            raise

    return {PREFIX + kind: mine for kind in get_args(Kind)}


async def _mine(job: Job, dsn: str) -> Mapping[str, Any]:
    order = {"dsn": dsn, "job": job.claimed, "dask_address": job.dask_address}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        MODULE,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | _ONE_THREAD,
        limit=_LINE_BYTES,
    )
    complaining = asyncio.ensure_future(_read_all(process))
    try:
        return await _listen(job, process, msgspec.json.encode(order))
    except Ended as error:
        said = (await complaining).decode(errors="replace")[-_TOLD_CHARACTERS:]
        log.warning("a mining process ended", extra={"job_id": str(job.claimed.job_id), "said": said})
        raise RuntimeError(f"the process ended with {await process.wait()}") from error
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await complaining


class Ended(Exception):  # noqa: N818 - reads as what has happened
    """The process is gone and never said what came of it."""


async def _read_all(process: asyncio.subprocess.Process) -> bytes:
    return await process.stderr.read() if process.stderr else b""


async def _listen(job: Job, process: asyncio.subprocess.Process, order: bytes) -> Mapping[str, Any]:
    """Pass on how far the process is until it says what came of it.

    Raises:
        Undoable: What was asked for cannot be found as it was asked.
        Cancelled: Somebody ended the job.
        EngineLost: The cluster is away; the job begins anew later.
        Ended: The process did.
    """
    if process.stdin is None or process.stdout is None:
        raise Ended
    process.stdin.write(order)
    process.stdin.close()
    reading = asyncio.ensure_future(process.stdout.readline())
    job.say(0.0, "starting")
    while True:
        job.say(job.progress, job.stage)
        await asyncio.wait([reading], timeout=LOOK_SECONDS)
        if not reading.done():
            continue
        line = reading.result()
        if not line:
            raise Ended
        said = msgspec.json.decode(line)
        if "progress" not in said:
            return outcome_of(said)
        job.say(said["progress"], said["stage"])
        reading = asyncio.ensure_future(process.stdout.readline())


def outcome_of(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the result that a process says, or raise what kept it from one."""
    if "code" in said:
        raise Undoable(said["code"], said["detail"])
    if "lost" in said:
        raise EngineLost(said["lost"])
    result: Mapping[str, Any] = said["result"]
    return result
