"""Opens the closed days of one store again: takes the store out of every rollup."""

from humidor_common.db.pool import Connection
from humidor_inventory.rollups.adding import add_to_rollups
from humidor_inventory.rollups.closing import ZEROS, add_late
from humidor_inventory.rollups.sums import measured

_LONG_SECONDS = 3600

_FLOWS = "(SELECT * FROM daily_flows WHERE store_id = $1 AND day <= $2)"
_SERVICE = f"""
SELECT store_id, gtin, month + n, {ZEROS}, 0, 0, 0, 0, -(out_bits >> n & 1), -(carried_bits >> n & 1)
FROM monthly_flows CROSS JOIN generate_series(0, 30) n
WHERE store_id = $1 AND (out_bits | carried_bits) >> n & 1 = 1
"""  # noqa: S608 - made of constants
_TAKE_OUT = add_to_rollups(
    f"{measured(_FLOWS, 'rolled_costs', through='$2::date', sign=-1)} UNION ALL {_SERVICE}", segments=False
)
_OWN = ("monthly_flows", "segment_flows", "store_months", "store_days", "closed_days")


async def reopen(conn: Connection, store_id: str) -> None:
    """Take a store out, so that its days are closed anew; reports read its daily flows meanwhile.

    In the snapshot of this transaction the flows of closed days are what the rollups hold and what waits to
    be added, so nobody has to wait. What comes late meanwhile is in the flows that are closed anew.
    """
    async with conn.transaction(isolation="repeatable_read"):
        await conn.execute("SELECT set_config('transaction_timeout', '0', true)")
        through = await conn.fetchval("SELECT through FROM closed_days WHERE store_id = $1", store_id)
        if through is None:
            return
        await add_late(conn)
        await conn.fetchval(_TAKE_OUT, store_id, through, timeout=_LONG_SECONDS)
        for table in _OWN:
            await conn.execute(f"DELETE FROM {table} WHERE store_id = $1", store_id)  # noqa: S608 - our own
