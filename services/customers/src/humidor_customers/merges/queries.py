"""Statements over merges."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_common.db.rows import insert_row
from humidor_customers.conditions import Conditions
from humidor_customers.merges.rules import Document
from humidor_customers.merges.schemas import Filters, MergeView

_COLUMNS = tuple(MergeView.model_fields)
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM merges"  # noqa: S608 - names of ours


async def children_of(conn: Connection, retailer_id: str) -> list[str]:
    """Name those whose parent it is, merged records too: they refer to it as well."""
    rows = await conn.fetch(
        "SELECT retailer_id FROM retailers WHERE parent_id = $1 ORDER BY retailer_id", retailer_id
    )
    return [row[0] for row in rows]


async def move(conn: Connection, table: str, key: str, from_to: tuple[str, str]) -> list[UUID]:
    """Move notes or checks from one customer to another; gives which."""
    rows = await conn.fetch(
        f"UPDATE {table} SET retailer_id = $2 WHERE retailer_id = $1 RETURNING {key}",  # noqa: S608
        *from_to,
    )
    return sorted(row[0] for row in rows)


async def move_parties(conn: Connection, table: str, key: str, from_to: tuple[str, str]) -> list[UUID]:
    """Move what may concern customers of either kind; gives which."""
    rows = await conn.fetch(
        f"""UPDATE {table} SET party_id = $2 WHERE party_kind = 'retailer' AND party_id = $1
            RETURNING {key}""",  # noqa: S608 - names of ours
        *from_to,
    )
    return sorted(row[0] for row in rows)


async def move_parties_back(conn: Connection, table: str, key: str, ids: Sequence[str], to: str) -> None:
    await conn.execute(
        f"UPDATE {table} SET party_id = $2 WHERE {key} = ANY($1::uuid[])",  # noqa: S608 - names of ours
        ids,
        to,
    )


async def move_handles(conn: Connection, from_to: tuple[str, str]) -> list[list[str]]:
    """Move under which names a customer is known over channels; gives account and name of each."""
    rows = await conn.fetch(
        """UPDATE channel_handles SET party_id = $2 WHERE party_kind = 'retailer' AND party_id = $1
           RETURNING account_id, handle""",
        *from_to,
    )
    return sorted([row[0], row[1]] for row in rows)


async def move_handles_back(
    conn: Connection, handles: Sequence[Sequence[str]], from_to: tuple[str, str]
) -> None:
    """Give names back that nobody has bound to a third customer since."""
    await conn.execute(
        """UPDATE channel_handles h SET party_id = $3 FROM jsonb_array_elements($1::jsonb) e
           WHERE h.account_id = e->>0 AND h.handle = e->>1
             AND h.party_kind = 'retailer' AND h.party_id = $2""",
        list(handles),
        *from_to,
    )


async def move_back(conn: Connection, table: str, key: str, ids: Sequence[str], to: str) -> None:
    await conn.execute(
        f"UPDATE {table} SET retailer_id = $2 WHERE {key} = ANY($1::uuid[])",  # noqa: S608 - names of ours
        ids,
        to,
    )


async def move_checks_of(conn: Connection, from_to: tuple[str, str], licence_number: str) -> None:
    """Let the checks of a licence that were recorded since go along with it."""
    await conn.execute(
        "UPDATE licence_checks SET retailer_id = $2 WHERE retailer_id = $1 AND licence_number = $3",
        *from_to,
        licence_number,
    )


async def orders_since(conn: Connection, retailer_id: str, since: datetime) -> list[UUID]:
    rows = await conn.fetch(
        "SELECT order_id FROM orders WHERE retailer_id = $1 AND placed_at > $2 ORDER BY order_id LIMIT 1000",
        retailer_id,
        since,
    )
    return [row[0] for row in rows]


async def write(conn: Connection, row: Document) -> None:
    """Write a new merge with all that undoing it needs."""
    await insert_row(conn, "merges", row)


async def lock(conn: Connection, merge_id: UUID) -> Document | None:
    row = await conn.fetchrow("SELECT * FROM merges WHERE merge_id = $1 FOR UPDATE", merge_id)
    return None if row is None else dict(row)


async def later(conn: Connection, survivor_id: str, merge_id: UUID) -> UUID | None:
    """Find the newest standing merge of a customer after one, in either part of it."""
    found: UUID | None = await conn.fetchval(
        """SELECT merge_id FROM merges
           WHERE (survivor_id = $1 OR merged_id = $1) AND merge_id > $2 AND undone_at IS NULL
           ORDER BY merge_id DESC LIMIT 1""",
        survivor_id,
        merge_id,
    )
    return found


async def mark_undone(conn: Connection, merge_id: UUID, *values: Any) -> None:
    await conn.execute(
        "UPDATE merges SET undone_at = $2, undone_by = $3, undo_reason = $4, kept = $5 WHERE merge_id = $1",
        merge_id,
        *values,
    )


async def read(conn: Connection, merge_id: UUID) -> MergeView | None:
    row = await conn.fetchrow(f"{_SELECT} WHERE merge_id = $1", merge_id)
    return None if row is None else MergeView(**row)


async def page(conn: Connection, filters: Filters, *, before: UUID, limit: int) -> list[MergeView]:
    """Read merges, the newest first."""
    query = Conditions()
    query.where("merge_id < ?", before)
    if filters.survivor_id:
        query.where("survivor_id = ?", filters.survivor_id)
    if filters.merged_id:
        query.where("merged_id = ?", filters.merged_id)
    statement = f"{_SELECT} WHERE {query.sql} ORDER BY merge_id DESC LIMIT {limit}"
    return [MergeView(**row) for row in await conn.fetch(statement, *query.arguments)]
