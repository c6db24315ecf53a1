"""Keeps the sums of the market as what customers bought changes; drops and makes them anew."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from humidor_common.db.keeping import keep
from humidor_common.db.pool import Connection, Pool
from humidor_common.db.transaction import transaction
from humidor_customers.purchases import queries as purchases

AT_ONCE = 400
POLL_SECONDS = 1.0
LOOK_SECONDS = 30.0
"""So often it is seen whether stores have come to another place; that looks at every store."""

MOST_STICKS, MOST_MINOR = 10**9, 10**13
"""What one line can be at most; more is a mistake, which is counted and left out."""

TABLES = (
    "market_days",
    "market_months",
    "market_quarters",
    "market_product_days",
    "market_place_days",
    "market_place_months",
)
_LOCK = 7411001
_FIGURES = ("sticks", "net_minor", "sales", "customers", "left_out")
_SUMS = ", ".join(f"sum({name})::bigint" for name in _FIGURES)
_NAMED = ", ".join(f"sum({name})::bigint AS {name}" for name in _FIGURES)
_COLUMNS = ", ".join(_FIGURES)
_BOTH = ", ".join(f"-d.{name}" for name in _FIGURES)


def _add(table: str) -> str:
    return ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in _FIGURES)


def _add_stores(period: str) -> str:
    table = f"market_{period}s"
    return f"""
    INSERT INTO {table} ({period}, wholesale, store_id, gtin, currency, {_COLUMNS})
    SELECT date_trunc('{period}', day)::date, wholesale, store_id, gtin, currency, {_SUMS}
    FROM delta GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 3, 4, 5, 2
    ON CONFLICT ({period}, store_id, gtin, currency, wholesale) DO UPDATE SET {_add(table)}
"""  # noqa: S608 - made of constants


def _add_places(period: str, of: str, source: str) -> str:
    """Add what a source has (with `place_id`, `day` and figures) to the sums of places."""
    table = f"market_place_{period}s"
    return f"""
    INSERT INTO {table} ({period}, place_id, wholesale, gtin, currency, {_COLUMNS})
    SELECT {of}, place_id, wholesale, gtin, currency, {_SUMS} FROM {source} GROUP BY 1, 2, 3, 4, 5
    ORDER BY 1, 2, 4, 5, 3
    ON CONFLICT ({period}, place_id, gtin, currency, wholesale) DO UPDATE SET {_add(table)}
"""  # noqa: S608 - made of constants


# What the days come to now less what their sums say; every table gets the difference.
_FOLD = f"""
WITH told AS MATERIALIZED (SELECT * FROM unnest($1::text[], $2::date[]) AS d(store_id, day)),
fresh AS (
    SELECT t.day, p.kind = 'order' AS wholesale, p.store_id, p.gtin, p.currency,
           coalesce(sum(p.sticks) FILTER (WHERE plausible), 0)::bigint AS sticks,
           coalesce(sum(p.net_minor) FILTER (WHERE plausible), 0)::bigint AS net_minor,
           count(DISTINCT p.document_id) FILTER (WHERE plausible AND p.kind <> 'return') AS sales,
           count(DISTINCT p.party_id) FILTER (WHERE plausible AND p.kind <> 'return') AS customers,
           count(*) FILTER (WHERE NOT plausible) AS left_out
    FROM told t
    JOIN purchases p ON p.store_id = t.store_id AND p.local_day = t.day AND p.bought_at BETWEEN $3 AND $4
    CROSS JOIN LATERAL (SELECT abs(p.sticks) <= {MOST_STICKS} AND abs(p.net_minor) <= {MOST_MINOR})
    f(plausible) GROUP BY 1, 2, 3, 4, 5
), delta AS MATERIALIZED (
    SELECT day, wholesale, store_id, gtin, currency, {_NAMED}
    FROM (SELECT day, wholesale, store_id, gtin, currency, {_COLUMNS} FROM fresh
          UNION ALL
          SELECT d.day, d.wholesale, d.store_id, d.gtin, d.currency, {_BOTH}
          FROM told t JOIN market_days d ON d.store_id = t.store_id AND d.day = t.day) both_sides
    GROUP BY 1, 2, 3, 4, 5
    HAVING ({_SUMS}) IS DISTINCT FROM (0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint)
), days AS (
    INSERT INTO market_days (day, wholesale, store_id, gtin, currency, {_COLUMNS})
    SELECT * FROM delta ORDER BY day, store_id, gtin, currency, wholesale
    ON CONFLICT (day, store_id, gtin, currency, wholesale) DO UPDATE SET {_add("market_days")}
), months AS ({_add_stores("month")}
), quarters AS ({_add_stores("quarter")}
), placed AS (
    SELECT d.*, s.place_id FROM delta d JOIN market_store_places s USING (store_id)
), place_days AS (
    {_add_places("day", "day", "placed")}
), place_months AS (
    {_add_places("month", "date_trunc('month', day)::date", "placed")}
), products AS (
    INSERT INTO market_product_days (day, wholesale, gtin, currency, {_COLUMNS})
    SELECT day, wholesale, gtin, currency, {_SUMS} FROM delta GROUP BY 1, 2, 3, 4 ORDER BY 1, 3, 4, 2
    ON CONFLICT (day, gtin, currency, wholesale) DO UPDATE SET {_add("market_product_days")}
)
SELECT count(*) FROM delta
"""  # noqa: S608 - made of constants


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
# Day by day, because the sums of days lie by day.
_MOVE = f"""
WITH former AS MATERIALIZED (SELECT place_id FROM market_store_places WHERE store_id = $1),
later AS (
    UPDATE market_store_places s SET place_id = p.place_id
    FROM ({_NOW.format(stores="(SELECT $1::text AS store_id)")}) now JOIN market_places p USING ({_PLACE})
    WHERE s.store_id = $1 RETURNING s.place_id
), sums AS MATERIALIZED (
    SELECT d.* FROM (SELECT min(day) AS a, max(day) AS b FROM market_product_days) r,
         generate_series(r.a, r.b, interval '1 day') x
    JOIN market_days d ON d.day = x::date AND d.store_id = $1
), placed AS (
    SELECT day, wholesale, gtin, currency, {_COLUMNS}, place_id FROM sums d, later
    UNION ALL SELECT day, wholesale, gtin, currency, {_BOTH}, place_id FROM sums d, former
), place_days AS ({_add_places("day", "day", "placed")}
), place_months AS ({_add_places("month", "date_trunc('month', day)::date", "placed")}
)
SELECT count(*) FROM sums
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
        return (look and await _move_one(conn)) or bool(await conn.fetchval(_TELL_STORE))


