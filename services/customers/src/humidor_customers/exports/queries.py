"""Statements over files that jobs make; their content stands in parts."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_customers.exports.schemas import ExportView

KEPT = timedelta(days=7)

_COLUMNS = """
e.export_id, e.path, e.format, j.state, j.progress, j.stage, j.code, j.detail, e.file_name, e.rows, e.bytes,
e.created_at, j.ended_at, e.expires_at, e.erased_at
"""


class Order(NamedTuple):
    """What a file is made of, and for whom."""

    path: str
    format: str
    principal: Principal


async def insert(conn: Connection, export_id: UUID, order: Order, *, members: bool, now: datetime) -> None:
    await conn.execute(
        """INSERT INTO exports (export_id, subject, principal, path, format, members, created_at, expires_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)""",
        export_id,
        _owner(order.principal),
        msgspec.to_builtins(order.principal),
        order.path,
        order.format,
        members,
        now,
        now + KEPT,
    )


def _owner(principal: Principal) -> str:
    return f"{principal.kind}:{principal.subject}"


async def count_open(conn: Connection, principal: Principal) -> int:
    """Count somebody's files that are being made; nobody adds one before this transaction ends."""
    owner = _owner(principal)
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 5))", f"exports of {owner}")
    found: int = await conn.fetchval(
        """SELECT count(*) FROM exports e JOIN jobs j ON j.job_id = e.export_id
           WHERE e.subject = $1 AND j.state IN ('queued', 'running')""",
        owner,
    )
    return found


async def read_order(conn: Connection, export_id: UUID) -> Order | None:
    """Read what a file is to be made of; None where a member was erased since it was asked for."""
    row = await conn.fetchrow(
        "SELECT path, format, principal FROM exports WHERE export_id = $1 AND erased_at IS NULL", export_id
    )
    return None if row is None else Order(row[0], row[1], msgspec.convert(row[2], Principal))


async def read(conn: Connection, principal: Principal, export_id: UUID) -> ExportView | None:
    """Read a file of somebody's own."""
    row = await conn.fetchrow(
        f"""SELECT {_COLUMNS} FROM exports e JOIN jobs j ON j.job_id = e.export_id
            WHERE e.export_id = $1 AND e.subject = $2""",  # noqa: S608 - names of ours
        export_id,
        _owner(principal),
    )
    return None if row is None else ExportView(**row)


async def page(conn: Connection, principal: Principal, *, before: UUID, limit: int) -> list[ExportView]:
    """Read somebody's own files, the newest first."""
    rows = await conn.fetch(
        f"""SELECT {_COLUMNS} FROM exports e JOIN jobs j ON j.job_id = e.export_id
            WHERE e.subject = $1 AND e.export_id < $2 ORDER BY e.export_id DESC LIMIT $3""",  # noqa: S608
        _owner(principal),
        before,
        limit,
    )
    return [ExportView(**row) for row in rows]


async def add_part(conn: Connection, export_id: UUID, part: int, content: bytes) -> None:
    await conn.execute("INSERT INTO export_parts VALUES ($1, $2, $3)", export_id, part, content)


async def read_part(conn: Connection, export_id: UUID, part: int) -> bytes | None:
    content: bytes | None = await conn.fetchval(
        "SELECT content FROM export_parts WHERE export_id = $1 AND part = $2", export_id, part
    )
    return content


async def forget_parts(conn: Connection, export_id: UUID, lease: int) -> None:
    """Forget what was written of a file, unless another worker is writing it now."""
    await conn.execute(
        """DELETE FROM export_parts p USING jobs j WHERE p.export_id = $1 AND j.job_id = $1
             AND (j.lease = $2 OR j.state <> 'running')""",
        export_id,
        lease,
    )


async def finish(conn: Connection, export_id: UUID, made: Mapping[str, Any], *, now: datetime) -> bool:
    """Say what the whole file is; False where a member was erased who may be in it."""
    found = await conn.fetchval(
        """UPDATE exports SET file_name = $2, media_type = $3, rows = $4, bytes = $5, expires_at = $6
           WHERE export_id = $1 AND erased_at IS NULL RETURNING true""",
        export_id,
        made["file_name"],
        made["media_type"],
        made["rows"],
        made["bytes"],
        now + KEPT,
    )
    return bool(found)


async def read_file(conn: Connection, export_id: UUID) -> asyncpg.Record | None:
    """Read name, media type and bytes of a file, and the rights of whoever asked for it."""
    return await conn.fetchrow(
        "SELECT file_name, media_type, bytes, principal FROM exports WHERE export_id = $1", export_id
    )


async def forget_old(conn: Connection, *, now: datetime, limit: int) -> int:
    """Forget some files whose time is over, and parts of some that came to nothing."""
    old: Sequence[UUID] = [
        row[0]
        for row in await conn.fetch(
            """SELECT export_id FROM exports e WHERE expires_at < $1
                 AND NOT EXISTS (SELECT FROM jobs j WHERE j.job_id = e.export_id
                                   AND j.state IN ('queued', 'running'))
               ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED""",
            now,
            limit,
        )
    ]
    await conn.execute("DELETE FROM export_parts WHERE export_id = ANY($1::uuid[])", old)
    await conn.execute("DELETE FROM exports WHERE export_id = ANY($1::uuid[])", old)
    await conn.execute(
        """DELETE FROM export_parts WHERE export_id IN (
               SELECT job_id FROM jobs WHERE state IN ('failed', 'cancelled') AND ended_at > $1
                 AND kind = 'export')""",
        now - KEPT,
    )
    return len(old)


async def erase(conn: Connection, *, now: datetime) -> int:
    """Forget every file that may be about people, of whom one is being erased; gives how many.

    Filters go as well, which may have been the person's name.
    """
    gone = await conn.fetch(
        """UPDATE exports SET erased_at = $1, path = split_part(path, '?', 1)
           WHERE members AND erased_at IS NULL RETURNING export_id""",
        now,
    )
    await conn.execute("DELETE FROM export_parts WHERE export_id = ANY($1::uuid[])", [row[0] for row in gone])
    return len(gone)
