"""Statements over purchases."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_customers.purchases.rules import Line

LOCK = 7410001

_NEW = (
    "document_id, line, bought_at, kind, sale_id, party_kind, party_id, store_id, local_day, local_hour, "
    "gtin, quantity, unit, sticks, net_minor, currency, provisional"
)
# A product or store that is not known yet counts with the usual factors and in UTC until it is.
_KNOWN = """
    LEFT JOIN stores s ON s.store_id = t.store_id
    LEFT JOIN product_units u ON u.unit_gtin = t.gtin
    LEFT JOIN products p ON p.gtin = coalesce(u.gtin, t.gtin)
    CROSS JOIN LATERAL (SELECT t.bought_at AT TIME ZONE coalesce(s.time_zone, 'UTC') AS moment,
        CASE coalesce(u.unit, t.unit)
            WHEN 'stick' THEN 1
            WHEN 'pack' THEN coalesce(p.sticks_per_pack, 20)
            WHEN 'carton' THEN coalesce(p.sticks_per_pack * p.packs_per_carton, 200)
            ELSE coalesce(p.sticks_per_pack * p.packs_per_carton * p.cartons_per_case, 10000)
        END AS factor) k
"""
_TELL = """
, days AS (INSERT INTO purchase_days_changed SELECT DISTINCT store_id, local_day FROM changed)
INSERT INTO purchase_parties_changed
SELECT DISTINCT party_kind, party_id FROM changed WHERE party_id IS NOT NULL
"""
_ADD = f"""
WITH told AS MATERIALIZED (
    SELECT (e->>0)::uuid AS document_id, (e->>1)::int AS line, (e->>2)::timestamptz AS bought_at,
           e->>3 AS kind, (e->>4)::uuid AS sale_id, e->>5 AS party_kind, e->>6 AS party_id,
           e->>7 AS store_id, e->>8 AS gtin, (e->>9)::bigint AS quantity, e->>10 AS unit,
           (e->>11)::bigint AS net_minor, e->>12 AS currency
    FROM jsonb_array_elements($1::jsonb) e
), read AS MATERIALIZED (
    SELECT t.document_id, t.line, t.bought_at, t.kind, t.sale_id,
           CASE WHEN c.member_id IS NULL THEN t.party_kind END AS party_kind,
           CASE WHEN c.member_id IS NULL THEN t.party_id END AS party_id,
           t.store_id, k.moment::date AS local_day, extract(hour FROM k.moment)::smallint AS local_hour,
           coalesce(u.gtin, t.gtin) AS gtin, t.quantity, t.unit, t.quantity * k.factor AS sticks, t.net_minor,
           t.currency, s.store_id IS NULL AS no_store, p.gtin IS NULL AS no_product
    FROM told t {_KNOWN}
    LEFT JOIN consumers c ON t.party_kind = 'consumer' AND c.member_id = t.party_id AND c.ended_why = 'erased'
), changed AS (
    INSERT INTO purchases ({_NEW})
    SELECT {_NEW.removesuffix(", provisional")}, no_store OR no_product FROM read
    ON CONFLICT DO NOTHING RETURNING store_id, local_day, party_kind, party_id
), unknown AS (
    INSERT INTO purchase_unknowns
    SELECT DISTINCT kind, id, now() FROM (
        SELECT 'product' AS kind, gtin AS id FROM read WHERE no_product
        UNION ALL SELECT 'store', store_id FROM read WHERE no_store) n
    ORDER BY 1, 2 ON CONFLICT (kind, id) DO UPDATE SET seen_at = excluded.seen_at
) {_TELL}
"""  # noqa: S608 - made of constants
_LEARN = f"""
WITH known AS (
    SELECT n.kind, n.id FROM purchase_unknowns n
    WHERE CASE n.kind WHEN 'store' THEN EXISTS (SELECT FROM stores s WHERE s.store_id = n.id)
                      ELSE EXISTS (SELECT FROM products p WHERE p.gtin = n.id)
                        OR EXISTS (SELECT FROM product_units u WHERE u.unit_gtin = n.id) END
    ORDER BY 1, 2 LIMIT 100 FOR UPDATE SKIP LOCKED
), learnt AS (
    DELETE FROM purchase_unknowns n USING known WHERE (n.kind, n.id) = (known.kind, known.id)
), before AS MATERIALIZED (
    SELECT t.* FROM purchases t WHERE t.provisional
       AND (t.gtin IN (SELECT id FROM known WHERE kind = 'product')
            OR t.store_id IN (SELECT id FROM known WHERE kind = 'store'))
), mended AS (
    UPDATE purchases m
    SET gtin = coalesce(u.gtin, t.gtin), sticks = t.quantity * k.factor, local_day = k.moment::date,
        local_hour = extract(hour FROM k.moment),
        provisional = s.store_id IS NULL OR p.gtin IS NULL
    FROM before t {_KNOWN}
    WHERE m.document_id = t.document_id AND m.line = t.line AND m.bought_at = t.bought_at
    RETURNING m.store_id, m.local_day, m.party_kind, m.party_id
), changed AS (
    SELECT * FROM mended UNION ALL SELECT store_id, local_day, NULL, NULL FROM before
) {_TELL}
"""  # noqa: S608
_REMEMBER_RETURNS = """
INSERT INTO purchase_returns (sale_id, return_id)
SELECT * FROM unnest($1::uuid[], $2::uuid[]) ORDER BY 1, 2 ON CONFLICT DO NOTHING
"""
_REMEMBER_VOIDS = """
INSERT INTO purchase_voids (sale_id) SELECT unnest($1::uuid[]) ORDER BY 1 ON CONFLICT DO NOTHING
"""
# Returns first: they follow a sale that a void takes away in the next statement.
_FOLLOW = f"""
WITH owners AS MATERIALIZED (
    SELECT r.sale_id, r.return_id, s.party_kind, s.party_id
    FROM purchase_returns r
    CROSS JOIN LATERAL (
        SELECT party_kind, party_id FROM purchases p WHERE p.document_id = r.sale_id AND p.kind = 'sale'
        UNION ALL SELECT party_kind, party_id FROM purchase_voids v WHERE v.sale_id = r.sale_id AND v.found
        LIMIT 1) s
    WHERE r.sale_id = ANY($1::uuid[])
), over AS (
    DELETE FROM purchase_returns r USING owners o WHERE (r.sale_id, r.return_id) = (o.sale_id, o.return_id)
), changed AS (
    UPDATE purchases p SET party_kind = o.party_kind, party_id = o.party_id FROM owners o
    WHERE p.document_id = o.return_id AND p.party_id IS NULL AND o.party_id IS NOT NULL
    RETURNING p.store_id, p.local_day, p.party_kind, p.party_id
) {_TELL}
"""  # noqa: S608
_VOID = f"""
WITH voided AS (
    SELECT sale_id FROM purchase_voids WHERE sale_id = ANY($1::uuid[]) ORDER BY 1 FOR UPDATE
), changed AS (
    DELETE FROM purchases p USING voided v WHERE p.document_id = v.sale_id AND p.kind = 'sale'
    RETURNING p.document_id, p.store_id, p.local_day, p.party_kind, p.party_id
), kept AS (
    UPDATE purchase_voids v SET found = true, party_kind = c.party_kind, party_id = c.party_id
    FROM (SELECT DISTINCT document_id, party_kind, party_id FROM changed) c WHERE v.sale_id = c.document_id
) {_TELL}
"""  # noqa: S608
_UNLOOKED = """
WITH due AS (
    SELECT sale_id, taken_at FROM purchase_returns WHERE NOT looked AND taken_at < now() - interval '1 minute'
    UNION ALL
    SELECT sale_id, taken_at FROM purchase_voids WHERE NOT looked AND taken_at < now() - interval '1 minute'
    ORDER BY taken_at LIMIT 500
), one AS (UPDATE purchase_returns r SET looked = true FROM due WHERE r.sale_id = due.sale_id AND NOT looked),
two AS (UPDATE purchase_voids v SET looked = true FROM due WHERE v.sale_id = due.sale_id AND NOT looked)
SELECT DISTINCT sale_id FROM due
"""


async def share(conn: Connection) -> None:
    """Keep members from being erased until this transaction ends; batches go side by side."""
    await conn.execute("SELECT pg_advisory_xact_lock_shared($1)", LOCK)


async def own(conn: Connection) -> None:
    """Wait for the batches that are under way, and keep others waiting until this transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock($1)", LOCK)


