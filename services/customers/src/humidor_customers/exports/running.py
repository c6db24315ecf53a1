"""The job that makes a file: it asks the list itself, as whoever asked for the file."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec
from fastapi import FastAPI

from humidor_common.auth import Principal, TokenVerifier
from humidor_common.clock import utc_now
from humidor_common.db.transaction import transaction
from humidor_common.runtime import Runtime
from humidor_common.tables.write_statistical import UnwritableError
from humidor_common.web.app import create_app
from humidor_common.web.exports import make_writer
from humidor_common.web.lists import BrokenExportError, Writer, ask_page, find_list, write_pages
from humidor_customers.exports import queries
from humidor_customers.exports.asking import scope_of
from humidor_customers.exports.queries import Order
from humidor_customers.exports.rules import progress_of
from humidor_customers.exports.service import KIND
from humidor_customers.jobs.working import Handler, Job, Undoable
from humidor_customers.purchases import queries as purchases

PART_BYTES = 1 << 20
MOST_BYTES = 1 << 30


class _Known(TokenVerifier):
    """Takes every request for one of somebody whose token was proven when they asked for the file."""

    def __init__(self, principal: Principal) -> None:
        self._principal = principal

    async def verify(self, token: str) -> Principal:
        del token
        return self._principal


def handlers(runtime: Runtime) -> dict[str, Handler]:
    """Give what makes files of the lists of this service."""

    async def export(job: Job) -> Mapping[str, Any]:
        try:
            return await _export(job, runtime)
        except BaseException:
            async with transaction(job.pool) as conn:
                await queries.forget_parts(conn, job.claimed.job_id, job.claimed.lease)
            raise

    return {KIND: export}


async def _export(job: Job, runtime: Runtime) -> Mapping[str, Any]:
    export_id = job.claimed.job_id
    async with transaction(job.pool) as conn:
        # Erasures that are under way end before the first row is read; later ones find this file.
        await purchases.share(conn)
        await job.keep(conn)
        await queries.forget_parts(conn, export_id, job.claimed.lease)
        order = await queries.read_order(conn, export_id)
    if order is None:
        raise _erased()
    made = await _make(job, order, await asyncio.to_thread(_lists, runtime, order.principal))
    async with transaction(job.pool) as conn:
        await purchases.share(conn)
        await job.keep(conn)
        if not await queries.finish(conn, export_id, made, now=utc_now()):
            raise _erased()
    return {"export_id": str(export_id), "rows": made["rows"], "bytes": made["bytes"]}


def _lists(runtime: Runtime, principal: Principal) -> FastAPI:
    """Make the app whose lists are asked; its routes are imported by the first file that is made."""
    settings = runtime.settings.model_copy(update={"access_log": False})
    app = create_app(replace(runtime.service, direct_rows=None), settings)
    app.state.runtime = replace(runtime, settings=settings, verifier=_Known(principal))
    return app


async def _make(job: Job, order: Order, app: FastAPI) -> dict[str, Any]:
    scope = scope_of(order.path, [(b"authorization", b"Bearer known")])
    found = find_list(app, scope["path"])
    if found is None:
        raise Undoable("export-gone", "This version has no such list any more.")
    job.say(0.0, "reading")
    start, body = await ask_page(app, scope)
    if start["status"] != 200:
        raise _refused(body)
    writer: Writer = await asyncio.to_thread(make_writer, order.format, found.fields, found.name)
    file = _File(job)
    rows = 0
    try:
        async for piece in write_pages(app, scope, found, writer, body):
            rows = piece.rows
            job.say(progress_of(rows), f"{rows} rows")
            await file.add(piece.content)
    except BrokenExportError as error:
        raise _refused(error.body) from error
    except UnwritableError as error:
        raise Undoable("export-unwritable", f"{order.format} takes too much: filter the list.") from error
    await file.end()
    return {
        "file_name": f"{found.name}.{writer.suffix}",
        "media_type": writer.media_type,
        "rows": rows,
        "bytes": file.bytes,
    }


def _erased() -> Undoable:
    return Undoable("member-erased", "A member was erased meanwhile; ask for the file again.")


class _Refusal(msgspec.Struct):
    code: str = "export-refused"
    detail: str = "The list could not be read."


def _refused(body: bytes) -> Undoable:
    try:
        problem = msgspec.json.decode(body, type=_Refusal)
    except msgspec.MsgspecError:
        problem = _Refusal()
    return Undoable(problem.code, problem.detail)


class _File:
    """Writes what comes into parts of a megabyte, each in a transaction of its own."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._waiting = bytearray()
        self._parts = 0
        self.bytes = 0

    async def add(self, content: bytes) -> None:
        """Add some bytes.

        Raises:
            Undoable: The file is larger than a gigabyte.
            Cancelled: Nobody wants it any more.
        """
        self.bytes += len(content)
        if self.bytes > MOST_BYTES:
            raise Undoable("export-too-large", f"More than {MOST_BYTES >> 20} MiB: filter the list.")
        self._waiting += content
        while len(self._waiting) >= PART_BYTES:
            await self._write(bytes(self._waiting[:PART_BYTES]))
            del self._waiting[:PART_BYTES]

    async def end(self) -> None:
        if self._waiting:
            await self._write(bytes(self._waiting))

    async def _write(self, content: bytes) -> None:
        async with transaction(self._job.pool) as conn:
            await self._job.keep(conn)
            await queries.add_part(conn, self._job.claimed.job_id, self._parts, content)
        self._parts += 1
