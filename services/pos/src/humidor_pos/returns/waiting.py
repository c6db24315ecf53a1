"""Returns and voids that came before their sale: settled once it is here.

The sale's own statement does nothing for them, so that a sale costs the same whether anything waits or not.
What has waited for an hour is looked at every few minutes only: a return of something sold before this system
was there waits for ever, and there may be very many of them.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection
from humidor_common.db.transaction import transaction
from humidor_common.runtime import Runtime
from humidor_pos.exceptions.service import BY_ITSELF
from humidor_pos.recording.registry import lock_sale
from humidor_pos.recording.service import intake, raise_doubts
from humidor_pos.returns.service import identify, judge_with_sale
from humidor_pos.returns.wire import Return
from humidor_pos.terminals.directory import Terminal
from humidor_pos.terminals.rules import Bucket

SETTLE_MAX = 200
RECENT = timedelta(hours=1)
EVER = datetime.min.replace(tzinfo=UTC)
LOOK_AT_ALL_SECONDS = 300.0

# LATERAL ... OFFSET 0: look each one up, whatever the planner believes about how many there are.
_ARRIVED = """
SELECT e.store_id, e.exception_id, e.kind, e.fact_id, e.happened_at, t.sale_id
  FROM exceptions e
 CROSS JOIN LATERAL (
    SELECT sale_id FROM returns
     WHERE store_id = e.store_id AND returned_at = e.happened_at AND return_id = e.fact_id
    UNION ALL
    SELECT sale_id FROM voids
     WHERE store_id = e.store_id AND voided_at = e.happened_at AND void_id = e.fact_id OFFSET 0) t
 CROSS JOIN LATERAL (
    SELECT FROM fact_ids
     WHERE store_id = e.store_id AND fact_id = t.sale_id AND kind = 'sale' OFFSET 0) f
 WHERE e.state = 'open' AND e.code = 'sale_unknown' AND e.raised_at >= $2
 ORDER BY e.raised_at LIMIT $1
"""
_CLOSE = """
UPDATE exceptions SET state = 'closed', settled_at = $3, settled_by = $4, note = 'the sale has come'
 WHERE store_id = $1 AND exception_id = $2 AND state = 'open' RETURNING true
"""
_RETURN = """
SELECT return_id, sale_id, store_id, returned_at, currency, lines, payments, reason, restock, member_id,
       terminal_id FROM returns WHERE store_id = $1 AND returned_at = $2 AND return_id = $3
"""


async def settle_waiting(runtime: Runtime) -> int:
    """Settle what was raised a short while ago; gives how many."""
    return await _settle(runtime, utc_now() - RECENT)


async def settle_all_waiting(runtime: Runtime) -> None:
    """Settle whatever waits, however long."""
    while await _settle(runtime, EVER) == SETTLE_MAX:
        pass


async def _settle(runtime: Runtime, since: datetime) -> int:
    """Close `sale_unknown` where the sale has come, and judge those returns against it; gives how many."""
    async with runtime.pool.acquire() as conn:
        arrived = await conn.fetch(_ARRIVED, SETTLE_MAX, since)
    for row in arrived:
        async with transaction(runtime.pool) as conn:
            await lock_sale(conn, row["store_id"], row["sale_id"])
            closed = await conn.fetchval(_CLOSE, row["store_id"], row["exception_id"], utc_now(), BY_ITSELF)
            if closed and row["kind"] == "return":
                await _judge_again(runtime, conn, row)
    return len(arrived)


async def _judge_again(runtime: Runtime, conn: Connection, row: Any) -> None:
    stored = dict(await conn.fetchrow(_RETURN, row["store_id"], row["happened_at"], row["fact_id"]) or {})
    terminal = Terminal(stored.pop("terminal_id"), row["store_id"], b"", "active", None, Bucket(0, 0))
    returned = msgspec.convert(stored, Return)
    around = await intake(runtime, terminal)
    await raise_doubts(conn, identify(returned), await judge_with_sale(conn, around, returned), around.now)
