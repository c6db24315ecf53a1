"""Single rows, written from their columns by name."""

from collections.abc import Mapping
from typing import Any

from humidor_common.db.pool import Connection


async def insert_row(conn: Connection, table: str, row: Mapping[str, Any]) -> None:
    """Insert a row; the names of table and columns are the program's own, never a caller's."""
    places = ", ".join(f"${n}" for n, _ in enumerate(row, 1))
    statement = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})"  # noqa: S608 - names of ours
    await conn.execute(statement, *row.values())
