"""Takes sales, returns and voids of members from `pos`; the same facts in any order make one timeline."""

from collections.abc import Sequence

from humidor_common.db.pool import Connection
from humidor_common.events.pos import SaleRecorded
from humidor_common.messaging.rebuild import Digest, Projection
from humidor_common.messaging.subscription import Received, Subscription
from humidor_customers.timeline.rules import fact_of
from humidor_customers.timeline.service import take_sales

_KINDS = "('sale', 'return', 'void')"


async def on_sale(conn: Connection, batch: Sequence[Received]) -> None:
    facts = [fact for received in batch if (fact := fact_of(received.event))]
    if facts:
        await take_sales(conn, facts)


async def clear(conn: Connection) -> None:
    """Forget what `pos` told; what people did stays."""
    await conn.execute(f"DELETE FROM timeline WHERE kind IN {_KINDS}")  # noqa: S608 - a constant
    await conn.execute("DELETE FROM timeline_waiting")


async def digest(conn: Connection) -> Digest:
    row = await conn.fetchrow(f"""
        SELECT count(*) AS entries,
               sum(hashtextextended(concat_ws('|', party_id, extract(epoch FROM happened_at), entry_id, kind,
                                              store_id, details), 0))::text AS hash
        FROM timeline WHERE kind IN {_KINDS}
    """)  # noqa: S608 - a constant
    return dict(row) if row else {}


SUBSCRIPTION = Subscription("customers.timeline", (SaleRecorded.TOPIC,), on_sale)
PROJECTION = Projection("timeline", SUBSCRIPTION, clear, digest)
