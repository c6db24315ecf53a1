"""Returns and voids that came before their sale: settled once it is here.

The sale's own statement does nothing for them, so that a sale costs the same whether anything waits or not.
"""

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

_ARRIVED = """
SELECT e.store_id, e.exception_id, e.kind, e.fact_id, e.happened_at, coalesce(r.sale_id, v.sale_id) AS sale_id
  FROM exceptions e
  LEFT JOIN returns r ON r.store_id = e.store_id AND r.returned_at = e.happened_at AND r.return_id = e.fact_id
  LEFT JOIN voids v ON v.store_id = e.store_id AND v.voided_at = e.happened_at AND v.void_id = e.fact_id
  JOIN fact_ids f ON f.store_id = e.store_id AND f.fact_id = coalesce(r.sale_id, v.sale_id)
   AND f.kind = 'sale'
 WHERE e.state = 'open' AND e.code = 'sale_unknown' ORDER BY e.exception_id LIMIT $1
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
    """Close `sale_unknown` where the sale has come, and judge those returns against it; gives how many."""
    async with runtime.pool.acquire() as conn:
        arrived = await conn.fetch(_ARRIVED, SETTLE_MAX)
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
