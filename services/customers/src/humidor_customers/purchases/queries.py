"""Statements over purchases."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from io import BytesIO

import asyncpg

from humidor_common.db.pool import Connection
from humidor_customers.purchases.copying import Written
from humidor_customers.purchases.documents import Documents
from humidor_customers.purchases.rules import Known, Product

LOCK, TAKING = 7410001, 7410003
AT_ONCE = 20_000
BATCHES_AT_ONCE = 500

TELL = """
, days AS (INSERT INTO purchase_days_changed SELECT DISTINCT store_id, local_day FROM changed
), parties AS (
    INSERT INTO purchase_parties_changed
    SELECT DISTINCT party_kind, party_id FROM changed WHERE party_id IS NOT NULL
) SELECT count(*) FROM changed
"""
# Whose purchases a batch brings, in one row, and who of them was erased, of whom nothing is told.
_TELL_MEMBERS = """
WITH erased AS MATERIALIZED (
    SELECT member_id FROM consumers WHERE member_id = ANY($1::text[]) AND ended_why = 'erased'
), told AS (
    INSERT INTO purchase_parties_told
    SELECT 'consumer', CASE WHEN EXISTS (TABLE erased) THEN ARRAY(SELECT unnest($1) EXCEPT TABLE erased)
                            ELSE $1 END
) TABLE erased
"""
_UNKNOWN = """
INSERT INTO purchase_unknowns
SELECT e->>0, e->>1, now() FROM jsonb_array_elements($1::jsonb) e ORDER BY 1, 2
ON CONFLICT (kind, id) DO UPDATE SET seen_at = excluded.seen_at
"""
_PRODUCTS = """
SELECT n.gtin, p.gtin, u.unit, p.sticks_per_pack, p.sticks_per_pack * p.packs_per_carton,
       p.sticks_per_pack * p.packs_per_carton * p.cartons_per_case
FROM unnest($1::text[]) n(gtin)
CROSS JOIN LATERAL (
    SELECT coalesce((SELECT gtin FROM product_units WHERE unit_gtin = n.gtin), n.gtin) AS gtin,
           (SELECT unit FROM product_units WHERE unit_gtin = n.gtin) AS unit OFFSET 0) u
CROSS JOIN LATERAL (SELECT * FROM products WHERE gtin = u.gtin OFFSET 0) p
"""
_TAKE = f"""
WITH single AS (
    DELETE FROM purchase_parties_changed WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM purchase_parties_changed LIMIT {AT_ONCE})) RETURNING party_kind, party_id
), batches AS (
    DELETE FROM purchase_parties_told WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM purchase_parties_told LIMIT {BATCHES_AT_ONCE})) RETURNING party_kind, party_ids
), told AS MATERIALIZED (
    TABLE single UNION SELECT party_kind, unnest(party_ids) FROM batches
), due AS MATERIALIZED (
    SELECT party_kind, party_id, (row_number() OVER (ORDER BY party_id) + s.shift) % s.size AS n
    FROM told CROSS JOIN (SELECT size, floor(random() * size)::bigint AS shift
                          FROM (SELECT count(*) AS size FROM told) counted) s
), rest AS (
    INSERT INTO purchase_parties_told
    SELECT party_kind, array_agg(party_id) FROM due WHERE n >= $1 GROUP BY party_kind, n / {AT_ONCE}
) SELECT party_kind, party_id FROM due WHERE n < $1
"""  # noqa: S608 - made of constants


async def share(conn: Connection) -> None:
    """Keep members from being erased until this transaction ends; batches go side by side."""
    await conn.execute("SELECT pg_advisory_xact_lock_shared($1)", LOCK)


async def plan_once(conn: Connection) -> None:
    """Spare a plan for every batch: with thousands of keys it takes longer than looking them up."""
    await conn.execute("SET LOCAL plan_cache_mode = force_generic_plan")


async def own(conn: Connection) -> None:
    """Wait for the batches that are under way, and keep others waiting until this transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock($1)", LOCK)


