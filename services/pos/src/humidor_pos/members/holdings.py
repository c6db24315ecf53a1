"""What `pos` holds of members: which sales and returns were theirs. The accounts stay, without the member."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from humidor_common.db.pool import Connection
from humidor_common.events.pos import PersonErasedByPos, PersonExportedByPos
from humidor_common.privacy import Holding, Privacy, Purpose
from humidor_common.privacy.holdings import counts

_STAYS = "{} without the member: books are kept by law, and with them that the buyer's age was checked"

ERASE = """
WITH gone AS (
    UPDATE {table} f SET member_id = NULL FROM unnest($1::text[]) AS m(member_id)
    WHERE f.member_id = m.member_id RETURNING m.member_id)
SELECT member_id, count(*) FROM gone GROUP BY member_id
"""
_SALES = """
SELECT coalesce(jsonb_agg(jsonb_build_object(
           'sale_id', s.sale_id, 'store_id', s.store_id, 'sold_at', s.sold_at, 'currency', s.currency,
           'total', s.total, 'payments', s.payments, 'age_check', s.age_check - 'clerk',
           'lines', (SELECT jsonb_agg(jsonb_build_object('gtin', l.gtin, 'quantity', l.quantity,
                                                         'unit', l.unit, 'unit_price', l.unit_price)
                                      ORDER BY l.line)
                     FROM sale_lines l WHERE l.store_id = s.store_id AND l.sold_at = s.sold_at
                       AND l.sale_id = s.sale_id)) ORDER BY s.sold_at, s.sale_id), '[]')
FROM sales s WHERE s.member_id = $1
"""
_RETURNS = """
SELECT coalesce(jsonb_agg(to_jsonb(r) - 'member_id' - 'terminal_id' - 'restock'
                          ORDER BY r.returned_at, r.return_id), '[]')
FROM returns r WHERE r.member_id = $1
"""
# Up to a million of each: a first dry run over years of sales must not take longer than a request may.
_DUE = """
SELECT (SELECT count(*) FROM (
            SELECT FROM sales WHERE member_id IS NOT NULL AND sold_at < $1 LIMIT 1000000) s)
     + (SELECT count(*) FROM (
            SELECT FROM returns WHERE member_id IS NOT NULL AND returned_at < $1 LIMIT 1000000) r)
"""
_EXPIRE = """
WITH old AS (
    SELECT store_id, {at}, {identity} FROM {table} WHERE member_id IS NOT NULL AND {at} < $1 LIMIT $2)
UPDATE {table} f SET member_id = NULL FROM old
WHERE f.store_id = old.store_id AND f.{at} = old.{at} AND f.{identity} = old.{identity}
"""
_EXPIRE_SALES = _EXPIRE.format(table="sales", at="sold_at", identity="sale_id")
_EXPIRE_RETURNS = _EXPIRE.format(table="returns", at="returned_at", identity="return_id")


async def _erase_sales(conn: Connection, member_ids: Sequence[str]) -> Mapping[str, int]:
    return await counts(conn, ERASE.format(table="sales"), member_ids)


async def _erase_returns(conn: Connection, member_ids: Sequence[str]) -> Mapping[str, int]:
    return await counts(conn, ERASE.format(table="returns"), member_ids)


async def _export_sales(conn: Connection, member_id: str) -> Any:
    return await conn.fetchval(_SALES, member_id)


async def _export_returns(conn: Connection, member_id: str) -> Any:
    return await conn.fetchval(_RETURNS, member_id)


async def _count_old(conn: Connection, before: datetime) -> int:
    found: int = await conn.fetchval(_DUE, before)
    return found


async def _forget_old(conn: Connection, before: datetime, limit: int) -> int:
    done = 0
    for statement in (_EXPIRE_SALES, _EXPIRE_RETURNS):
        if done < limit:
            done += int((await conn.execute(statement, before, limit - done)).rpartition(" ")[2])
    return done


PRIVACY = Privacy(
    "pos",
    (
        Holding("sales", _STAYS.format("the sales"), _erase_sales, _export_sales),
        Holding("returns", _STAYS.format("the returns"), _erase_returns, _export_returns),
    ),
    (
        Purpose(
            "purchase_history",
            "which sales and returns were a member's, from when they happened; then they are nobody's",
            _count_old,
            _forget_old,
        ),
    ),
    erased=PersonErasedByPos,
    exported=PersonExportedByPos,
)
