"""Statements over what runs found."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_customers.jobs.queries import Claimed


async def clear(conn: Connection, job: Claimed) -> None:
    """Leave nothing of a run, unless another worker has it by now."""
    await conn.execute(
        """DELETE FROM mining_rows WHERE run_id = $1
           AND EXISTS (SELECT FROM jobs WHERE job_id = $1 AND lease = $2)""",
        job.job_id,
        job.lease,
    )


async def add(conn: Connection, run_id: UUID, first: int, rows: Sequence[dict[str, Any]]) -> None:
    await conn.execute(
        """INSERT INTO mining_rows (run_id, place, found)
           SELECT $1, $2 + n - 1, e FROM jsonb_array_elements($3::jsonb) WITH ORDINALITY AS a(e, n)""",
        run_id,
        first,
        rows,
    )


_FORGET_ERASED = """
DELETE FROM mining_rows r USING consumers c
WHERE r.run_id = $1 AND r.found ? 'customer_id' AND r.found->>'customer_kind' = 'consumer'
  AND c.member_id = r.found->>'customer_id' AND c.ended_why = 'erased'
"""


async def forget_erased(conn: Connection, run_id: UUID) -> None:
    """Forget members who were erased while the run went on."""
    await conn.execute(_FORGET_ERASED, run_id)


async def page(
    conn: Connection, run_id: UUID, *, customer_id: str | None, after: int, limit: int
) -> list[tuple[int, dict[str, Any]]]:
    """Read what a run found in its order, of all or of one customer."""
    of = "" if customer_id is None else "AND found ? 'customer_id' AND found->>'customer_id' = $4"
    found = await conn.fetch(
        f"""SELECT place, found FROM mining_rows WHERE run_id = $1 AND place > $2 {of}
            ORDER BY place LIMIT $3""",  # noqa: S608 - a constant
        run_id,
        after,
        limit,
        *([] if customer_id is None else [customer_id]),
    )
    return [(row[0], row[1]) for row in found]


RULE_ITEMS = """
SELECT r.place, i.side, i.number, i.item FROM mining_rows r CROSS JOIN LATERAL (
    SELECT s.side, e.number, e.item FROM (VALUES ('antecedent'), ('consequent')) s(side)
    CROSS JOIN jsonb_array_elements_text(r.found->s.side) WITH ORDINALITY e(item, number)) i
WHERE r.run_id = $1 AND r.place >= $2 AND (r.place, i.side, i.number) > ($2, $3, $4)
ORDER BY 1, 2, 3 LIMIT $5
"""
SEQUENCE_ITEMS = """
SELECT r.place, s.step, e.number, e.item FROM mining_rows r
CROSS JOIN jsonb_array_elements(r.found->'steps') WITH ORDINALITY s(items, step)
CROSS JOIN jsonb_array_elements_text(s.items) WITH ORDINALITY e(item, number)
WHERE r.run_id = $1 AND r.place >= $2 AND (r.place, s.step, e.number) > ($2, $3, $4)
ORDER BY 1, 2, 3 LIMIT $5
"""


async def page_items(
    conn: Connection, statement: str, run_id: UUID, *, after: tuple[int, Any, int], limit: int
) -> list[dict[str, Any]]:
    """Read the items of rules or patterns one by one, after the place, side (or step) and number of one."""
    return [dict(row) for row in await conn.fetch(statement, run_id, *after, limit)]
