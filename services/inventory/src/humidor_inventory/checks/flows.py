"""Proves that the daily flows equal the ledger and the sales documents: set-based, from all of them."""

from humidor_common.db.pool import Connection
from humidor_inventory.checks.schemas import FlowCheck, FlowDifference
from humidor_inventory.checks.service import SHOWN_DIFFERENCES, allow_long
from humidor_inventory.stock.days import COLUMNS
from humidor_inventory.stock.flows import FROM_BOOKS

_TIMEOUT_SECONDS = 600
_FIGURES = ", ".join(f"('{name}', coalesce(b.{name}, 0), coalesce(f.{name}, 0))" for name in COLUMNS)
_DIFFERENCES = f"""
WITH books AS ({FROM_BOOKS}), flows AS (
    SELECT * FROM daily_flows WHERE $1::text[] IS NULL OR store_id = ANY($1)
)
SELECT store_id, gtin, day, d.figure, d.expected, d.actual
FROM books b FULL JOIN flows f USING (store_id, gtin, day)
CROSS JOIN LATERAL (VALUES {_FIGURES}) d(figure, expected, actual)
WHERE d.expected <> d.actual ORDER BY store_id, gtin, day, d.figure LIMIT $2
"""  # noqa: S608 - made of our own column names
_COUNT = "SELECT count(*) FROM daily_flows WHERE $1::text[] IS NULL OR store_id = ANY($1)"


async def check_flows(conn: Connection, visible: list[str] | None) -> FlowCheck:
    """Compare each day's flows with what the books say of it, in one snapshot; lists what differs.

    Reads the whole ledger of these stores, so it may take its time.
    """
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        await allow_long(conn)
        flows = await conn.fetchval(_COUNT, visible, timeout=_TIMEOUT_SECONDS)
        rows = await conn.fetch(_DIFFERENCES, visible, SHOWN_DIFFERENCES, timeout=_TIMEOUT_SECONDS)
    return FlowCheck(equal=not rows, flows=flows, differences=[FlowDifference(**row) for row in rows])
