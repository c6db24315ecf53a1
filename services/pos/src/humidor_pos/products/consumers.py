"""The projection of products and stores; an event older than what is known changes nothing."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from humidor_common.db.pool import Connection
from humidor_common.events.inventory import ProductChanged, StoreChanged
from humidor_common.messaging.rebuild import Digest, Projection
from humidor_common.messaging.subscription import Received, Subscription
from humidor_pos.products import service

E = TypeVar("E", ProductChanged, StoreChanged)


def newest(events: Iterable[E]) -> list[E]:
    """Keep the highest version of each, in the order of their keys so that two writers never deadlock."""
    last: dict[str, E] = {}
    for event in events:
        known = last.get(event.key)
        if known is None or event.version > known.version:
            last[event.key] = event
    return [last[key] for key in sorted(last)]


async def on_catalogue_changed(conn: Connection, batch: Sequence[Received]) -> None:
    events: list[Any] = [received.event for received in batch]
    products = newest(event for event in events if isinstance(event, ProductChanged))
    stores = newest(event for event in events if isinstance(event, StoreChanged))
    await service.take_over(conn, products, stores)


async def clear(conn: Connection) -> None:
    await conn.execute("DELETE FROM products")
    await conn.execute("DELETE FROM stores")


async def digest(conn: Connection) -> Digest:
    """Summarize all that the events told, in any order of rows."""
    row = await conn.fetchrow("""
        SELECT (SELECT count(*) FROM products) AS products, (SELECT count(*) FROM stores) AS stores,
               (SELECT sum(hashtextextended(concat_ws('|', gtin, name, brand, status, sticks_per_pack,
                    packs_per_carton, cartons_per_case, price_per_pack, currency, version, changed_at,
                    unit_gtins), 0))
                  FROM products)::text AS product_hash,
               (SELECT sum(hashtextextended(concat_ws('|', store_id, name, time_zone, licence_number, status,
                    version, changed_at), 0)) FROM stores)::text AS store_hash
    """)
    return dict(row) if row else {}


SUBSCRIPTION = Subscription(
    group="pos.catalogue",
    topics=(ProductChanged.TOPIC, StoreChanged.TOPIC),
    apply=on_catalogue_changed,
)
PROJECTION = Projection(name="catalogue", subscription=SUBSCRIPTION, clear=clear, digest=digest)
