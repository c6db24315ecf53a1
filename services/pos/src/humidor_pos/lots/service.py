"""Takes over what inventory tells of lots and cartons; what is older than what is known changes nothing."""

from collections.abc import Collection, Iterable

from humidor_common.db.columns import columns_of
from humidor_common.db.pool import Connection
from humidor_common.events.inventory import CartonsReceived, LotChanged
from humidor_pos.revisions import next_revision

LOTS = "lots"

_UPSERT_LOTS = """
INSERT INTO lots AS known (store_id, gtin, lot, expiry_date, held, held_since, in_stock, version, changed_at,
                           revision)
SELECT *, $10 FROM unnest($1::text[], $2::text[], $3::text[], $4::date[], $5::bool[], $6::timestamptz[],
                          $7::bool[], $8::int[], $9::timestamptz[])
ON CONFLICT (store_id, gtin, lot) DO UPDATE SET
    expiry_date = excluded.expiry_date, held = excluded.held, held_since = excluded.held_since,
    in_stock = excluded.in_stock, version = excluded.version, changed_at = excluded.changed_at,
    revision = excluded.revision
WHERE known.version < excluded.version
"""
# A code that came twice belongs to the later receipt.
_UPSERT_CARTONS = """
INSERT INTO carton_lots AS known (store_id, code, gtin, lot, received_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[]) ORDER BY 1, 2
ON CONFLICT (store_id, code) DO UPDATE SET
    gtin = excluded.gtin, lot = excluded.lot, received_at = excluded.received_at
WHERE known.received_at < excluded.received_at
"""


async def take_over_lots(conn: Connection, lots: Iterable[LotChanged]) -> None:
    """Store the newest of each lot."""
    newest: dict[str, LotChanged] = {}
    for lot in lots:
        if lot.lot_id not in newest or newest[lot.lot_id].version < lot.version:
            newest[lot.lot_id] = lot
    if newest:
        revision = await next_revision(conn, LOTS)
        rows = [_row(newest[lot_id]) for lot_id in sorted(newest)]
        await conn.execute(_UPSERT_LOTS, *columns_of(rows), revision)


def _row(lot: LotChanged) -> tuple[object, ...]:
    return (
        lot.store_id,
        lot.gtin.zfill(14),
        lot.lot,
        lot.expiry_date,
        lot.held,
        lot.held_since,
        lot.in_stock,
        lot.version,
        lot.changed_at,
    )


async def take_over_cartons(conn: Connection, cartons: Iterable[CartonsReceived]) -> None:
    """Store to which lot each code belongs."""
    newest = {
        (event.store_id, code): (event.gtin.zfill(14), event.lot, event.received_at)
        for event in sorted(cartons, key=lambda event: event.received_at)
        for code in event.codes
    }
    if newest:
        await conn.execute(_UPSERT_CARTONS, *columns_of([(*key, *found) for key, found in newest.items()]))


async def find_lots_by_code(
    conn: Connection, store_id: str, codes: Collection[str]
) -> dict[str, tuple[str, str]]:
    """Find product and lot of carton codes, as far as they are known."""
    rows = await conn.fetch(
        "SELECT code, gtin, lot FROM carton_lots WHERE store_id = $1 AND code = ANY($2::text[])",
        store_id,
        list(codes),
    )
    return {row[0]: (row[1], row[2]) for row in rows}