async def add(conn: Connection, documents: Written) -> None:
    """Add documents; what is there already stays as it is, which COPY cannot do by itself."""
    try:
        async with conn.transaction():
            await _copy(conn, "purchase_documents", documents)
    except asyncpg.UniqueViolationError:
        await conn.execute("CREATE TEMPORARY TABLE documents_told (LIKE purchase_documents)")
        await _copy(conn, "documents_told", documents)
        await conn.execute("INSERT INTO purchase_documents TABLE documents_told ON CONFLICT DO NOTHING")
        await conn.execute("DROP TABLE documents_told")


async def _copy(conn: Connection, table: str, documents: Written) -> None:
    source = BytesIO(documents.rows)
    await conn.copy_to_table(table, source=source, columns=documents.columns, format="binary")


async def tell_members(conn: Connection, member_ids: Sequence[str]) -> set[str]:
    """Tell those who keep sums of purchases whose have changed; names those whose data was erased."""
    return {row[0] for row in await conn.fetch(_TELL_MEMBERS, member_ids)}


async def tell_retailers(conn: Connection, retailer_ids: Sequence[str]) -> None:
    await conn.execute("INSERT INTO purchase_parties_told VALUES ('retailer', $1)", retailer_ids)


async def tell_days(conn: Connection, days: Iterable[tuple[str, int]]) -> None:
    """Tell of which days (from 2000-01-01) of which stores there are other purchases now."""
    stores, numbers = zip(*days, strict=True)
    await conn.execute(
        """INSERT INTO purchase_days_changed
           SELECT store_id, date '2000-01-01' + day FROM unnest($1::text[], $2::int[]) d(store_id, day)""",
        stores,
        numbers,
    )


async def load_known(conn: Connection, documents: Documents) -> Known:
    """Load what is known of the stores and products of documents, and remember what is not."""
    stores = sorted(set(documents.store_id))
    gtins = sorted({each.number for each in documents.lines})
    zones = await conn.fetch(
        "SELECT store_id, time_zone FROM stores WHERE store_id = ANY($1::text[])", stores
    )
    products = await conn.fetch(_PRODUCTS, gtins)
    known = Known(
        {row[0]: row[1] for row in zones},
        {row[0]: Product.of(row[1], row[2], tuple(row)[3:]) for row in products},
    )
    unknown = [("product", each) for each in gtins if each not in known.products]
    unknown += [("store", each) for each in stores if each not in known.zones]
    if unknown:
        await conn.execute(_UNKNOWN, unknown)
    return known


async def erased(conn: Connection, member_ids: Collection[str]) -> set[str]:
    """Name those whose data was erased."""
    rows = await conn.fetch(
        "SELECT member_id FROM consumers WHERE member_id = ANY($1::text[]) AND ended_why = 'erased'",
        list(member_ids),
    )
    return {row[0] for row in rows}


async def take_parties(conn: Connection, limit: int) -> list[tuple[str, str]]:
    """Take some customers off whose purchases have changed, however often that was told: kind and id.

    Of more than that it takes neighbours, whose lines lie together, from any one on, each as likely as the
    next, so that nobody waits for ever. One worker at a time; the others get none.
    """
    if not await conn.fetchval("SELECT pg_try_advisory_xact_lock($1)", TAKING):
        return []
    return sorted((row[0], row[1]) for row in await conn.fetch(_TAKE, limit))


async def take_days(conn: Connection, limit: int) -> list[tuple[str, date]]:
    """Take days of stores off whose purchases have changed: store and its local day, each once."""
    rows = await conn.fetch(
        """WITH taken AS (DELETE FROM purchase_days_changed WHERE ctid = ANY(ARRAY(
               SELECT ctid FROM purchase_days_changed LIMIT $1 FOR UPDATE SKIP LOCKED))
           RETURNING store_id, local_day)
           SELECT DISTINCT store_id, local_day FROM taken ORDER BY 1, 2""",
        limit,
    )
    return [(row[0], row[1]) for row in rows]


async def mark(conn: Connection, parties: Collection[tuple[str, str]]) -> None:
    """Let customers be looked at anew of whom something else than purchases has changed: kind and id."""
    await conn.execute(
        """INSERT INTO purchase_parties_changed
           SELECT e->>0, e->>1 FROM jsonb_array_elements($1::jsonb) e ORDER BY 1, 2""",
        sorted(set(parties)),
    )