async def add(conn: Connection, lines: Sequence[Line]) -> None:
    """Add lines, those of erased members without the member; what is there already stays as it is."""
    await conn.execute(_ADD, lines)


async def remember_returns(conn: Connection, returns: Collection[tuple[UUID, UUID]]) -> None:
    """Remember returns that do not say whose they are: sale and return."""
    pairs = sorted(returns)
    await conn.execute(_REMEMBER_RETURNS, [each[0] for each in pairs], [each[1] for each in pairs])


async def remember_voids(conn: Connection, sale_ids: Collection[UUID]) -> None:
    await conn.execute(_REMEMBER_VOIDS, sorted(sale_ids))


async def settle(conn: Connection, sale_ids: Collection[UUID]) -> None:
    """Let returns follow their sales, as far as these are known, and take away those that were cancelled."""
    ids = sorted(sale_ids)
    await conn.execute(_FOLLOW, ids)
    await conn.execute(_VOID, ids)


async def unlooked(conn: Connection) -> list[UUID]:
    """Give sales whose return or void may have passed them by unseen, each once."""
    return [row[0] for row in await conn.fetch(_UNLOOKED)]


async def learn(conn: Connection) -> None:
    """Give lines of products and stores that are known by now their sticks and local time."""
    await conn.execute(_LEARN)


async def take_parties(conn: Connection, limit: int) -> list[tuple[str, str]]:
    """Take customers off whose purchases have changed: kind and id, each once."""
    rows = await conn.fetch(
        """WITH taken AS (DELETE FROM purchase_parties_changed WHERE ctid = ANY(ARRAY(
               SELECT ctid FROM purchase_parties_changed LIMIT $1 FOR UPDATE SKIP LOCKED))
           RETURNING party_kind, party_id)
           SELECT DISTINCT party_kind, party_id FROM taken ORDER BY 1, 2""",
        limit,
    )
    return [(row[0], row[1]) for row in rows]


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
