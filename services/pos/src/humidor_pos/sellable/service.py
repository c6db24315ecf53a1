"""A store's own prices."""

from datetime import datetime
from typing import Any

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.problems import not_found
from humidor_pos.products.service import CATALOGUE
from humidor_pos.revisions import next_revision
from humidor_pos.sellable.schemas import NewPrice, PriceView

_PUT = """
INSERT INTO prices (store_id, gtin, price_per_pack, currency, changed_at, revision)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (store_id, gtin) DO UPDATE SET price_per_pack = excluded.price_per_pack,
    currency = excluded.currency, changed_at = excluded.changed_at, revision = excluded.revision
"""


async def put_price(
    conn: Connection, principal: Principal, store_id: str, gtin: str, price: NewPrice, now: datetime
) -> PriceView:
    """Set a store's own price; terminals see it with their next look at the list."""
    revision = await next_revision(conn, CATALOGUE)
    before = await _price(conn, store_id, gtin)
    await conn.execute(_PUT, store_id, gtin, price.price_per_pack, price.currency, now, revision)
    await audit.record(
        conn,
        principal,
        "put",
        "price",
        f"{store_id}/{gtin}",
        before=before,
        after=price,
    )
    return PriceView(store_id=store_id, gtin=gtin, changed_at=now, **price.model_dump())


async def remove_price(
    conn: Connection, principal: Principal, store_id: str, gtin: str, now: datetime
) -> None:
    """Go back to the list price."""
    revision = await next_revision(conn, CATALOGUE)
    before = await _price(conn, store_id, gtin)
    if before is None:
        raise not_found("price of its own for", f"{store_id}/{gtin}")
    await conn.execute(_PUT, store_id, gtin, None, None, now, revision)
    await audit.record(conn, principal, "remove", "price", f"{store_id}/{gtin}", before=before)


async def list_prices(conn: Connection, store_id: str, after: str, limit: int) -> list[PriceView]:
    rows = await conn.fetch(
        "SELECT store_id, gtin, price_per_pack, currency, changed_at FROM prices"
        " WHERE store_id = $1 AND gtin > $2 AND price_per_pack IS NOT NULL ORDER BY gtin LIMIT $3",
        store_id,
        after,
        limit,
    )
    return [PriceView(**row) for row in rows]


async def _price(conn: Connection, store_id: str, gtin: str) -> dict[str, Any] | None:
    row = await conn.fetchrow(
        "SELECT price_per_pack, currency FROM prices"
        " WHERE store_id = $1 AND gtin = $2 AND price_per_pack IS NOT NULL",
        store_id,
        gtin,
    )
    return dict(row) if row else None
