"""Closes days of a store: adds their flows to the rollups, and what was out of stock when each was over."""

from datetime import date, timedelta

from humidor_common.db.pool import Connection
from humidor_inventory.rollups.adding import add_to_rollups
from humidor_inventory.rollups.months import changed_by_late, tell_months
from humidor_inventory.rollups.sums import FLOWS, MONEY, NET, measured
from humidor_inventory.stock.days import COLUMNS

DAYS_AT_ONCE = 31
# Flows of a day longer ago come from a clock that was wrong; they are added, but nobody asks what was on the
# shelf on each day since.
HISTORY_DAYS = 800
# A product that holds nothing counts as carried for so long after its last sale.
CARRIED_DAYS = 28
_TIMEOUT_SECONDS = 30

ZEROS = ", ".join(["0"] * len((*FLOWS, *MONEY)))
_NAMES = ", ".join(COLUMNS)
_LONG_AGO = f"""
INSERT INTO flow_corrections (store_id, gtin, day, {_NAMES})
SELECT store_id, gtin, day, {_NAMES} FROM daily_flows WHERE store_id = $1 AND day <= $2
"""  # noqa: S608 - made of our own column names
# What came late while the store was opened again is in its flows, and is added with them.
_FORGET_LATE = "DELETE FROM flow_corrections WHERE store_id = $1"
_CLOSED = """
INSERT INTO closed_days (store_id, through) VALUES ($1, $2)
ON CONFLICT (store_id) DO UPDATE SET through = excluded.through
"""
_FLOWS = "(SELECT * FROM daily_flows WHERE store_id = $1 AND day > $2 AND day <= $3)"
# Every product of the store on every day, from the stock of now back through the flows since.
_SERVICE = f"""
SELECT $1::text, gtin, day, {ZEROS}, 0, 0, 0, 0, CASE WHEN on_hand <= 0 THEN 1 ELSE 0 END, 1
FROM (
    SELECT s.gtin, d.day, sum(f.sold) OVER lately > 0 AS sells,
           s.on_hand_sticks - coalesce(l.moved, 0) - coalesce(sum(f.moved) OVER later, 0) AS on_hand
    FROM stock s
    CROSS JOIN (SELECT generate_series($2::date - {CARRIED_DAYS - 2}, $3::date, '1 day')::date AS day) d
    LEFT JOIN (SELECT gtin, day, {NET} - quarantined_sticks AS moved,
                      CASE WHEN sold_sticks > 0 THEN 1 ELSE 0 END AS sold
               FROM daily_flows WHERE store_id = $1 AND day > $2::date - {CARRIED_DAYS - 1} AND day <= $3
              ) f USING (gtin, day)
    LEFT JOIN (SELECT gtin, sum({NET} - quarantined_sticks) AS moved FROM daily_flows
               WHERE store_id = $1 AND day > $3 GROUP BY gtin) l USING (gtin)
    WHERE s.store_id = $1
    WINDOW later AS (PARTITION BY s.gtin ORDER BY d.day DESC
                     ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
           lately AS (PARTITION BY s.gtin ORDER BY d.day ROWS {CARRIED_DAYS - 1} PRECEDING)
) closing WHERE day > $2 AND (on_hand > 0 OR sells)
"""  # noqa: S608 - made of constants
# A cost that begins in these days changes the value of what lay there before them.
_REVALUED = f"""
SELECT $1::text, h.gtin, k.valid_from, {ZEROS}, 0, 0, 0, h.held * k.rise, 0, 0
FROM (SELECT s.gtin, s.on_hand_sticks + s.quarantined_sticks
             - coalesce((SELECT sum({NET}) FROM daily_flows f WHERE f.store_id = $1 AND f.day > $2
                         AND f.gtin = s.gtin), 0)::bigint AS held
      FROM stock s WHERE s.store_id = $1 AND s.gtin IN (
          SELECT gtin FROM rolled_costs WHERE valid_from > $2 AND valid_from <= $3)) h
CROSS JOIN LATERAL (
    SELECT valid_from, coalesce(unit_cost_e4, 0)
           - coalesce(lag(unit_cost_e4) OVER (ORDER BY valid_from), 0) AS rise
    FROM rolled_costs k WHERE k.gtin = h.gtin) k
WHERE k.valid_from > $2 AND k.valid_from <= $3
"""  # noqa: S608 - made of constants
_CLOSE = add_to_rollups(
    " UNION ALL ".join((measured(_FLOWS, "rolled_costs", through="$3::date"), _SERVICE, _REVALUED))
)
# Of a product that is new to the rollups it waits until they know it.
_ADD_LATE = add_to_rollups(
    measured("late", "rolled_costs", through="f.through"),
    before="""gone AS MATERIALIZED (
        DELETE FROM flow_corrections WHERE correction_id IN (
            SELECT correction_id FROM flow_corrections JOIN rolled_products USING (gtin)
            ORDER BY correction_id LIMIT $1) RETURNING *
    ), late AS MATERIALIZED (SELECT g.*, c.through FROM gone g JOIN closed_days c USING (store_id)), """,
)
_CORRECTIONS_AT_ONCE = 20_000


async def add_late(conn: Connection) -> None:
    """Add what came late for closed days, and tell again what stores had at the end of their months."""
    more = True
    while more:
        # In one snapshot, so that what is told is of the corrections that are added.
        async with conn.transaction(isolation="repeatable_read"):
            changed = await changed_by_late(conn, _CORRECTIONS_AT_ONCE, HISTORY_DAYS)
            more = bool(await conn.fetchval(_ADD_LATE, _CORRECTIONS_AT_ONCE, timeout=_TIMEOUT_SECONDS))
            await tell_months(conn, changed)


async def close_days(conn: Connection, store_id: str, yesterday: date) -> date:
    """Close some days of a store that is locked, at most up to `yesterday`; gives the last that is closed."""
    through: date | None = await conn.fetchval(
        "SELECT through FROM closed_days WHERE store_id = $1", store_id
    )
    if through is None:
        await conn.execute(_FORGET_LATE, store_id)
        first_day = await conn.fetchval("SELECT min(day) FROM daily_flows WHERE store_id = $1", store_id)
        begin = max(first_day or yesterday, yesterday - timedelta(days=HISTORY_DAYS))
        through = min(begin - timedelta(days=1), yesterday)
        await conn.execute(_LONG_AGO, store_id, through)
    until = min(through + timedelta(days=DAYS_AT_ONCE), yesterday)
    if until > through:
        await conn.fetchval(_CLOSE, store_id, through, until, timeout=_TIMEOUT_SECONDS)
        await tell_months(conn, [(store_id, through, until)])
    await conn.execute(_CLOSED, store_id, until)
    return until
