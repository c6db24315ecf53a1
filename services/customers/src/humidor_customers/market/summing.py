"""Keeps the sums of the market as what customers bought changes; drops and makes them anew."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from humidor_common.db.keeping import keep
from humidor_common.db.pool import Connection, Pool
from humidor_common.db.transaction import transaction
from humidor_customers.market.folding import FOLD, MOVE, TABLES
from humidor_customers.purchases import queries as purchases

AT_ONCE = 400
POLL_SECONDS = 1.0
LOOK_SECONDS = 30.0
"""So often it is seen whether stores have come to another place; that looks at every store."""

_LOCK = 7411001

# What a store is now; stores that nobody has told of are of no place in particular.
_NOW = """
SELECT n.store_id, coalesce(r.trade_area, '') AS trade_area, coalesce(r.market_type, '') AS market_type,
       coalesce(r.business_format, '') AS business_format, coalesce(r.sales_line, '') AS sales_line
FROM {stores} n LEFT JOIN retailer_stores USING (store_id) LEFT JOIN retailers r USING (retailer_id)
"""
_THESE = "(SELECT unnest($1::text[]) AS store_id)"
_PLACE = "trade_area, market_type, business_format, sales_line"
_OPEN_PLACES = f"""
INSERT INTO market_places ({_PLACE})
SELECT DISTINCT {_PLACE} FROM ({_NOW.format(stores=_THESE)}) now
ORDER BY {_PLACE} ON CONFLICT DO NOTHING
"""  # noqa: S608 - made of constants
_TAKE_PLACES = f"""
INSERT INTO market_store_places (store_id, place_id)
SELECT store_id, place_id
FROM ({_NOW.format(stores=_THESE)}) now JOIN market_places USING ({_PLACE})
ORDER BY 1 ON CONFLICT DO NOTHING
"""  # noqa: S608 - made of constants
_MOVED = f"""
SELECT store_id FROM ({_NOW.format(stores="market_store_places")}) now
JOIN market_store_places USING (store_id) JOIN market_places p USING (place_id)
WHERE ({", ".join(f"now.{each}" for each in _PLACE.split(", "))})
      IS DISTINCT FROM ({", ".join(f"p.{each}" for each in _PLACE.split(", "))})
ORDER BY 1 LIMIT 1
"""  # noqa: S608 - made of constants
_NEW_PLACE = f"""
SELECT place_id FROM ({_NOW.format(stores="(SELECT $1::text AS store_id)")}) now
JOIN market_places USING ({_PLACE})
"""  # noqa: S608 - made of constants


async def keep_market(pool: Pool) -> None:
    """Take over what has changed, again and again until cancelled."""
    looked = -LOOK_SECONDS

    async def look() -> bool:
        nonlocal looked
        now = asyncio.get_running_loop().time()
        due = now - looked >= LOOK_SECONDS
        more = await sum_up(pool, look=due)
        looked = now if due and not more else looked
        return more

    await keep(look, "the market was not summed up", every_seconds=POLL_SECONDS)


async def sum_up(pool: Pool, *, look: bool = True) -> bool:
    """Sum some changed days of stores up anew, or `look` for a store to move; gives whether there was any.

    One worker does it at a time: two that read the same old sums would both add the difference.
    """
    async with transaction(pool) as conn:
        if not await conn.fetchval("SELECT pg_try_advisory_xact_lock($1)", _LOCK):
            return False
        days = await purchases.take_days(conn, AT_ONCE)
        if days:
            await fold(conn, days)
            return True
        return (look and await _move_one(conn)) or bool(await conn.fetchval(TELL_STORE))


async def _move_one(conn: Connection) -> bool:
    """Move the sums of a store whose area, market type, format or sales line is another one now."""
    store_id = await conn.fetchval(_MOVED)
    if store_id is None:
        return False
    await conn.execute(_OPEN_PLACES, [store_id])
    await conn.execute(MOVE, store_id, await conn.fetchval(_NEW_PLACE, store_id))
    return True


async def fold(conn: Connection, days: Sequence[tuple[str, date]]) -> int:
    """Bring the sums of these days of stores up to what was bought; gives how many sums changed."""
    dates = [day for _, day in days]
    stores = sorted({store_id for store_id, _ in days})
    await conn.execute(_OPEN_PLACES, stores)
    await conn.execute(_TAKE_PLACES, stores)
    since, until = _bound(min(dates), -2), _bound(max(dates), 3)
    changed: int = await conn.fetchval(FOLD, [store_id for store_id, _ in days], dates, since, until)
    return changed


def _bound(day: date, days: int) -> datetime:
    """Give a moment that lies outside the day on every clock on earth; the ends of the calendar stay."""
    try:
        return datetime.combine(day + timedelta(days=days), time(), UTC)
    except OverflowError:
        return datetime.combine(day, time(), UTC)


async def start_anew(conn: Connection) -> int:
    """Drop every sum and have all stores summed up again, one after the other; gives how many there are."""
    await conn.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
    await conn.execute(_EVERY_STORE)
    await conn.execute(f"TRUNCATE {', '.join(TABLES)}, market_store_places")
    stores: int = await conn.fetchval("SELECT count(*) FROM market_stores_to_sum")
    return stores


# A store that sold something has a place by now, or days that wait for their sums anyway.
_EVERY_STORE = """
INSERT INTO market_stores_to_sum
SELECT store_id FROM market_store_places UNION SELECT store_id FROM stores ORDER BY 1 ON CONFLICT DO NOTHING
"""
# Goes from day to day by the index, and looks for the store in each, in the quarters that the day can be in.
TELL_STORE = """
WITH RECURSIVE next AS (
    DELETE FROM market_stores_to_sum WHERE store_id = (
        SELECT store_id FROM market_stores_to_sum ORDER BY store_id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING store_id
), days AS (
    (SELECT local_day FROM purchase_documents ORDER BY local_day LIMIT 1)
    UNION ALL
    SELECT (SELECT p.local_day FROM purchase_documents p WHERE p.local_day > d.local_day
            ORDER BY p.local_day LIMIT 1)
    FROM days d WHERE d.local_day IS NOT NULL
), told AS (
    INSERT INTO purchase_days_changed
    SELECT n.store_id, d.local_day FROM next n CROSS JOIN days d
    CROSS JOIN LATERAL (
        SELECT FROM purchase_documents p
        WHERE p.local_day = d.local_day AND p.store_id = n.store_id LIMIT 1) p
)
SELECT count(*) > 0 FROM next
"""
