"""Statements over runs and over what they came to."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import asyncpg

from humidor_common.db.pool import Connection
from humidor_common.db.rows import insert_row
from humidor_customers.allocation.rules import Cells
from humidor_customers.allocation.schemas import RunView

_COLUMNS = tuple(RunView.model_fields)
_CELLS = ("run_id", "gtin", "tier", "price_segment", *Cells._fields[1:])
_SHARES = (
    "run_id",
    "retailer_id",
    "gtin",
    "requested_sticks",
    "cap_sticks",
    "segment_cap_sticks",
    "ordered_sticks",
    "supplied_sticks",
)
_SHARES_OF = """
SELECT s.*, t.ordered AS all_ordered_sticks, t.supplied AS all_supplied_sticks
FROM allocation_shares s
LEFT JOIN LATERAL (
    SELECT sum(c.ordered_sticks)::bigint AS ordered, sum(c.supplied_sticks)::bigint AS supplied
    FROM allocation_cells c WHERE c.run_id = s.run_id AND c.gtin = s.gtin
) t ON true
WHERE s.run_id = $1 AND s.retailer_id = ANY($2::text[]) AND s.gtin > $3
ORDER BY s.gtin LIMIT $4
"""


async def write(conn: Connection, run: RunView) -> None:
    await insert_row(conn, "allocation_runs", run.model_dump())


async def write_cells(conn: Connection, run_id: UUID, rows: Iterable[tuple[Any, ...]]) -> None:
    await conn.copy_records_to_table(
        "allocation_cells", records=((run_id, *row) for row in rows), columns=_CELLS
    )


async def write_shares(conn: Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    await conn.copy_records_to_table("allocation_shares", records=rows, columns=_SHARES)


async def end_force(conn: Connection, cycle_id: UUID) -> None:
    await conn.execute(
        "UPDATE allocation_runs SET in_force = false WHERE cycle_id = $1 AND in_force", cycle_id
    )


async def read(conn: Connection, run_id: UUID) -> RunView | None:
    row = await conn.fetchrow("SELECT * FROM allocation_runs WHERE run_id = $1", run_id)
    return RunView(**row) if row else None


async def in_force(conn: Connection, cycle_id: UUID) -> RunView | None:
    row = await conn.fetchrow("SELECT * FROM allocation_runs WHERE cycle_id = $1 AND in_force", cycle_id)
    return RunView(**row) if row else None


async def page(conn: Connection, strategy_id: UUID, *, before: UUID, limit: int) -> list[RunView]:
    """Read the runs of a strategy, the newest first."""
    rows = await conn.fetch(
        """SELECT * FROM allocation_runs WHERE strategy_id = $1 AND run_id < $2
           ORDER BY run_id DESC LIMIT $3""",
        strategy_id,
        before,
        limit,
    )
    return [RunView(**row) for row in rows]


async def shares_of(
    conn: Connection, run_id: UUID, retailer_ids: Sequence[str], *, after: str, limit: int
) -> list[asyncpg.Record]:
    """Read shares of a run, with what all customers together ordered and got."""
    return await conn.fetch(_SHARES_OF, run_id, list(retailer_ids), after, limit)
