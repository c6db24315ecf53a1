"""Brings sales, their returns and their voids together, in whatever order they came."""

from collections.abc import Collection
from uuid import UUID

from humidor_common.db.pool import Connection
from humidor_customers.purchases.queries import TELL

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
        SELECT party_kind, party_id FROM purchase_documents p
        WHERE p.document_id = r.sale_id AND p.kind = 'sale'
        UNION ALL SELECT party_kind, party_id FROM purchase_voids v WHERE v.sale_id = r.sale_id AND v.found
        LIMIT 1) s
    WHERE r.sale_id = ANY($1::uuid[])
), over AS (
    DELETE FROM purchase_returns r USING owners o WHERE (r.sale_id, r.return_id) = (o.sale_id, o.return_id)
), changed AS (
    UPDATE purchase_documents p SET party_kind = o.party_kind, party_id = o.party_id FROM owners o
    WHERE p.document_id = o.return_id AND p.party_id IS NULL AND o.party_id IS NOT NULL
    RETURNING p.store_id, p.local_day, p.party_kind, p.party_id
) {TELL}
"""  # noqa: S608
_VOID = f"""
WITH voided AS (
    SELECT sale_id FROM purchase_voids WHERE sale_id = ANY($1::uuid[]) ORDER BY 1 FOR UPDATE
), changed AS (
    DELETE FROM purchase_documents p USING voided v WHERE p.document_id = v.sale_id AND p.kind = 'sale'
    RETURNING p.document_id, p.store_id, p.local_day, p.party_kind, p.party_id
), kept AS (
    UPDATE purchase_voids v SET found = true, party_kind = c.party_kind, party_id = c.party_id
    FROM (SELECT DISTINCT document_id, party_kind, party_id FROM changed) c WHERE v.sale_id = c.document_id
) {TELL}
"""  # noqa: S608
_WAITING = """
SELECT 'return', sale_id FROM purchase_returns WHERE sale_id = ANY($1::uuid[])
UNION ALL SELECT 'void', sale_id FROM purchase_voids WHERE sale_id = ANY($1::uuid[])
"""
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


async def remember_returns(conn: Connection, returns: Collection[tuple[UUID, UUID]]) -> None:
    """Remember returns that do not say whose they are: sale and return."""
    pairs = sorted(returns)
    await conn.execute(_REMEMBER_RETURNS, [each[0] for each in pairs], [each[1] for each in pairs])


async def remember_voids(conn: Connection, sale_ids: Collection[UUID]) -> None:
    await conn.execute(_REMEMBER_VOIDS, sorted(sale_ids))


async def settle(conn: Connection, sale_ids: Collection[UUID]) -> None:
    """Let returns follow their sales, as far as these are known, and take away those that were cancelled.

    Nearly always nothing waits for them, which is looked up first.
    """
    found = await conn.fetch(_WAITING, list(sale_ids))
    for waiting, act in (("return", _FOLLOW), ("void", _VOID)):
        concerned = sorted({row[1] for row in found if row[0] == waiting})
        if concerned:
            await conn.execute("SET LOCAL enable_hashjoin = off")
            await conn.execute(act, concerned)
            await conn.execute("SET LOCAL enable_hashjoin = on")


async def unlooked(conn: Connection) -> list[UUID]:
    """Give sales whose return or void may have passed them by unseen, each once."""
    return [row[0] for row in await conn.fetch(_UNLOOKED)]
