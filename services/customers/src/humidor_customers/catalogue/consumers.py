"""The projection of products; an event older than what is known changes nothing."""

from collections.abc import Sequence

from humidor_common.db.columns import columns_of
from humidor_common.db.pool import Connection
from humidor_common.events.inventory import ProductChanged
from humidor_common.messaging.rebuild import Digest, Projection
from humidor_common.messaging.subscription import Received, Subscription

_COLUMNS = (
    "gtin",
    "name",
    "brand",
    "status",
    "sticks_per_pack",
    "packs_per_carton",
    "cartons_per_case",
    "retail_price_per_pack",
    "currency",
    "price_class",
    "version",
)
_TAKE_OVER = f"""
INSERT INTO products ({", ".join(_COLUMNS)})
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::int[], $7::int[],
                     $8::bigint[], $9::text[], $10::text[], $11::int[])
ORDER BY 1
ON CONFLICT (gtin) DO UPDATE
SET ({", ".join(_COLUMNS[1:])}) = ROW({", ".join(f"excluded.{name}" for name in _COLUMNS[1:])})
WHERE products.version < excluded.version
"""  # noqa: S608 - names of ours


async def on_product_changed(conn: Connection, batch: Sequence[Received]) -> None:
    newest: dict[str, ProductChanged] = {}
    for received in batch:
        event = received.event
        if isinstance(event, ProductChanged) and (
            event.gtin not in newest or newest[event.gtin].version < event.version
        ):
            newest[event.gtin] = event
    rows = [tuple(getattr(event, name) for name in _COLUMNS) for event in newest.values()]
    if rows:
        await conn.execute(_TAKE_OVER, *columns_of(rows))


async def clear(conn: Connection) -> None:
    """Offers and orders refer to products, so a rebuild writes over them; what it lacks cannot be ordered."""
    await conn.execute(
        "UPDATE products SET name = '', brand = '', status = '', retail_price_per_pack = NULL, "
        "currency = NULL, price_class = NULL, version = 0"
    )


async def digest(conn: Connection) -> Digest:
    row = await conn.fetchrow(
        f"""SELECT count(*) AS products,
                   sum(hashtextextended(concat_ws('|', {", ".join(_COLUMNS)}), 0))::text AS hash
            FROM products"""  # noqa: S608 - names of ours
    )
    return dict(row) if row else {}


SUBSCRIPTION = Subscription("customers.catalogue", (ProductChanged.TOPIC,), on_product_changed)
PROJECTION = Projection("catalogue", SUBSCRIPTION, clear, digest)
