"""Keeps the terms on which trade customers get products."""

from datetime import datetime

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.inputs import check_match
from humidor_common.web.problems import not_found
from humidor_customers.catalogue import queries
from humidor_customers.catalogue.schemas import OfferInput, ProductView

_TERMS = ("wholesale_minor_per_carton", "currency", "price_segment", "orderable")
_PUT = """
INSERT INTO offers (gtin, wholesale_minor_per_carton, currency, price_segment, orderable, version, changed_at)
VALUES ($1, $2, $3, $4, $5, 1, $6)
ON CONFLICT (gtin) DO UPDATE
SET wholesale_minor_per_carton = $2, currency = $3, price_segment = $4, orderable = $5,
    version = offers.version + 1, changed_at = $6
"""


async def get_product(conn: Connection, gtin: str) -> ProductView:
    found = await queries.read_view(conn, gtin)
    if found is None:
        raise not_found("product", gtin)
    return found


async def put_offer(
    conn: Connection,
    principal: Principal,
    offer: tuple[str, OfferInput],
    *,
    if_match: str | None,
    now: datetime,
) -> ProductView:
    """Set the terms of a product; orders that are confirmed keep theirs.

    Raises:
        Problem: 404 where nobody has told of the product, 412.
    """
    gtin, given = offer
    await conn.execute("SELECT FROM products WHERE gtin = $1 FOR UPDATE", gtin)
    before = await get_product(conn, gtin)
    check_match(if_match, before.version or None)
    terms = [getattr(given, name) for name in _TERMS]
    await conn.execute(_PUT, gtin, *terms, now)
    after = await get_product(conn, gtin)
    await audit.record(
        conn,
        principal,
        "change" if before.version else "create",
        "offer",
        gtin,
        before=before.model_dump(include=set(_TERMS)) if before.version else None,
        after=after.model_dump(include=set(_TERMS)),
        reason=given.reason,
    )
    return after
