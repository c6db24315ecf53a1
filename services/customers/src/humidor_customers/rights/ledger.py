"""Writes and reads the chain of proof; one writer at a time, or two links would follow the same one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_customers.rights.rules import Link, link, write_entry

_COLUMNS = "seq, entry, previous, hash"


async def append(
    conn: Connection, request_id: UUID, what: str, at: datetime, facts: Mapping[str, Any] | None = None
) -> None:
    """Chain an entry: ids, counts and digests, never anything personal."""
    await conn.execute("SELECT pg_advisory_xact_lock(7401093)")
    last = await head(conn)
    seq = last.seq + 1 if last else 1
    made = link(last, write_entry(seq, request_id, what, at, facts or {}))
    await conn.execute(
        "INSERT INTO privacy_ledger (request_id, seq, entry, previous, hash) VALUES ($1, $2, $3, $4, $5)",
        request_id,
        *made,
    )


async def head(conn: Connection) -> Link | None:
    row = await conn.fetchrow(f"SELECT {_COLUMNS} FROM privacy_ledger ORDER BY seq DESC LIMIT 1")  # noqa: S608
    return Link(*row) if row else None


async def links_of(conn: Connection, request_id: UUID) -> list[Link]:
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM privacy_ledger WHERE request_id = $1 ORDER BY seq",  # noqa: S608
        request_id,
    )
    return [Link(*row) for row in rows]


async def links_after(conn: Connection, seq: int, limit: int) -> list[Link]:
    """Read the whole chain, a page at a time."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM privacy_ledger WHERE seq > $1 ORDER BY seq LIMIT $2",  # noqa: S608
        seq,
        limit,
    )
    return [Link(*row) for row in rows]
