"""The projection of what stores had at the end of each month; what was told last of a month holds."""

from collections.abc import Sequence

from humidor_common.db.columns import columns_of
from humidor_common.db.pool import Connection
from humidor_common.events.inventory import StockClosed
from humidor_common.messaging.rebuild import Digest, Projection
from humidor_common.messaging.subscription import Received, Subscription

_CLOSE = """
INSERT INTO stock_closings (store_id, month, told_at)
SELECT * FROM unnest($1::text[], $2::date[], $3::timestamptz[]) ORDER BY 2, 1
ON CONFLICT (month, store_id) DO UPDATE SET told_at = excluded.told_at
WHERE stock_closings.told_at < excluded.told_at
RETURNING store_id, month
"""
_FORGET = """
DELETE FROM stock_closing_products p USING unnest($1::text[], $2::date[]) AS c(store_id, month)
WHERE p.month = c.month AND p.store_id = c.store_id
"""
_KEEP = """
INSERT INTO stock_closing_products (store_id, month, gtin, sticks)
SELECT * FROM unnest($1::text[], $2::date[], $3::text[], $4::bigint[]) ORDER BY 2, 1, 3
"""


async def on_stock_closed(conn: Connection, batch: Sequence[Received]) -> None:
    newest: dict[str, StockClosed] = {}
    for event in (received.event for received in batch):
        if isinstance(event, StockClosed) and (
            event.closing_id not in newest or newest[event.closing_id].told_at < event.told_at
        ):
            newest[event.closing_id] = event
    if not newest:
        return
    told = columns_of([(each.store_id, each.month, each.told_at) for each in newest.values()])
    accepted = {(row[0], row[1]) for row in await conn.fetch(_CLOSE, *told)}
    if not accepted:
        return
    await conn.execute(_FORGET, *columns_of(sorted(accepted)))
    rows = [
        (each.store_id, each.month, product.gtin, product.owned_sticks)
        for each in newest.values()
        if (each.store_id, each.month) in accepted
        for product in each.products
    ]
    if rows:
        await conn.execute(_KEEP, *columns_of(rows))


async def clear(conn: Connection) -> None:
    for table in ("stock_closings", "stock_closing_products"):
        await conn.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours


async def digest(conn: Connection) -> Digest:
    row = await conn.fetchrow("""
        SELECT (SELECT count(*) FROM stock_closings) AS closings, sum(sticks)::text AS sticks,
               sum(hashtextextended(concat_ws('|', store_id, month, gtin, sticks), 0))::text AS hash
        FROM stock_closing_products
    """)
    return dict(row) if row else {}


SUBSCRIPTION = Subscription("customers.stock-closings", (StockClosed.TOPIC,), on_stock_closed, max_batch=200)
PROJECTION = Projection("stock-closings", SUBSCRIPTION, clear, digest)
