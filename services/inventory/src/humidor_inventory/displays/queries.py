"""Statements over display cabinets; what was sold since the last refill is read from the ledger's own key."""

from datetime import datetime
from typing import Any, NamedTuple

from humidor_common.db.pool import Connection
from humidor_inventory.displays.rules import Cabinet, drawn, place
from humidor_inventory.displays.schemas import DisplayView
from humidor_inventory.units.rules import Factors

# An entry is recorded under the time at which its transaction began, which lasts half a minute at most.
_READ = """
SELECT d.*, p.name, p.sticks_per_pack, p.packs_per_carton, p.cartons_per_case,
       coalesce(s.on_hand_sticks, 0) AS on_hand_sticks, m.lines, l.lot AS from_lot,
       l.expiry_date AS from_lot_expires_on
FROM displays d JOIN products p USING (gtin) LEFT JOIN stock s USING (store_id, gtin)
LEFT JOIN stores t USING (store_id)
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(sticks), '{{}}') AS lines FROM (
        SELECT sum(delta_sticks)::bigint AS sticks FROM stock_ledger
        WHERE store_id = d.store_id AND gtin = d.gtin AND recorded_at > d.filled_at - interval '1 minute'
          AND entry_id > d.filled_position AND bucket = 'on_hand' AND reason IN ('sale', 'return', 'void')
        GROUP BY source_id, line) e) m
LEFT JOIN LATERAL (
    SELECT lot, expiry_date FROM lot_stock
    WHERE store_id = d.store_id AND gtin = d.gtin AND live AND on_hand_sticks > 0 AND NOT held
      AND (expiry_date IS NULL OR expiry_date >= (now() AT TIME ZONE coalesce(t.time_zone, 'UTC'))::date)
    ORDER BY expiry_date NULLS LAST, production_date NULLS LAST, received_at NULLS LAST, lot LIMIT 1
) l ON true
WHERE {filters} ORDER BY d.store_id, d.gtin LIMIT $1
"""


class DisplayFilter(NamedTuple):
    """Which places; None is all."""

    visible: list[str] | None
    gtin: str | None = None
    after: tuple[str, str] | None = None


async def read_displays(conn: Connection, wanted: DisplayFilter, *, limit: int) -> list[DisplayView]:
    conditions = {
        "d.store_id = ANY(${}::text[])": wanted.visible,
        "d.gtin = ${}": wanted.gtin,
        "(d.store_id, d.gtin) > (${}, ${})": wanted.after,
    }
    filters = ["true"]
    arguments: list[Any] = []
    for text, value in conditions.items():
        if value is not None:
            values = list(value) if isinstance(value, tuple) else [value]
            first = len(arguments) + 2
            filters.append(text.format(*range(first, first + len(values))))
            arguments.extend(values)
    rows = await conn.fetch(_READ.format(filters=" AND ".join(filters)), limit, *arguments)
    return [_view(row) for row in rows]


async def put_display(
    conn: Connection, place_of: tuple[str, str], sizes: tuple[int, int], by: str, now: datetime
) -> None:
    """Make room for a product, empty until somebody says that it is filled; or change the room it has."""
    await conn.execute(
        """INSERT INTO displays (store_id, gtin, capacity_packs, refill_at_packs, filled_sticks, filled_at,
                                 filled_position, filled_by)
           VALUES ($1, $2, $3, $4, 0, $5, 0, $6)
           ON CONFLICT (store_id, gtin) DO UPDATE SET capacity_packs = $3, refill_at_packs = $4""",
        *place_of,
        *sizes,
        now,
        by,
    )


async def fill_display(
    conn: Connection, place_of: tuple[str, str], sticks: int, by: str, now: datetime
) -> None:
    """Note what the cabinet holds, and up to which entry that counts; the store is locked."""
    await conn.execute(
        """UPDATE displays d SET filled_sticks = $3, filled_at = $4, filled_by = $5,
                  filled_position = greatest(d.filled_position, (
                      SELECT coalesce(max(entry_id), 0) FROM stock_ledger
                      WHERE store_id = $1 AND gtin = $2 AND recorded_at > d.filled_at - interval '1 minute'))
           WHERE store_id = $1 AND gtin = $2""",
        *place_of,
        sticks,
        now,
        by,
    )


def _view(row: Any) -> DisplayView:
    factors = Factors.of(row["sticks_per_pack"], row["packs_per_carton"], row["cartons_per_case"])
    sizes = (row["capacity_packs"] * factors.pack, row["refill_at_packs"] * factors.pack)
    placing = place(
        Cabinet(*sizes, row["filled_sticks"]), row["on_hand_sticks"], drawn(row["lines"], factors), factors
    )
    own = {name: row[name] for name in DisplayView.model_fields if name in row}
    return DisplayView(**own, **placing._asdict())
