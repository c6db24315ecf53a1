"""The projection of stores; an event older than what is known changes nothing."""

from collections.abc import Sequence

from humidor_common.db.columns import columns_of
from humidor_common.db.pool import Connection
from humidor_common.events.inventory import StoreChanged
from humidor_common.messaging.rebuild import Digest, Projection
from humidor_common.messaging.subscription import Received, Subscription
from humidor_customers.recounts import FROM_THE_FIRST_DAY

# What was bought in stores whose clocks show another time than was told has other days.
_TAKE_OVER = f"""
WITH given AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[])
                  AS t(store_id, name, time_zone, status, kind, licence_number, version)
), known AS MATERIALIZED (
    SELECT store_id, time_zone FROM stores WHERE store_id IN (SELECT store_id FROM given)
), taken AS (
    INSERT INTO stores (store_id, name, time_zone, status, kind, licence_number, version)
    SELECT * FROM given ORDER BY store_id
    ON CONFLICT (store_id) DO UPDATE
    SET name = excluded.name, time_zone = excluded.time_zone, status = excluded.status, kind = excluded.kind,
        licence_number = excluded.licence_number, version = excluded.version
    WHERE stores.version < excluded.version
    RETURNING store_id, time_zone
)
INSERT INTO purchase_recounts (kind, id)
SELECT 'store', store_id FROM taken JOIN known USING (store_id) WHERE taken.time_zone <> known.time_zone
ORDER BY store_id
{FROM_THE_FIRST_DAY}
"""  # noqa: S608 - made of constants


async def on_store_changed(conn: Connection, batch: Sequence[Received]) -> None:
    newest: dict[str, StoreChanged] = {}
    for received in batch:
        event = received.event
        if isinstance(event, StoreChanged) and (
            event.store_id not in newest or newest[event.store_id].version < event.version
        ):
            newest[event.store_id] = event
    rows = [
        (e.store_id, e.name, e.time_zone, e.status, e.kind, e.licence_number, e.version)
        for e in newest.values()
    ]
    if rows:
        await conn.execute(_TAKE_OVER, *columns_of(rows))


async def clear(conn: Connection) -> None:
    """Customers refer to stores, so a rebuild writes over them; what the topic lacks shows as version 0."""
    await conn.execute(
        "UPDATE stores SET name = '', time_zone = 'UTC', status = '', kind = '', "
        "licence_number = NULL, version = 0"
    )


async def digest(conn: Connection) -> Digest:
    row = await conn.fetchrow("""
        SELECT count(*) AS stores,
               sum(hashtextextended(concat_ws('|', store_id, name, time_zone, status, kind, licence_number,
                                              version), 0))::text AS hash FROM stores
    """)
    return dict(row) if row else {}


SUBSCRIPTION = Subscription("customers.stores", (StoreChanged.TOPIC,), on_store_changed)
PROJECTION = Projection("stores", SUBSCRIPTION, clear, digest)
