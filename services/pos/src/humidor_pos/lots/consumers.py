"""The projection of lots and of the codes on their cartons."""

from collections.abc import Sequence

from humidor_common.db.pool import Connection
from humidor_common.events.inventory import CartonsReceived, LotChanged
from humidor_common.messaging.rebuild import Digest, Projection
from humidor_common.messaging.subscription import Received, Subscription
from humidor_pos.lots import service


async def on_lots_changed(conn: Connection, batch: Sequence[Received]) -> None:
    events = [received.event for received in batch]
    await service.take_over_lots(conn, (event for event in events if isinstance(event, LotChanged)))
    await service.take_over_cartons(conn, (event for event in events if isinstance(event, CartonsReceived)))


async def clear(conn: Connection) -> None:
    await conn.execute("DELETE FROM lots")
    await conn.execute("DELETE FROM carton_lots")


async def digest(conn: Connection) -> Digest:
    """Summarize all that the events told, in any order of rows."""
    row = await conn.fetchrow("""
        SELECT (SELECT count(*) FROM lots) AS lots, (SELECT count(*) FROM carton_lots) AS cartons,
               (SELECT sum(hashtextextended(concat_ws('|', store_id, gtin, lot, expiry_date, held, held_since,
                    in_stock, version, changed_at), 0)) FROM lots)::text AS lot_hash,
               (SELECT sum(hashtextextended(concat_ws('|', store_id, code, gtin, lot, received_at), 0))
                  FROM carton_lots)::text AS carton_hash
    """)
    return dict(row) if row else {}


SUBSCRIPTION = Subscription(
    group="pos.lots", topics=(LotChanged.TOPIC, CartonsReceived.TOPIC), apply=on_lots_changed
)
PROJECTION = Projection(name="lots", subscription=SUBSCRIPTION, clear=clear, digest=digest)
