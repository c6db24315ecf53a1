"""Has jobs make files of lists, and gives the files to whoever asked for them."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection, Pool
from humidor_common.web.problems import Problem, not_found
from humidor_customers.exports import queries
from humidor_customers.exports.queries import Order
from humidor_customers.exports.rules import covers, may_hold_members
from humidor_customers.exports.schemas import ExportView
from humidor_customers.jobs.service import cancel_job, start_job

KIND = "export"
MOST_OPEN = 5


class File(NamedTuple):
    """A file that is there."""

    export_id: UUID
    name: str
    media_type: str
    bytes: int


async def start_export(conn: Connection, order: Order, *, now: datetime) -> ExportView:
    """Queue a file; that its list may be read was found out already.

    Raises:
        Problem: 409 `too-many-exports` where five of the caller's are being made.
    """
    if await queries.count_open(conn, order.principal) >= MOST_OPEN:
        raise Problem(409, "too-many-exports", f"{MOST_OPEN} of your files are being made; wait for one.")
    list_path = order.path.partition("?")[0]
    parameters = {"path": list_path, "format": order.format}
    job = await start_job(conn, order.principal, KIND, parameters, now=now)
    await queries.insert(conn, job.job_id, order, members=may_hold_members(list_path), now=now)
    return await get_export(conn, order.principal, job.job_id)


async def get_export(conn: Connection, principal: Principal, export_id: UUID) -> ExportView:
    """Read a file of the caller's own, however far it is; nobody sees another's.

    Raises:
        Problem: 404.
    """
    found = await queries.read(conn, principal, export_id)
    if found is None:
        raise not_found("export", export_id)
    return found


async def cancel_export(
    conn: Connection, principal: Principal, export_id: UUID, *, now: datetime
) -> ExportView:
    """End the making of a file.

    Raises:
        Problem: 404; 409 `job-ended`.
    """
    await get_export(conn, principal, export_id)
    await cancel_job(conn, principal, export_id, now=now)
    return await get_export(conn, principal, export_id)


async def open_file(conn: Connection, principal: Principal, export_id: UUID) -> File:
    """Give a finished file to whoever asked for it and still may see what is in it.

    Raises:
        Problem: 403 `export-forbidden`; 404; 409 `export-not-done`; 410 `export-erased`.
    """
    found = await get_export(conn, principal, export_id)
    if found.erased_at is not None:
        raise Problem(410, "export-erased", "A member was erased who may be in it; ask for it again.")
    row = await queries.read_file(conn, export_id)
    if found.state != "done" or row is None:
        raise Problem(409, "export-not-done", f"The file is {found.state}.")
    then = msgspec.convert(row["principal"], Principal)
    scopes = {each for each in then.scopes if each.startswith("customers:")}
    if not scopes <= principal.scopes or not covers(principal.stores, then.stores):
        raise Problem(403, "export-forbidden", "You may see less by now than when you asked for it.")
    await audit.record(conn, principal, "download", "export", str(export_id))
    return File(export_id, row["file_name"], row["media_type"], row["bytes"])


async def read_parts(pool: Pool, export_id: UUID) -> AsyncIterator[bytes]:
    """Give a file part by part; one that ends early because it was erased has less than it has announced."""
    part = 0
    while True:
        async with pool.acquire() as conn:
            content = await queries.read_part(conn, export_id, part)
        if content is None:
            return
        yield content
        part += 1
