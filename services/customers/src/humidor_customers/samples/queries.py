"""Statements over consultations and sample requests."""

from datetime import datetime
from typing import Any
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_customers.conditions import Conditions
from humidor_customers.samples.schemas import Filters, PresaleView

COLUMNS = tuple(name for name in PresaleView.model_fields if name != "steps")
_SELECT = f"""
SELECT {", ".join(f"p.{name}" for name in COLUMNS)},
       (SELECT jsonb_agg(jsonb_build_object('state', s.state, 'note', s.note, 'taken_by', s.taken_by,
                                            'taken_at', s.taken_at) ORDER BY s.version)
        FROM presale_steps s WHERE s.presale_id = p.presale_id) AS steps
FROM presales p
"""  # noqa: S608 - names of ours
_WRITE = f"""
INSERT INTO presales ({", ".join(COLUMNS)})
SELECT {", ".join(COLUMNS)} FROM jsonb_populate_record(NULL::presales, $1)
ON CONFLICT (presale_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])}
"""  # noqa: S608 - names of ours
_CONVERSIONS = """
WITH opened AS (SELECT * FROM presales WHERE opened_at >= $1 AND opened_at < $2),
states AS (SELECT kind, jsonb_object_agg(state, n) AS by_state
           FROM (SELECT kind, state, count(*) AS n FROM opened GROUP BY 1, 2) s GROUP BY 1),
worth AS (SELECT kind, jsonb_object_agg(currency, total) AS value_minor
          FROM (SELECT kind, currency, sum(value_minor) AS total FROM opened
                WHERE state = 'converted' AND currency IS NOT NULL GROUP BY 1, 2) w GROUP BY 1)
SELECT o.kind, count(*) AS opened, s.by_state, coalesce(w.value_minor, '{}') AS value_minor,
       count(*) FILTER (WHERE o.state = 'converted') AS converted,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM o.closed_at - o.opened_at) / 86400.0)
           FILTER (WHERE o.state = 'converted') AS median_days
FROM opened o JOIN states s USING (kind) LEFT JOIN worth w USING (kind)
GROUP BY o.kind, s.by_state, w.value_minor ORDER BY o.kind
"""


async def write(conn: Connection, row: dict[str, Any], step: tuple[str | None, str, datetime]) -> None:
    """Write a presale, and the step (note, by whom, when) that brought it where it is."""
    await conn.execute(_WRITE, {name: row[name] for name in COLUMNS})
    await conn.execute(
        """INSERT INTO presale_steps (presale_id, version, state, note, taken_by, taken_at)
           VALUES ($1, $2, $3, $4, $5, $6)""",
        row["presale_id"],
        row["version"],
        row["state"],
        *step,
    )


async def read(conn: Connection, presale_id: UUID, *, lock: bool = False) -> Any:
    if lock:
        await conn.execute("SELECT FROM presales WHERE presale_id = $1 FOR UPDATE", presale_id)
    return await conn.fetchrow(f"{_SELECT} WHERE p.presale_id = $1", presale_id)


async def page(conn: Connection, filters: Filters, *, before: UUID, limit: int) -> list[Any]:
    """Read presales, the newest first."""
    query = Conditions()
    query.where("p.presale_id < ?", before)
    if filters.kind is not None:
        query.where("p.kind = ?", filters.kind)
    if filters.retailer_id is not None:
        query.where("p.retailer_id = ?", filters.retailer_id)
    if filters.open is not None:
        query.where("p.closed_at IS NULL" if filters.open else "p.closed_at IS NOT NULL")
    text = f"{_SELECT} WHERE {query.sql} ORDER BY p.presale_id DESC LIMIT {limit}"
    found: list[Any] = await conn.fetch(text, *query.arguments)
    return found


async def conversions(conn: Connection, since: datetime, until: datetime) -> list[Any]:
    found: list[Any] = await conn.fetch(_CONVERSIONS, since, until)
    return found
