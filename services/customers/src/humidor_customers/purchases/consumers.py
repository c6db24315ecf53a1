"""Takes what tills sold, took back and voided, and what was delivered to trade customers."""

from collections.abc import Sequence

from humidor_common.db.pool import Connection
from humidor_common.events.customers import OrderDelivered
from humidor_common.events.pos import SaleRecorded
from humidor_common.messaging.rebuild import Digest, Projection
from humidor_common.messaging.subscription import Received, Subscription
from humidor_customers.purchases import mending
from humidor_customers.purchases.service import take


async def on_purchases(conn: Connection, batch: Sequence[Received]) -> None:
    await take(conn, [each.event for each in batch])


async def clear(conn: Connection) -> None:
    for table in ("purchase_documents", "purchase_returns", "purchase_voids"):
        await conn.execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours


async def digest(conn: Connection) -> Digest:
    row = await conn.fetchrow("""
        SELECT count(*) AS lines, sum(sticks)::text AS sticks, sum(net_minor)::text AS net_minor,
               sum(hashtextextended(concat_ws('|', document_id, line, extract(epoch FROM bought_at), kind,
                   sale_id, party_kind, party_id, store_id, local_day, local_hour, gtin, sticks, net_minor,
                   currency), 0))::text AS hash
        FROM purchases
    """)
    return dict(row) if row else {}


SUBSCRIPTION = Subscription(
    "customers.purchases", (SaleRecorded.TOPIC, OrderDelivered.TOPIC), on_purchases, max_batch=8000
)
PROJECTION = Projection("purchases", SUBSCRIPTION, clear, digest, settle=mending.mend_all)
