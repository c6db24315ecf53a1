"""Loads balances under their stores' locks, and writes ledger entries with the balances that follow.

Batches travel as one JSON array a statement: asyncpg spends 0.3 us on each element of an array parameter,
msgspec 0.02 us on each element of a document, and PostgreSQL takes it apart faster than it unnests arrays.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from humidor_common.db.pool import Connection
from humidor_common.db.statements import Statement, write_together
from humidor_inventory.stock.changes import note_change
from humidor_inventory.stock.flows import flows_of, set_days
from humidor_inventory.stock.rules import Lot
from humidor_inventory.stock.shelf import Pair, Shelf, Shelves
from humidor_inventory.stock.telling import tell_lots
from humidor_inventory.units.queries import CATALOGUE_LOCK
from humidor_inventory.units.rules import Factors

# The catalogue first, then the stores: the branches run in the order in which they stand.
_LOCK_STORES = """
SELECT pg_advisory_xact_lock_shared($2) UNION ALL
SELECT pg_advisory_xact_lock(k) FROM (
    SELECT DISTINCT hashtextextended(s, 7301002) AS k FROM unnest($1::text[]) s ORDER BY k) keys
"""
# LATERAL ... OFFSET 0 makes the planner look each key up, whatever it believes about the size of the tables:
# a plan made while they were empty, or for 1,500 keys, would read them whole. ON CONFLICT does it for writes.
_STOCK_AND_LOTS = """
SELECT k.n, s.*, l.* FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY k(e, n)
LEFT JOIN LATERAL (
    SELECT on_hand_sticks, quarantined_sticks, reserved_sticks, on_order_sticks, reorder_point_sticks,
           alert_open, stock_out_open, negative_open
    FROM stock WHERE store_id = e->>0 AND gtin = e->>1 OFFSET 0) s ON true
LEFT JOIN LATERAL (
    SELECT lot, on_hand_sticks, quarantined_sticks, expiry_date, production_date, received_at, held,
           on_hand_sticks > 0, expiry_date
    FROM lot_stock WHERE store_id = e->>0 AND gtin = e->>1 AND live OFFSET 0) l ON true
"""
_KNOWN_STOCK_AND_LOTS = f"""{_STOCK_AND_LOTS.replace("l.*", "l.*, t.*, p.*")}
LEFT JOIN LATERAL (SELECT time_zone FROM stores WHERE store_id = e->>0 OFFSET 0) t ON true
LEFT JOIN LATERAL (SELECT sticks_per_pack, packs_per_carton, cartons_per_case, currency
                   FROM products WHERE gtin = e->>1 OFFSET 0) p ON true
"""  # noqa: S608 - made of constants
_NAMED_LOTS = """
SELECT l.* FROM jsonb_array_elements($1::jsonb) e
CROSS JOIN LATERAL (
    SELECT store_id, gtin, lot, on_hand_sticks, quarantined_sticks, expiry_date, production_date,
           received_at, held, on_hand_sticks > 0, expiry_date
    FROM lot_stock WHERE store_id = e->>0 AND gtin = e->>1 AND lot = e->>2 AND NOT live OFFSET 0) l
"""
_WRITE_STOCK = """
INSERT INTO stock (store_id, gtin, on_hand_sticks, quarantined_sticks, reserved_sticks, on_order_sticks,
                   shortfall_sticks)
SELECT e->>0, e->>1, (e->>2)::bigint, (e->>3)::bigint, (e->>4)::bigint, (e->>5)::bigint, (e->>6)::bigint
FROM jsonb_array_elements($1::jsonb) e
ON CONFLICT (store_id, gtin) DO UPDATE
SET on_hand_sticks = excluded.on_hand_sticks, quarantined_sticks = excluded.quarantined_sticks,
    reserved_sticks = excluded.reserved_sticks, on_order_sticks = excluded.on_order_sticks,
    shortfall_sticks = excluded.shortfall_sticks
"""
_WRITE_LEDGER = """
INSERT INTO stock_ledger (recorded_at, store_id, gtin, lot, bucket, delta_sticks, reason, explanation,
                          source_id, line, occurred_at, day)
SELECT $2, e->>0, e->>1, e->>2, e->>3, (e->>4)::bigint, e->>5, e->>6, (e->>7)::uuid, (e->>8)::int,
       (e->>9)::timestamptz, (e->>10)::date
FROM jsonb_array_elements($1::jsonb) e
"""
_WRITE_LOTS = """
INSERT INTO lot_stock AS l (store_id, gtin, lot, on_hand_sticks, quarantined_sticks, expiry_date,
                            production_date, received_at)
SELECT e->>0, e->>1, e->>2, (e->>3)::bigint, (e->>4)::bigint, (e->>5)::date, (e->>6)::date,
       (e->>7)::timestamptz
