"""Takes over what inventory tells of products and stores."""

from collections.abc import Sequence

import msgspec

from humidor_common.clock import utc_now
from humidor_common.db.columns import columns_of
from humidor_common.db.pool import Connection
from humidor_common.events.inventory import ProductChanged, StoreChanged
from humidor_pos.exceptions import service as exceptions
from humidor_pos.revisions import next_revision

CATALOGUE = "catalogue"

_UPSERT_PRODUCTS = """
INSERT INTO products AS known (gtin, name, brand, status, sticks_per_pack, packs_per_carton,
    cartons_per_case, price_per_pack, currency, version, changed_at, unit_gtins, revision)
SELECT *, $13 FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::int[], $7::int[],
                          $8::bigint[], $9::text[], $10::int[], $11::timestamptz[], $12::jsonb[])
ON CONFLICT (gtin) DO UPDATE SET
    name = excluded.name, brand = excluded.brand, status = excluded.status,
    sticks_per_pack = excluded.sticks_per_pack, packs_per_carton = excluded.packs_per_carton,
    cartons_per_case = excluded.cartons_per_case, price_per_pack = excluded.price_per_pack,
    currency = excluded.currency, version = excluded.version, changed_at = excluded.changed_at,
    unit_gtins = excluded.unit_gtins, revision = excluded.revision
WHERE known.version < excluded.version
"""

_UPSERT_STORES = """
INSERT INTO stores AS known (store_id, name, time_zone, licence_number, status, version, changed_at, revision)
SELECT *, $8 FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[],
                         $7::timestamptz[])
ON CONFLICT (store_id) DO UPDATE SET
    name = excluded.name, time_zone = excluded.time_zone, licence_number = excluded.licence_number,
    status = excluded.status, version = excluded.version, changed_at = excluded.changed_at,
    revision = excluded.revision
WHERE known.version < excluded.version
"""


async def take_over(
    conn: Connection, products: Sequence[ProductChanged], stores: Sequence[StoreChanged]
) -> None:
    """Store what is newer than what is known; sales of products that were unknown are settled by it."""
    if not products and not stores:
        return
    revision = await next_revision(conn, CATALOGUE)
    if products:
        await conn.execute(_UPSERT_PRODUCTS, *columns_of([_product_row(p) for p in products]), revision)
        known = [p.gtin for p in products] + [each.gtin for p in products for each in p.unit_gtins]
        await exceptions.close_unknown_products(conn, [gtin.zfill(14) for gtin in known], utc_now())
    if stores:
        await conn.execute(_UPSERT_STORES, *columns_of([_store_row(s) for s in stores]), revision)


def _product_row(p: ProductChanged) -> tuple[object, ...]:
    return (
        p.gtin.zfill(14),
        p.name,
        p.brand,
        p.status,
        p.sticks_per_pack,
        p.packs_per_carton,
        p.cartons_per_case,
        p.retail_price_per_pack,
        p.currency,
        p.version,
        p.changed_at,
        _raw([{"gtin": each.gtin.zfill(14), "unit": each.unit} for each in p.unit_gtins]),
    )


def _raw(document: list[dict[str, str]]) -> msgspec.Raw:
    """Keep asyncpg from taking a list for a further dimension of its column's array."""
    return msgspec.Raw(msgspec.json.encode(document))


def _store_row(s: StoreChanged) -> tuple[object, ...]:
    return (s.store_id, s.name, s.time_zone, s.licence_number, s.status, s.version, s.changed_at)
