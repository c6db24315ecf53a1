"""What is read of stock; every query walks an index from a store and product onwards."""

from datetime import UTC, date, datetime
from typing import Any

from humidor_common.db.pool import Connection
from humidor_inventory.stock.rules import EXPLANATIONS, Lot, fefo_order, status
from humidor_inventory.stock.schemas import EntryView, LotView, StockView
from humidor_inventory.units.rules import Factors, Unit, in_unit

_STOCK = """
SELECT s.*, p.sticks_per_pack, p.packs_per_carton, p.cartons_per_case, coalesce(l.sellable, 0) AS sellable,
       coalesce(o.over, 0) AS over_sticks
FROM stock s JOIN products p USING (gtin) LEFT JOIN stores t USING (store_id)
LEFT JOIN LATERAL (
    SELECT sum(on_hand_sticks)::bigint AS sellable FROM lot_stock
    WHERE store_id = s.store_id AND gtin = s.gtin AND live AND NOT held AND on_hand_sticks > 0
      AND (expiry_date IS NULL OR expiry_date >= (now() AT TIME ZONE coalesce(t.time_zone, 'UTC'))::date)
) l ON true
LEFT JOIN LATERAL (
    SELECT sum(quantity_sticks)::bigint AS over FROM reservations
    WHERE store_id = s.store_id AND gtin = s.gtin AND state = 'active' AND expires_at <= now()
      AND s.reserved_sticks > 0
) o ON true
WHERE {filters} AND (s.store_id, s.gtin) > ($1, $2)
ORDER BY s.store_id, s.gtin LIMIT $3
"""
_LOTS = """
SELECT l.*, p.sticks_per_pack, p.packs_per_carton, p.cartons_per_case, l.held,
       (now() AT TIME ZONE coalesce(t.time_zone, 'UTC'))::date AS today
FROM lot_stock l JOIN products p USING (gtin) LEFT JOIN stores t USING (store_id)
WHERE l.store_id = $1 AND l.gtin = $2 AND (live OR $3)
"""
_LEDGER = """
SELECT entry_id, store_id, gtin, lot, bucket, delta_sticks, reason, explanation, source_id, line, occurred_at,
       recorded_at
FROM stock_ledger WHERE store_id = $1 AND gtin = $2 AND (recorded_at, entry_id) < ($3, $4)
ORDER BY recorded_at DESC, entry_id DESC LIMIT $5
"""
LATEST = (datetime(9999, 1, 1, tzinfo=UTC), 2**62)


async def list_stock(
    conn: Connection,
    visible: list[str] | None,
    gtin: str | None,
    *,
    unit: Unit,
    after: tuple[str, str],
    limit: int,
) -> list[StockView]:
    """Read a page; each filter that is given becomes an equality, so that the index it has is used."""
    filters = ["true"]
    arguments: list[Any] = []
    if visible is not None and len(visible) == 1:
        arguments.append(visible[0])
        filters.append(f"s.store_id = ${3 + len(arguments)}")
    elif visible is not None:
        arguments.append(visible)
        filters.append(f"s.store_id = ANY(${3 + len(arguments)}::text[])")
    if gtin is not None:
        arguments.append(gtin)
        filters.append(f"s.gtin = ${3 + len(arguments)}")
    rows = await conn.fetch(_STOCK.format(filters=" AND ".join(filters)), *after, limit, *arguments)
    return [_stock(row, unit) for row in rows]


async def list_lots(
    conn: Connection, store_id: str, gtin: str, *, unit: Unit, include_empty: bool
) -> list[LotView]:
    rows = {row["lot"]: row for row in await conn.fetch(_LOTS, store_id, gtin, include_empty)}
    lots = fefo_order(
        Lot(
            lot,
            row["on_hand_sticks"],
            row["quarantined_sticks"],
            row["expiry_date"],
            row["production_date"],
            row["received_at"],
            row["held"],
        )
        for lot, row in rows.items()
    )
    return [_lot(rows[lot.lot], lot, unit, rows[lot.lot]["today"]) for lot in lots]


async def list_entries(
    conn: Connection, store_id: str, gtin: str, *, before: tuple[datetime, int], limit: int
) -> list[EntryView]:
    """Read the newest entries first."""
    rows = await conn.fetch(_LEDGER, store_id, gtin, *before, limit)
    return [EntryView(**row, why=EXPLANATIONS.get(row["explanation"], row["explanation"])) for row in rows]


def _size(row: Any, unit: Unit) -> int:
    factors = Factors.of(row["sticks_per_pack"], row["packs_per_carton"], row["cartons_per_case"])
    return int(getattr(factors, unit))


def _stock(row: Any, unit: Unit) -> StockView:
    size = _size(row, unit)
    on_hand, loose = in_unit(row["on_hand_sticks"], size)
    reserved = (
        row["reserved_sticks"] - row["over_sticks"]
    ) // size  # a reservation that is over keeps nothing
    on_order = row["on_order_sticks"] // size
    point = row["reorder_point_sticks"]
    return StockView(
        store_id=row["store_id"],
        gtin=row["gtin"],
        unit=unit,
        on_hand=on_hand,
        reserved=reserved,
        on_order=on_order,
        available=on_hand - reserved + on_order,
        reorder_point=None if point is None else -(-point // size),
        quarantined=row["quarantined_sticks"] // size,
        sellable=row["sellable"] // size,
        on_hand_sticks=row["on_hand_sticks"],
        loose_sticks=loose,
        shortfall_sticks=row["shortfall_sticks"],
        negative=row["shortfall_sticks"] > 0,
    )


def _lot(row: Any, lot: Lot, unit: Unit, day: date) -> LotView:
    size = _size(row, unit)
    return LotView(
        store_id=row["store_id"],
        gtin=row["gtin"],
        lot=lot.lot,
        status=status(lot, day),
        unit=unit,
        on_hand=in_unit(lot.on_hand, size)[0],
        quarantined=in_unit(lot.quarantined, size)[0],
        on_hand_sticks=lot.on_hand,
        quarantined_sticks=lot.quarantined,
        production_date=lot.production_date,
        expiry_date=lot.expiry_date,
        received_at=lot.received_at,
    )