FROM jsonb_array_elements($1::jsonb) e
ON CONFLICT (store_id, gtin, lot) DO UPDATE
SET on_hand_sticks = excluded.on_hand_sticks, quarantined_sticks = excluded.quarantined_sticks,
    expiry_date = coalesce(excluded.expiry_date, l.expiry_date),
    production_date = coalesce(excluded.production_date, l.production_date),
    received_at = coalesce(excluded.received_at, l.received_at)
"""


class Known(NamedTuple):
    """What the master data say of the stores and products of shelves, by store or GTIN."""

    zones: dict[str, str]
    factors: dict[str, Factors]
    currencies: dict[str, str]


async def lock_stores(conn: Connection, store_ids: Iterable[str]) -> None:
    """Let one transaction at a time change the stock of these stores, and hold the catalogue; taken once.

    Every writer of balances, alerts, suggestions and orders takes it, in the order of the keys, so writers
    of one store wait for each other and never deadlock, and what they have read stays true.
    """
    await conn.execute(_LOCK_STORES, list(store_ids), CATALOGUE_LOCK)


async def load_shelves(
    conn: Connection,
    pairs: Iterable[Pair],
    named_lots: Collection[tuple[str, str, str]] = (),
    *,
    make: Callable[[str, str], Shelf] = Shelf,
    known: Known | None = None,
) -> Shelves:
    """Load the balances of (store, GTIN) `pairs` and their lots that hold anything; the stores are locked.

    `named_lots` are loaded even where they are empty, for their dates; `make` begins each shelf. What the
    master data say goes into `known`, where it is given.
    """
    ordered = sorted(set(pairs))
    shelves = {pair: make(*pair) for pair in ordered}
    if not ordered:
        return shelves
    by_number = list(shelves.values())
    for row in await conn.fetch(_STOCK_AND_LOTS if known is None else _KNOWN_STOCK_AND_LOTS, ordered):
        shelf, stock, lot = by_number[row[0] - 1], row[1:9], row[9:18]
        if not shelf.lots:
            if stock[0] is not None:
                shelf.load(*stock)
            if known is not None:
                _learn(known, shelf, row[18:])
        if lot[0] is not None:
            shelf.add(Lot(*lot))
    await add_named_lots(conn, shelves, named_lots)
    return shelves


async def add_named_lots(
    conn: Connection, shelves: Shelves, named_lots: Collection[tuple[str, str, str]]
) -> None:
    """Add those of the lots that hold nothing to shelves that were loaded without them."""
    if named_lots:
        for store_id, gtin, *columns in await conn.fetch(_NAMED_LOTS, sorted(named_lots)):
            shelves[store_id, gtin].add(Lot(*columns))


def _learn(known: Known, shelf: Shelf, columns: Any) -> None:
    zone, pack, packs, cartons, currency = columns
    if zone is not None:
        known.zones[shelf.store_id] = zone
    if pack is not None:
        known.factors[shelf.gtin] = Factors.of(pack, packs, cartons)
    if currency is not None:
        known.currencies[shelf.gtin] = currency


async def write_shelves(
    conn: Connection, shelves: Shelves, *, now: datetime, also: Sequence[Statement] = ()
) -> None:
    """Write the entries of all shelves, and the balances and daily flows that follow, set-based.

    `also` is written by the same statement.
    """
    await set_days(conn, shelves.values(), now)
    writes = [*also, *flows_of(shelves.values())]
    changed = [shelf for shelf in shelves.values() if shelf.entries]
    lots = [(shelf.store_id, shelf.gtin, lot) for shelf in changed for lot in shelf.changed_lots()]
    if changed:
        entries = [entry for shelf in changed for entry in shelf.entries]
        held = [(*pair, lot.lot, lot.on_hand, lot.quarantined, *lot.dates) for *pair, lot in lots]
        writes += [
            Statement(_WRITE_LEDGER, [entries, now]),
            Statement(_WRITE_LOTS, [held]),
            Statement(_WRITE_STOCK, [_balances(changed)]),
        ]
    await write_together(conn, writes)
    if changed:
        note_change({shelf.store_id for shelf in changed})
        await tell_lots(
            conn, [(store_id, gtin, lot.lot) for store_id, gtin, lot in lots if lot.news], now=now
        )


async def write_balances(conn: Connection, shelves: Iterable[Shelf]) -> None:
    """Write the balances of shelves whose stores this transaction has locked."""
    if rows := _balances(shelves):
        await conn.execute(_WRITE_STOCK, rows)
        note_change({row[0] for row in rows})


def _balances(shelves: Iterable[Shelf]) -> list[tuple[str, str, int, int, int, int, int]]:
    return [
        (s.store_id, s.gtin, s.on_hand, s.quarantined, s.reserved, s.on_order, s.shortfall) for s in shelves
    ]
