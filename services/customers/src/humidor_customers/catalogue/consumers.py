"""The projection of products; an event older than what is known changes nothing."""

from collections.abc import Sequence

from humidor_common.db.columns import columns_of
from humidor_common.db.pool import Connection
from humidor_common.events.inventory import ProductChanged
from humidor_common.messaging.rebuild import Digest, Projection
from humidor_common.messaging.subscription import Received, Subscription
from humidor_customers.recounts import FROM_THE_FIRST_DAY

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
    "manufacturer",
    "version",
)
_FACTORS = "sticks_per_pack, packs_per_carton, cartons_per_case"
# What was bought of products whose packaging is corrected has to be counted anew.
_TAKE_OVER = f"""
WITH given AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::int[], $7::int[],
                         $8::bigint[], $9::text[], $10::text[], $11::text[], $12::int[])
                  AS t({", ".join(_COLUMNS)})
), known AS MATERIALIZED (
    SELECT gtin, ({_FACTORS}) AS factors FROM products WHERE gtin IN (SELECT gtin FROM given)
), taken AS (
    INSERT INTO products ({", ".join(_COLUMNS)}) SELECT * FROM given ORDER BY gtin
    ON CONFLICT (gtin) DO UPDATE
    SET ({", ".join(_COLUMNS[1:])}) = ROW({", ".join(f"excluded.{name}" for name in _COLUMNS[1:])})
    WHERE products.version < excluded.version
    RETURNING gtin, ({_FACTORS}) AS factors
)
INSERT INTO purchase_recounts (kind, id)
SELECT 'product', gtin FROM taken JOIN known USING (gtin) WHERE taken.factors <> known.factors ORDER BY gtin
{FROM_THE_FIRST_DAY}
"""  # noqa: S608 - names of ours
# Of products whose newest version this is; the numbers of packs, cartons and cases are theirs alone.
_FORGET_UNITS = """
DELETE FROM product_units u USING jsonb_array_elements($1::jsonb) e, products p
WHERE p.gtin = e->>0 AND p.version = (e->>1)::int
  AND (u.gtin = p.gtin OR u.unit_gtin IN (SELECT lpad(n->>'gtin', 14, '0') FROM jsonb_array_elements(e->2) n))
RETURNING u.unit_gtin, u.gtin, u.unit
"""
_ADD_UNITS = """
INSERT INTO product_units (unit_gtin, gtin, unit)
SELECT DISTINCT ON (1) lpad(n->>'gtin', 14, '0'), p.gtin, n->>'unit'
FROM jsonb_array_elements($1::jsonb) e JOIN products p ON p.gtin = e->>0 AND p.version = (e->>1)::int
CROSS JOIN jsonb_array_elements(e->2) n ORDER BY 1
ON CONFLICT (unit_gtin) DO UPDATE SET gtin = excluded.gtin, unit = excluded.unit
"""
# What was bought by a number that stands for something else now, or for nothing, has to be counted anew.
_RELABEL = f"""
WITH other AS (
    SELECT unit_gtin, u.gtin IS NULL AS gone
    FROM unnest($1::text[], $2::text[], $3::text[]) former(unit_gtin, gtin, unit)
    LEFT JOIN product_units u USING (unit_gtin)
    WHERE (u.gtin, u.unit) IS DISTINCT FROM (former.gtin, former.unit)
), unknown AS (
    INSERT INTO purchase_unknowns SELECT 'product', unit_gtin, now() FROM other WHERE gone ORDER BY unit_gtin
    ON CONFLICT (kind, id) DO NOTHING
)
INSERT INTO purchase_recounts (kind, id) SELECT 'product', unit_gtin FROM other ORDER BY unit_gtin
{FROM_THE_FIRST_DAY}
"""  # noqa: S608 - made of constants


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
        units = [(each.gtin, each.version, each.unit_gtins) for each in newest.values()]
        former = await conn.fetch(_FORGET_UNITS, units)
        await conn.execute(_ADD_UNITS, units)
        if former:
            await conn.execute(_RELABEL, *columns_of([tuple(row) for row in former]))


async def clear(conn: Connection) -> None:
    """Offers and orders refer to products, so a rebuild writes over them; what it lacks cannot be ordered."""
    await conn.execute(
        "UPDATE products SET name = '', brand = '', status = '', retail_price_per_pack = NULL, "
        "currency = NULL, price_class = NULL, manufacturer = NULL, version = 0"
    )
    await conn.execute("DELETE FROM product_units")


async def digest(conn: Connection) -> Digest:
    row = await conn.fetchrow(
        f"""SELECT count(*) AS products,
                   sum(hashtextextended(concat_ws('|', {", ".join(_COLUMNS)}), 0))::text AS hash,
                   (SELECT sum(hashtextextended(concat_ws('|', unit_gtin, gtin, unit), 0))::text
                    FROM product_units) AS units
            FROM products"""  # noqa: S608 - names of ours
    )
    return dict(row) if row else {}


SUBSCRIPTION = Subscription("customers.catalogue", (ProductChanged.TOPIC,), on_product_changed)
PROJECTION = Projection("catalogue", SUBSCRIPTION, clear, digest)
