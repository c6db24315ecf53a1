"""Makes a stocktake, claims its products and takes the snapshot."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from humidor_common import audit
from humidor_common.auth import Principal
from humidor_common.db.pool import Connection
from humidor_common.ids import uuid7
from humidor_common.web.problems import FieldError, Problem, invalid
from humidor_inventory.receipts.queries import require_store
from humidor_inventory.stock.service import lock_stores
from humidor_inventory.stocktakes import queries
from humidor_inventory.stocktakes.rules import FROM, OPEN
from humidor_inventory.stocktakes.schemas import MAX_PRODUCTS, StocktakeInput
from humidor_inventory.turnover.rules.classes import abc_classes

_IN_STOCK = """
SELECT s.gtin FROM stock s JOIN products p USING (gtin)
WHERE s.store_id = $1 AND (s.on_hand_sticks <> 0
    OR EXISTS (SELECT FROM lot_stock l WHERE l.store_id = $1 AND l.gtin = s.gtin AND l.on_hand_sticks <> 0))
ORDER BY s.gtin
"""
_OF_BRAND = (
    "SELECT gtin FROM stock JOIN products USING (gtin) WHERE store_id = $1 AND brand = $2 ORDER BY gtin"
)
# The range of a store's last 90 days in the key of the daily flows.
_SALES_VALUE = """
SELECT s.gtin,
       coalesce(sum(f.sold_sticks - f.returned_sticks) * max(p.retail_price_per_pack)
                / max(p.sticks_per_pack), 0)::bigint
FROM stock s JOIN products p USING (gtin) LEFT JOIN daily_flows f
    ON f.store_id = s.store_id AND f.gtin = s.gtin AND f.day > ($2::timestamptz)::date - 90
WHERE s.store_id = $1 GROUP BY s.gtin
"""
_CLAIM = """
INSERT INTO stocktake_products (store_id, gtin, stocktake_id)
SELECT $1, g, $2 FROM unnest($3::text[]) g ON CONFLICT DO NOTHING
"""
_SNAPSHOT = """
INSERT INTO stocktake_snapshots (stocktake_id, gtin, lot, on_hand_sticks)
SELECT $1, l.gtin, l.lot, l.on_hand_sticks FROM stocktake_products c JOIN lot_stock l USING (store_id, gtin)
WHERE c.stocktake_id = $1 AND l.store_id = $2 AND l.live AND l.on_hand_sticks <> 0
"""
_LINES = """
INSERT INTO stocktake_lines (stocktake_id, line, gtin, lot, round, snapshot_sticks)
SELECT $1, row_number() OVER (ORDER BY c.gtin, s.lot), c.gtin, coalesce(s.lot, ''), 1, coalesce(s.sticks, 0)
FROM stocktake_products c LEFT JOIN (
    SELECT gtin, CASE WHEN $2 THEN lot ELSE '' END AS lot, sum(on_hand_sticks)::bigint AS sticks
    FROM stocktake_snapshots WHERE stocktake_id = $1 GROUP BY 1, 2) s USING (gtin)
