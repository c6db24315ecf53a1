"""Which lots lay in an excursion: written down while the ledger back to its start is short."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_common.events.inventory import ExposedLot
from humidor_inventory.zones.queries import LYING

NAMED_LOTS = 2000

# The peak that a lot met: of the whole excursion where it lay there all the time, else from the rollups of
# five minutes of the sensors that hung in the zone then.
_WRITE = f"""
WITH lying AS ({LYING}), gone AS (DELETE FROM climate_exposures WHERE excursion_id = $5)
SELECT y.gtin, y.lot, y.lay_from, y.lay_until, y.sticks,
       CASE WHEN y.lay_from <= $3 AND y.lay_until >= $4 THEN $8::float8 ELSE (
           SELECT CASE WHEN $7 THEN max(CASE $6 WHEN 'temperature' THEN r.temperature_max / 100.0
                       WHEN 'humidity' THEN r.humidity_max / 100.0 ELSE r.light_max / 10.0 END)
                  ELSE min(CASE $6 WHEN 'temperature' THEN r.temperature_min / 100.0
                       WHEN 'humidity' THEN r.humidity_min / 100.0 ELSE r.light_min / 10.0 END) END
           FROM climate_bindings b JOIN climate_rollups r USING (device_no)
           WHERE r.span_seconds = 300 AND b.store_id = $1 AND b.zone_id = $2
             AND (b.bound_until IS NULL OR b.bound_until > y.lay_from) AND b.bound_from < y.lay_until
             AND r.bucket_at > y.lay_from - interval '5 minutes' AND r.bucket_at < y.lay_until)::float8
       END AS peak_value
FROM lying y ORDER BY 1, 2, 3
"""  # noqa: S608 - made of constants
_KEEP = """
INSERT INTO climate_exposures (excursion_id, gtin, lot, exposed_from, exposed_until, sticks, peak_value)
SELECT $1, e->>0, e->>1, (e->>2)::timestamptz, (e->>3)::timestamptz, (e->>4)::bigint, (e->>5)::float8
FROM jsonb_array_elements($2::jsonb) e
"""


class Exposing(NamedTuple):
    """An excursion as far as it is known: until now where it goes on."""

    excursion_id: UUID
    store_id: str
    zone_id: str
    measure: str
    started_at: datetime
    until: datetime
    peak_value: float
    limit_value: float


async def write_exposures(
    conn: Connection, exposing: Exposing, *, now: datetime
) -> tuple[list[ExposedLot], int]:
    """Write anew which lots lay there; gives those to be named in an event, and how many there are."""
    e = exposing
    rows: Sequence[tuple[str, str, datetime, datetime, int, float | None]] = [
        (row[0], row[1], row[2], row[3], row[4], row[5])
        for row in await conn.fetch(
            _WRITE,
            e.store_id,
            e.zone_id,
            e.started_at,
            max(e.until, e.started_at),
            e.excursion_id,
            e.measure,
            e.peak_value > e.limit_value,
            e.peak_value,
        )
    ]
    await conn.execute(_KEEP, e.excursion_id, rows)
    await conn.execute(
        "UPDATE climate_excursions SET exposed_at = $2 WHERE excursion_id = $1", e.excursion_id, now
    )
    named = [
        ExposedLot(gtin=r[0], lot=r[1], exposed_from=r[2], exposed_until=r[3], quantity_sticks=r[4])
        for r in rows[:NAMED_LOTS]
    ]
    return named, len(rows)


async def refresh_exposures(conn: Connection, *, before: datetime, now: datetime, limit: int = 20) -> int:
    """Look again which lots have come into excursions that go on, and were looked at before `before`."""
    rows = await conn.fetch(
        """SELECT excursion_id, store_id, zone_id, measure, started_at, peak_value, limit_value
           FROM climate_excursions WHERE state = 'open' AND exposed_at < $1
           ORDER BY exposed_at LIMIT $2 FOR UPDATE SKIP LOCKED""",
        before,
        limit,
    )
    for row in rows:
        excursion_id, store_id, zone_id, measure, started_at, peak, limit_value = row
        exposing = Exposing(excursion_id, store_id, zone_id, measure, started_at, now, peak, limit_value)
        await write_exposures(conn, exposing, now=now)
    return len(rows)