async def _move_one(conn: Connection) -> bool:
    """Move the sums of a store whose area, market type, format or sales line is another one now."""
    store_id = await conn.fetchval(_MOVED)
    if store_id is None:
        return False
    await conn.execute(_OPEN_PLACES, [store_id])
    await conn.execute(_MOVE, store_id)
    return True


async def fold(conn: Connection, days: Sequence[tuple[str, date]]) -> int:
    """Bring the sums of these days of stores up to what was bought; gives how many sums changed."""
    dates = [day for _, day in days]
    stores = sorted({store_id for store_id, _ in days})
    await conn.execute(_OPEN_PLACES, stores)
    await conn.execute(_TAKE_PLACES, stores)
    since, until = _bound(min(dates), -2), _bound(max(dates), 3)
    changed: int = await conn.fetchval(_FOLD, [store_id for store_id, _ in days], dates, since, until)
    return changed


def _bound(day: date, days: int) -> datetime:
    """Give a moment that lies outside the day on every clock on earth; the ends of the calendar stay."""
    try:
        return datetime.combine(day + timedelta(days=days), time(), UTC)
    except OverflowError:
        return datetime.combine(day, time(), UTC)


async def start_anew(conn: Connection) -> None:
    """Drop every sum and have all stores summed up again, one after the other."""
    await conn.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
    await conn.execute(f"TRUNCATE {', '.join(TABLES)}, market_store_places")
    await conn.execute(_EVERY_STORE)


# Goes from store to store by the index, however much each of them has sold.
_EVERY_STORE = """
WITH RECURSIVE known AS (
    (SELECT store_id FROM purchases ORDER BY store_id LIMIT 1)
    UNION ALL
    SELECT (SELECT p.store_id FROM purchases p WHERE p.store_id > k.store_id ORDER BY p.store_id LIMIT 1)
    FROM known k WHERE k.store_id IS NOT NULL
)
INSERT INTO market_stores_to_sum SELECT store_id FROM known WHERE store_id IS NOT NULL ON CONFLICT DO NOTHING
"""
_TELL_STORE = """
WITH next AS (
    DELETE FROM market_stores_to_sum WHERE store_id = (
        SELECT store_id FROM market_stores_to_sum ORDER BY store_id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING store_id
), told AS (
    INSERT INTO purchase_days_changed
    SELECT DISTINCT p.store_id, p.local_day FROM purchases p JOIN next USING (store_id)
)
SELECT count(*) > 0 FROM next
"""
