"""What is read of stock; every query walks an index from a store and product onwards."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from humidor_common.db.pool import Connection
from humidor_inventory.stock.rules import EXPLANATIONS, Lot, fefo_order, status
from humidor_inventory.stock.schemas import EntryView, LotView, StockItem
from humidor_inventory.units.rules import Factors, Unit, in_unit

_STOCK = """
SELECT s.store_id, s.gtin, p.sticks_per_pack, p.packs_per_carton, p.cartons_per_case, s.on_hand_sticks,
       s.quarantined_sticks, s.reserved_sticks - coalesce(o.over, 0), s.on_order_sticks,
       s.reorder_point_sticks, s.shortfall_sticks, coalesce(l.sellable, 0)
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
_ALL_LOTS = """
SELECT l.*, p.sticks_per_pack, p.packs_per_carton, p.cartons_per_case,
       (now() AT TIME ZONE coalesce(t.time_zone, 'UTC'))::date AS today
FROM lot_stock l JOIN products p USING (gtin) LEFT JOIN stores t USING (store_id)
"""
_LOTS = f"{_ALL_LOTS} WHERE l.store_id = $1 AND l.gtin = $2 AND (live OR $3)"
_LIST_LOTS = f"""{_ALL_LOTS}
WHERE {{filters}} AND (l.store_id, l.gtin, l.lot) > ($1, $2, $3)
ORDER BY l.store_id, l.gtin, l.lot LIMIT $4
"""
_LEDGER = """
SELECT entry_id, store_id, gtin, lot, bucket, delta_sticks, reason, explanation, source_id, line, occurred_at,
       recorded_at
FROM stock_ledger WHERE store_id = $1 AND gtin = $2 AND (recorded_at, entry_id) < ($3, $4)
ORDER BY recorded_at DESC, entry_id DESC LIMIT $5
"""
LATEST = (datetime(9999, 1, 1, tzinfo=UTC), 2**62)


class StockFilter(NamedTuple):
    """Which balances; None is all."""

    stores: list[str] | None
    gtins: list[str] | None


async def read_stock(
    conn: Connection, wanted: StockFilter, *, after: tuple[str, str], limit: int
) -> list[Any]:
    """Read rows for `stock_items`."""
    statement, arguments = stock_statement(wanted)
    rows: list[Any] = await conn.fetch(statement, *after, limit, *arguments)
    return rows


def stock_statement(wanted: StockFilter) -> tuple[str, list[Any]]:
    """Put the statement together; each filter given becomes an equality, so that the index it has is used.

    The cursor's store and product and the limit are the first three parameters.
    """
    filters = ["true"]
    arguments: list[Any] = []
    for column, values in (("s.store_id", wanted.stores), ("s.gtin", wanted.gtins)):
        if values is not None:
            arguments.append(values[0] if len(values) == 1 else values)
            one_or_any = "= ${}" if len(values) == 1 else "= ANY(${}::text[])"
            filters.append(f"{column} {one_or_any.format(3 + len(arguments))}")
    return _STOCK.format(filters=" AND ".join(filters)), arguments


class LotFilter(NamedTuple):
    """Which lots; None is all, and empty ones only where `include_empty`."""

    stores: list[str] | None
    gtin: str | None
    expires_before: date | None
    held: bool | None
    include_empty: bool


async def find_lots(
    conn: Connection, wanted: LotFilter, *, unit: Unit, after: tuple[str, str, str], limit: int
) -> list[LotView]:
    """Read lots across stores and products in the order of their keys."""
    conditions = {
        "l.store_id = ANY(${}::text[])": wanted.stores,
        "l.gtin = ${}": wanted.gtin,
        "l.expiry_date < ${}": wanted.expires_before,
        "l.held" if wanted.held else "NOT l.held": None if wanted.held is None else (),
        "l.live": None if wanted.include_empty else (),
    }
    filters, arguments = ["true"], []
    for text, value in conditions.items():
        if value is not None:
            arguments.extend([] if value == () else [value])
            filters.append(text.format(4 + len(arguments)))
    rows = await conn.fetch(_LIST_LOTS.format(filters=" AND ".join(filters)), *after, limit, *arguments)
    return [_lot(row, _lot_of(row), unit, row["today"]) for row in rows]


async def list_lots(
    conn: Connection, store_id: str, gtin: str, *, unit: Unit, include_empty: bool
) -> list[LotView]:
    rows = {row["lot"]: row for row in await conn.fetch(_LOTS, store_id, gtin, include_empty)}
    lots = fefo_order(_lot_of(row) for row in rows.values())
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


def stock_items(rows: Iterable[Any], unit: Unit) -> list[StockItem]:
    """Show rows of `read_stock` in whole units.

    What is reserved comes without reservations that are over: those keep nothing.
    """
    items = []
    for row in rows:
        store_id, gtin, pack, packs, cartons, sticks, quarantined, reserved, ordered, point, short, sound = (
            row
        )
        size = 1 if unit == "stick" else pack if unit == "pack" else pack * packs
        if unit == "case":
            size *= cartons
        on_hand, loose = divmod(sticks, size) if sticks >= 0 else in_unit(sticks, size)
        reserved //= size
        ordered //= size
        items.append(
            StockItem(
                store_id,
                gtin,
                unit,
                on_hand,
                reserved,
                ordered,
                on_hand - reserved + ordered,
                None if point is None else -(-point // size),
                quarantined // size,
                sound // size,
                sticks,
                loose,
                short,
                short > 0,
            )
        )
    return items


def _lot_of(row: Any) -> Lot:
    return Lot(
        row["lot"],
        row["on_hand_sticks"],
        row["quarantined_sticks"],
        row["expiry_date"],
        row["production_date"],
        row["received_at"],
        row["held"],
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
        held_since=row["held_since"],
    )
