"""What day it is in a store."""

from collections.abc import Collection
from datetime import date, datetime

from humidor_common.db.pool import Connection
from humidor_common.web.problems import invalid


async def known_days(conn: Connection, store_ids: Collection[str], now: datetime) -> dict[str, date]:
    """Give the own date of those of the stores that there are."""
    rows = await conn.fetch(
        """SELECT store_id, ($2::timestamptz AT TIME ZONE time_zone)::date
           FROM stores WHERE store_id = ANY($1::text[])""",
        list(store_ids),
        now,
    )
    return {row[0]: row[1] for row in rows}


async def load_days(conn: Connection, store_ids: Collection[str], now: datetime) -> dict[str, date]:
    """Give each store's own date.

    Raises:
        Problem: 422 where there is no such store.
    """
    days = await known_days(conn, store_ids, now)
    for store_id in store_ids:
        if store_id not in days:
            raise invalid("store_id", f"there is no store {store_id}")
    return days
