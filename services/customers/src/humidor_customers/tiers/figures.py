"""Keeps the figures by which customers are scored."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypeAlias

from humidor_common.db.columns import columns_of
from humidor_common.db.pool import Connection
from humidor_customers.tiers.schemas import FigureItem

FigureKey: TypeAlias = tuple[str, str, date]

_WRITE = """
INSERT INTO tier_figures (retailer_id, measure, begins_on, value, recorded_at)
SELECT *, $5 FROM unnest($1::text[], $2::text[], $3::date[], $4::bigint[]) ORDER BY 2, 3, 1
ON CONFLICT (measure, begins_on, retailer_id) DO UPDATE
SET value = excluded.value, recorded_at = excluded.recorded_at
"""


async def current_figures(conn: Connection, keys: Sequence[Any]) -> Mapping[Any, dict[str, Any]]:
    """Read figures by customer, measure and day."""
    rows = await conn.fetch(
        """SELECT f.retailer_id, f.measure, f.begins_on, f.value
           FROM unnest($1::text[], $2::text[], $3::date[]) AS k(retailer_id, measure, begins_on)
           JOIN tier_figures f USING (retailer_id, measure, begins_on)""",
        *columns_of(keys),
    )
    return {(row[0], row[1], row[2]): dict(row) for row in rows}


async def write_figures(conn: Connection, figures: Sequence[FigureItem], now: datetime) -> None:
    rows = [(each.retailer_id, each.measure, each.begins_on, each.value) for each in figures]
    if rows:
        await conn.execute(_WRITE, *columns_of(rows), now)
