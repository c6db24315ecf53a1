"""Carries changes of the catalogue into the rollups: brand, class, supplier, currency and cost prices.

History is told by what a product is today, so that a brand keeps its past where a label is put right; its
cost is the one of each day. A change takes what the product is in the rollups out of them and adds it again.
"""

from humidor_common.db.pool import Connection
from humidor_inventory.rollups.adding import SEGMENT, SKUS, add_to_rollups
from humidor_inventory.rollups.closing import add_late
from humidor_inventory.rollups.sums import ROLLED, measured

_LONG_SECONDS = 3600

COSTS = """
SELECT c.gtin, c.valid_from,
       round(c.cost_price_per_pack * 10000.0 / p.sticks_per_pack)::bigint AS unit_cost_e4
FROM product_costs c JOIN products p USING (gtin)
"""
_PRODUCTS = """
SELECT gtin, brand, coalesce(price_class, '') AS price_class, coalesce(supplier_id, '') AS supplier_id,
       coalesce(currency, '') AS currency FROM products
"""
# With what they cost: reports take it from here of every product that is here.
_NEW = f"""
WITH new AS (INSERT INTO rolled_products SELECT * FROM ({_PRODUCTS}) p ON CONFLICT DO NOTHING RETURNING gtin)
INSERT INTO rolled_costs SELECT * FROM ({COSTS}) c WHERE gtin IN (TABLE new) ON CONFLICT DO NOTHING
"""  # noqa: S608 - made of constants
# A cost that begins after the last closed day, and a change of labels, leave the days as they are.
_CHANGED = f"""
SELECT gtin, bool_or(deep) AS deep FROM (
    SELECT n.gtin, n.currency <> o.currency AS deep FROM ({_PRODUCTS}) n JOIN rolled_products o USING (gtin)
    WHERE (n.brand, n.price_class, n.supplier_id, n.currency)
          IS DISTINCT FROM (o.brand, o.price_class, o.supplier_id, o.currency)
    UNION ALL
    SELECT gtin, valid_from <= coalesce((SELECT max(through) FROM closed_days), '-infinity')
    FROM ((({COSTS}) EXCEPT SELECT * FROM rolled_costs)
          UNION ALL (SELECT * FROM rolled_costs EXCEPT ({COSTS}))) c
) d GROUP BY gtin ORDER BY gtin
"""  # noqa: S608 - made of constants
# By the months in which the product moved, so that other products' flows are hardly read.
_FLOWS = """(SELECT f.*, c.through FROM monthly_flows m JOIN closed_days c USING (store_id)
    CROSS JOIN LATERAL (
        SELECT * FROM daily_flows f WHERE f.store_id = m.store_id AND f.gtin = m.gtin AND f.day <= c.through
          AND f.day >= m.month AND f.day < m.month + interval '1 month' OFFSET 0) f
    WHERE m.gtin = $1)"""
_TAKE_OUT, _PUT_BACK = (
    add_to_rollups(measured(_FLOWS, "rolled_costs", through="f.through", sign=sign), segments=False)
    for sign in (-1, 1)
)
_KEYS = ", ".join(SEGMENT)
_MOVED = {name: name for name in ROLLED} | {name: is_one.format("m") for name, is_one in SKUS.items()}
_MOVE = f"""
INSERT INTO segment_flows AS t ({_KEYS}, {", ".join(_MOVED)})
SELECT {_KEYS}, {", ".join(f"$2 * sum({figure})::bigint" for figure in _MOVED.values())}
FROM monthly_flows m JOIN rolled_products USING (gtin) WHERE gtin = $1 GROUP BY {_KEYS}
ON CONFLICT ({_KEYS}) DO UPDATE SET {", ".join(f"{name} = t.{name} + excluded.{name}" for name in _MOVED)}
"""  # noqa: S608 - made of our own names
# What was on the shelf was seen when the day closed; it goes to the currency of now as it was seen.
_MOVE_SERVICE = """
INSERT INTO store_days AS t (store_id, day, currency, out_days, carried_days)
SELECT store_id, month + n, currency, $2 * (out_bits >> n & 1), $2 * (carried_bits >> n & 1)
FROM monthly_flows JOIN rolled_products USING (gtin) CROSS JOIN generate_series(0, 30) n
WHERE gtin = $1 AND (out_bits | carried_bits) >> n & 1 = 1
ON CONFLICT (store_id, day, currency) DO UPDATE
SET out_days = t.out_days + excluded.out_days, carried_days = t.carried_days + excluded.carried_days
"""
_MOVE_SERVICE_MONTHS = """
INSERT INTO store_months AS t (store_id, month, currency, out_days, carried_days)
SELECT store_id, month, currency, $2 * out_days, $2 * carried_days
FROM monthly_flows JOIN rolled_products USING (gtin) WHERE gtin = $1 AND carried_days <> 0
ON CONFLICT (store_id, month, currency) DO UPDATE
SET out_days = t.out_days + excluded.out_days, carried_days = t.carried_days + excluded.carried_days
"""
_DROP_EMPTY = [
    f"DELETE FROM {table} WHERE {' AND '.join(f'{name} = 0' for name in names)}"  # noqa: S608 - our own tables
    for table, names in (("segment_flows", _MOVED), ("store_days", ROLLED), ("store_months", ROLLED))
]


async def learn_products(conn: Connection) -> None:
    """Let the rollups know products that are new; nothing is added of those that they do not know."""
    await conn.execute(_NEW)


async def follow_catalogue(conn: Connection) -> None:
    """Restate each product that has changed; nobody else rolls up meanwhile."""
    await learn_products(conn)
    changed = await conn.fetch(_CHANGED)
    for gtin, deep in changed:
        async with conn.transaction(isolation="repeatable_read"):
            await conn.execute("SELECT set_config('transaction_timeout', '0', true)")
            await _restate(conn, gtin, deep=deep)
    for statement in _DROP_EMPTY if changed else ():
        await conn.execute(statement, timeout=_LONG_SECONDS)


async def _restate(conn: Connection, gtin: str, *, deep: bool) -> None:
    """Restate one product; `deep` where its days are worth something else too.

    In the snapshot of this transaction the flows of closed days are what the rollups hold and what waits to
    be added; once that is added they are equal, whatever comes meanwhile.
    """
    await add_late(conn)
    await conn.execute(_MOVE, gtin, -1, timeout=_LONG_SECONDS)
    if deep:
        await conn.fetchval(_TAKE_OUT, gtin, timeout=_LONG_SECONDS)
        await _move_service(conn, gtin, -1)
    for table, now in (("rolled_products", _PRODUCTS), ("rolled_costs", COSTS)):
        await conn.execute(f"DELETE FROM {table} WHERE gtin = $1", gtin)  # noqa: S608 - our own tables
        await conn.execute(f"INSERT INTO {table} SELECT * FROM ({now}) n WHERE gtin = $1", gtin)  # noqa: S608
    if deep:
        await conn.fetchval(_PUT_BACK, gtin, timeout=_LONG_SECONDS)
        await _move_service(conn, gtin, 1)
    await conn.execute(_MOVE, gtin, 1, timeout=_LONG_SECONDS)


async def _move_service(conn: Connection, gtin: str, sign: int) -> None:
    for statement in (_MOVE_SERVICE, _MOVE_SERVICE_MONTHS):
        await conn.execute(statement, gtin, sign, timeout=_LONG_SECONDS)
