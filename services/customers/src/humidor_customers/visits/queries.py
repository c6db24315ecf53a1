"""Statements over visits, their plans and places."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_customers.visits.rules import Place

_ADD = """
INSERT INTO visits (visit_id, plan_id, stop, retailer_id, purpose, planned_on, visitor, state)
SELECT (e->>0)::uuid, (e->>1)::uuid, (e->>2)::int, e->>3, e->>4, (e->>5)::date, e->>6, 'planned'
FROM jsonb_array_elements($1::jsonb) e
"""
_DUE = """
SELECT p.retailer_id, p.latitude, p.longitude, p.every_days, v.arrived_at AS last_visited_at,
       coalesce((v.arrived_at AT TIME ZONE r.time_zone)::date + p.every_days, $2::date) AS due_on
FROM visit_places p JOIN retailers r USING (retailer_id)
LEFT JOIN LATERAL (SELECT arrived_at FROM visits d WHERE d.retailer_id = p.retailer_id AND d.state = 'done'
                   ORDER BY arrived_at DESC LIMIT 1) v ON true
WHERE r.sales_line = $1 AND r.state = 'active' AND r.merged_into IS NULL AND p.every_days IS NOT NULL
  AND p.retailer_id > $3
  AND coalesce((v.arrived_at AT TIME ZONE r.time_zone)::date + p.every_days, $2::date) <= $2
  AND NOT EXISTS (SELECT FROM visits n WHERE n.retailer_id = p.retailer_id AND n.state = 'planned'
                  AND n.planned_on >= $2)
ORDER BY p.retailer_id LIMIT $4
"""


async def places_of(conn: Connection, retailer_ids: Collection[str]) -> dict[str, Place]:
    rows = await conn.fetch(
        "SELECT retailer_id, latitude, longitude FROM visit_places WHERE retailer_id = ANY($1::text[])",
        sorted(retailer_ids),
    )
    return {row[0]: Place(row[1], row[2]) for row in rows}


async def live_of(conn: Connection, retailer_ids: Collection[str]) -> dict[str, set[str]]:
    """Give those of the customers that are neither closed nor merged, with their stores."""
    rows = await conn.fetch(
        """SELECT r.retailer_id, array_remove(array_agg(s.store_id), NULL) FROM retailers r
           LEFT JOIN retailer_stores s USING (retailer_id)
           WHERE r.retailer_id = ANY($1::text[]) AND r.state <> 'closed' AND r.merged_into IS NULL
           GROUP BY 1""",
        sorted(retailer_ids),
    )
    return {row[0]: set(row[1]) for row in rows}


async def add(conn: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    await conn.execute(_ADD, rows)


async def plan_of(conn: Connection, plan_id: UUID) -> Any:
    return await conn.fetchrow("SELECT * FROM visit_plans WHERE plan_id = $1", plan_id)


async def visits_of(conn: Connection, plan_ids: Sequence[UUID]) -> list[Any]:
    found: list[Any] = await conn.fetch(
        "SELECT * FROM visits WHERE plan_id = ANY($1::uuid[]) ORDER BY plan_id, stop", plan_ids
    )
    return found


async def visit_of(conn: Connection, visit_id: UUID, *, lock: bool = False) -> Any:
    suffix = " FOR UPDATE" if lock else ""
    return await conn.fetchrow(f"SELECT * FROM visits WHERE visit_id = $1{suffix}", visit_id)  # noqa: S608


async def due(conn: Connection, sales_line: str, day: date, *, after: str, limit: int) -> list[Any]:
    """Read the active customers of a line whose visit is due on a day and not planned yet."""
    found: list[Any] = await conn.fetch(_DUE, sales_line, day, after, limit)
    return found
