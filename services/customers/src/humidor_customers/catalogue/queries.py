"""Statements over products and offers."""

from collections.abc import Collection

from humidor_common.db.pool import Connection
from humidor_customers.catalogue.rules import Product
from humidor_customers.catalogue.schemas import ProductView

# A product without an offer belongs to the segment of its price class.
_TERMS = """
SELECT p.gtin, p.name, p.status, p.sticks_per_pack, p.packs_per_carton, p.cartons_per_case,
       o.wholesale_minor_per_carton, o.currency, coalesce(o.price_segment, p.price_class),
       coalesce(o.orderable, false)
FROM products p LEFT JOIN offers o USING (gtin)
"""
_VIEW = """
SELECT p.gtin, p.name, p.brand, p.status, p.sticks_per_pack, p.packs_per_carton, p.cartons_per_case,
       p.price_class, p.retail_price_per_pack, coalesce(o.price_segment, p.price_class) AS price_segment,
       o.wholesale_minor_per_carton, o.currency, coalesce(o.orderable, false) AS orderable,
       coalesce(o.version, 0) AS version
FROM products p LEFT JOIN offers o USING (gtin)
"""


async def load_products(conn: Connection, gtins: Collection[str]) -> dict[str, Product]:
    """Give those of the products that anybody has told of."""
    rows = await conn.fetch(f"{_TERMS} WHERE p.gtin = ANY($1::text[])", list(gtins))
    return {row[0]: Product(*row) for row in rows}


async def segments(conn: Connection) -> dict[str, str]:
    """Give the price segment of every product that has one."""
    rows = await conn.fetch("""
        SELECT gtin, coalesce(o.price_segment, p.price_class) FROM products p LEFT JOIN offers o USING (gtin)
        WHERE coalesce(o.price_segment, p.price_class) IS NOT NULL
    """)
    return {row[0]: row[1] for row in rows}


async def read_view(conn: Connection, gtin: str) -> ProductView | None:
    row = await conn.fetchrow(f"{_VIEW} WHERE p.gtin = $1", gtin)
    return None if row is None else ProductView(**row)


async def page(conn: Connection, *, segment: str | None, after: str, limit: int) -> list[ProductView]:
    rows = await conn.fetch(
        f"""{_VIEW} WHERE p.gtin > $1 AND ($2::text IS NULL OR coalesce(o.price_segment, p.price_class) = $2)
            ORDER BY p.gtin LIMIT $3""",
        after,
        segment,
        limit,
    )
    return [ProductView(**row) for row in rows]