WHERE c.stocktake_id = $1
"""


async def create_stocktake(
    conn: Connection, principal: Principal, given: StocktakeInput, *, now: datetime
) -> UUID:
    """Make a draft that claims its products, so that no other open stocktake can cover them."""
    await require_store(conn, given.store_id)
    stocktake_id = uuid7()
    gtins = await _covered(conn, given, now)
    await lock_stores(conn, [given.store_id])
    await _refuse_overlap(conn, given.store_id, full=given.kind == "full")
    allowed = given.thresholds
    await conn.execute(
        """INSERT INTO stocktakes (stocktake_id, store_id, kind, blind, by_lot, state, recount_packs,
               recount_percent, recount_value_minor, products, note, created_by, created_at)
           VALUES ($1, $2, $3, $4, $5, 'draft', $6, $7, $8, $9, $10, $11, $12)""",
        stocktake_id,
        given.store_id,
        given.kind,
        given.blind,
        given.by_lot,
        allowed.packs,
        allowed.percent,
        allowed.value_minor,
        len(gtins),
        given.note,
        principal.subject,
        now,
    )
    await claim(conn, given.store_id, stocktake_id, gtins)
    after = given.model_dump(mode="json", exclude_none=True) | {"products": len(gtins)}
    await audit.record(conn, principal, "create", "stocktake", str(stocktake_id), after=after)
    return stocktake_id


async def start_stocktake(conn: Connection, principal: Principal, stocktake_id: UUID, store_id: str) -> None:
    """Take the snapshot at one position of the ledger, which nobody of the store can be writing meanwhile."""
    await lock_stores(conn, [store_id])
    stocktake = await queries.read_stocktake(conn, stocktake_id, None, lock=True)
    check_state(stocktake.state, "start")
    if stocktake.kind == "full":
        found = [row[0] for row in await conn.fetch(_IN_STOCK, store_id)]
        await claim(conn, store_id, stocktake_id, _not_too_many(found))
    row = await conn.fetchrow(
        "SELECT nextval('stock_ledger_entry_id_seq') AS position, clock_timestamp() AS at"
    )
    if row is None:
        raise RuntimeError("a SELECT without FROM gives one row")
    await conn.execute(_SNAPSHOT, stocktake_id, store_id)
    await conn.execute(_LINES, stocktake_id, stocktake.by_lot)
    await conn.execute(
        """UPDATE stocktakes SET state = 'counting', ledger_position = $2, rounds = ARRAY[$3::timestamptz],
               products = (SELECT count(*) FROM stocktake_products WHERE stocktake_id = $1)
           WHERE stocktake_id = $1""",
        stocktake_id,
        row["position"],
        row["at"],
    )
    after = {"ledger_position": row["position"], "lines": await queries.count_lines(conn, stocktake_id)}
    await audit.record(conn, principal, "start", "stocktake", str(stocktake_id), after=after)


async def claim(conn: Connection, store_id: str, stocktake_id: UUID, gtins: Collection[str]) -> None:
    """Reserve products of a store for one open stocktake.

    Raises:
        Problem: 409 `stocktake-overlaps` naming those that another one covers.
    """
    await conn.execute(_CLAIM, store_id, stocktake_id, list(gtins))
    others = await conn.fetch(
        """SELECT gtin, stocktake_id FROM stocktake_products
           WHERE store_id = $1 AND gtin = ANY($2::text[]) AND stocktake_id <> $3 ORDER BY gtin LIMIT 50""",
        store_id,
        list(gtins),
        stocktake_id,
    )
    if others:
        errors = [FieldError(row["gtin"], f"is covered by stocktake {row['stocktake_id']}") for row in others]
        detail = "Another open stocktake covers some of these products."
        raise Problem(409, "stocktake-overlaps", detail, errors=errors)


def check_state(state: str, step: str) -> None:
    """Refuse a step that does not lead on from this state.

    Raises:
        Problem: 409 `stocktake-<state>`.
    """
    if state not in FROM[step]:
        detail = f"The stocktake is {state}; to {step} it must be {' or '.join(FROM[step])}."
        raise Problem(409, f"stocktake-{state}", detail)


async def _refuse_overlap(conn: Connection, store_id: str, *, full: bool) -> None:
    """Refuse beside a full stocktake any other of the store: it covers even what turns up."""
    other = await conn.fetchval(
        """SELECT stocktake_id FROM stocktakes
           WHERE store_id = $1 AND state = ANY($2::text[]) AND ($3 OR kind = 'full') LIMIT 1""",
        store_id,
        list(OPEN),
        full,
    )
    if other:
        raise Problem(409, "stocktake-overlaps", f"Stocktake {other} of this store is open.")


async def _covered(conn: Connection, given: StocktakeInput, now: datetime) -> list[str]:
    if given.kind == "full":
        return _not_too_many([row[0] for row in await conn.fetch(_IN_STOCK, given.store_id)])
    if given.gtins is not None:
        gtins = sorted(set(given.gtins))
        rows = await conn.fetch("SELECT gtin FROM products WHERE gtin = ANY($1::text[])", gtins)
        unknown = set(gtins) - {row[0] for row in rows}
        if unknown:
            raise invalid(f"gtins[{given.gtins.index(min(unknown))}]", "there is no such product")
        return gtins
    if given.brand is not None:
        found = [row[0] for row in await conn.fetch(_OF_BRAND, given.store_id, given.brand)]
    else:
        values = {row[0]: row[1] for row in await conn.fetch(_SALES_VALUE, given.store_id, now)}
        wanted = set(given.abc_classes or ())
        found = sorted(gtin for gtin, each in abc_classes(values).items() if each in wanted)
    if not found:
        raise Problem(409, "nothing-to-count", "This store has no product of these.")
    return _not_too_many(found)


def _not_too_many(gtins: list[str]) -> list[str]:
    if len(gtins) > MAX_PRODUCTS:
        detail = f"That is {len(gtins)} products; count at most {MAX_PRODUCTS} at a time, by class or brand."
        raise Problem(409, "too-many-products", detail)
    return gtins
