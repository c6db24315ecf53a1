"""Keeps the prices of suppliers."""

from datetime import date, datetime

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.web.problems import FieldError, Problem
from humidor_inventory.inputs import sticks_of
from humidor_inventory.suppliers.schemas import PriceList, PriceView
from humidor_inventory.suppliers.service import get_supplier
from humidor_inventory.units.queries import load_factors

_REMOVE = """
DELETE FROM supplier_prices p USING jsonb_array_elements($2::jsonb) e
WHERE p.supplier_id = $1 AND p.gtin = e->>0 AND p.valid_from = (e->>1)::date
"""
_WRITE = """
INSERT INTO supplier_prices (supplier_id, gtin, valid_from, valid_until, unit, currency, minimum_sticks,
                             price_minor, changed_at, changed_by)
SELECT $1, e->>0, (e->>1)::date, (e->>2)::date, e->>3, e->>4, (e->>5)::bigint, (e->>6)::bigint, $3, $4
FROM jsonb_array_elements($2::jsonb) e
"""
_PAGE = """
SELECT * FROM supplier_prices
WHERE supplier_id = $1 AND ($2::text IS NULL OR gtin = $2)
  AND (gtin, valid_from, minimum_sticks) > ($3, $4, $5)
ORDER BY gtin, valid_from, minimum_sticks LIMIT $6
"""

After = tuple[str, date, int]


async def put_prices(
    conn: Connection, principal: Principal, supplier_id: str, given: PriceList, *, now: datetime
) -> list[PriceView]:
    """Set prices; all or none."""
    await get_supplier(conn, supplier_id)
    factors = await load_factors(conn, {each.gtin for each in given.prices})
    errors = [
        FieldError(f"prices[{n}].gtin", "there is no such product")
        for n, each in enumerate(given.prices)
        if each.gtin not in factors
    ]
    if errors:
        raise Problem(422, "invalid", f"{errors[0].field}: {errors[0].message}", errors=errors[:50])
    rows = []
    for n, each in enumerate(given.prices):
        for m, step in enumerate(each.steps):
            field = f"prices[{n}].steps[{m}].minimum_quantity"
            minimum = sticks_of(step.minimum_quantity, each.unit, factors[each.gtin], field)
            dates = (each.valid_from, each.valid_until)
            rows.append((each.gtin, *dates, each.unit, each.currency, minimum, step.price_minor))
    keys = [(each.gtin, each.valid_from) for each in given.prices]
    await conn.execute(_REMOVE, supplier_id, keys)
    await conn.execute(_WRITE, supplier_id, sorted(rows, key=lambda row: (row[0], row[1], row[5])), now,
                       principal.subject)  # fmt: skip
    document = given.model_dump(mode="json")
    await audit.record(conn, principal, "set", "supplier_prices", supplier_id, after=document)
    return await list_prices(conn, supplier_id, None, after=("", date.min, -1), limit=len(rows))


async def list_prices(
    conn: Connection, supplier_id: str, gtin: str | None, *, after: After, limit: int
) -> list[PriceView]:
    rows = await conn.fetch(_PAGE, supplier_id, gtin, *after, limit)
    return [PriceView(**row) for row in rows]
