"""Tells what stores had at the end of each month, once its days are closed and again where that changes."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from humidor_common.clock import utc_now
from humidor_common.db.columns import columns_of
from humidor_common.db.pool import Connection
from humidor_common.events.inventory import ClosingStock, StockClosed
from humidor_common.messaging import outbox
from humidor_inventory.rollups.sums import NET

# From the stock of now back through the flows since, so what it costs goes by these and not by history.
_STOCK = f"""
SELECT m.store_id, m.month, c.gtins, c.sticks
FROM unnest($1::text[], $2::date[]) AS m(store_id, month)
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(gtin ORDER BY gtin) FILTER (WHERE owned <> 0), '{{}}') AS gtins,
           coalesce(array_agg(owned ORDER BY gtin) FILTER (WHERE owned <> 0), '{{}}') AS sticks
    FROM (SELECT s.gtin, (s.on_hand_sticks + s.quarantined_sticks - coalesce(f.net, 0))::bigint AS owned
          FROM stock s
          LEFT JOIN (SELECT gtin, sum({NET}) AS net FROM daily_flows
                     WHERE store_id = m.store_id AND day >= (m.month + interval '1 month')::date
                     GROUP BY gtin) f USING (gtin)
          WHERE s.store_id = m.store_id) o
    HAVING count(*) > 0) c
ORDER BY 1, 2
"""  # noqa: S608 - made of our own column names
_LATE = """
SELECT g.store_id, greatest(min(g.day), c.through - $2::int) - 1, c.through
FROM (SELECT store_id, day FROM flow_corrections JOIN rolled_products USING (gtin)
      ORDER BY correction_id LIMIT $1) g
JOIN closed_days c USING (store_id) GROUP BY g.store_id, c.through ORDER BY 1
"""


async def tell_months(conn: Connection, closed: Iterable[tuple[str, date, date]]) -> None:
    """Tell the months that ended in stores after one day and up to another: store, former day, last day."""
    ended = [(store_id, month) for store_id, after, until in closed for month in months_ended(after, until)]
    if not ended:
        return
    now = utc_now()
    told = [
        StockClosed(
            closing_id=f"{row['store_id']}/{row['month']:%Y-%m}",
            store_id=row["store_id"],
            month=row["month"],
            products=[
                ClosingStock(gtin=gtin, owned_sticks=sticks)
                for gtin, sticks in zip(row["gtins"], row["sticks"], strict=True)
            ],
            told_at=now,
        )
        for row in await conn.fetch(_STOCK, *columns_of(ended))
    ]
    await outbox.append(conn, told)


async def changed_by_late(conn: Connection, at_once: int, history_days: int) -> list[tuple[str, date, date]]:
    """Say from when to when closed days of stores change by the corrections that are next."""
    return [tuple(row) for row in await conn.fetch(_LATE, at_once, history_days)]


def months_ended(after: date, until: date) -> Sequence[date]:
    """Give the first days of the months whose last day is after one day and not after another.

    From 30 September to 31 October it is October's; to 30 October none.
    """
    found = []
    month = (after + timedelta(days=1)).replace(day=1)
    while (following := (month + timedelta(days=31)).replace(day=1)) - timedelta(days=1) <= until:
        found.append(month)
        month = following
    return found
