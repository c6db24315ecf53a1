"""Applies sales anew during a rebuild: the topic says how much, the ledger from which lots."""

from collections.abc import Sequence
from datetime import datetime

from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection
from humidor_inventory.sales.planning import Document
from humidor_inventory.sales.recorded import Recorded, RecordedEntry
from humidor_inventory.sales.service import apply_documents
from humidor_inventory.stock.rules import UNATTRIBUTED
from humidor_inventory.stock.service import load_shelves, lock_stores, write_shelves
from humidor_inventory.stock.shelf import Shelf, Source

FORGET = """
CREATE TEMPORARY TABLE recorded_entries ON COMMIT DROP AS
SELECT entry_id, store_id, gtin, reason, source_id, line, lot, bucket, delta_sticks, explanation
FROM stock_ledger WHERE reason IN ('sale', 'return', 'void');
ALTER TABLE recorded_entries ADD PRIMARY KEY (entry_id);
CREATE INDEX ON recorded_entries (source_id);
ANALYZE recorded_entries;
DELETE FROM sale_documents;
DELETE FROM parked_lines WHERE applied_at IS NULL;
"""
_RECORDED = """
SELECT entry_id, store_id, gtin, reason, source_id::text, line, lot, bucket, delta_sticks, explanation
FROM recorded_entries WHERE source_id = ANY($1::uuid[]) ORDER BY entry_id
"""
_UNEXPLAINED = """
SELECT store_id, gtin, reason, source_id, line, lot, bucket, delta_sticks
FROM recorded_entries ORDER BY entry_id LIMIT 1000
"""


async def apply_again(conn: Connection, documents: Sequence[Document], *, now: datetime) -> None:
    """Apply documents that have been forgotten (`FORGET`) to balances that hold the whole ledger.

    Each document is worked out from what it states. Where the ledger has the entries that it comes to, they
    stand, with their lots; what it lacks is entered now.
    """
    ids = [document.document_id for document in documents]
    recorded = Recorded(RecordedEntry(*row) for row in await conn.fetch(_RECORDED, ids))
    await apply_documents(conn, documents, now=now, recorded=recorded)
    await conn.execute("DELETE FROM recorded_entries WHERE entry_id = ANY($1::bigint[])", recorded.claimed)


async def take_back_unexplained(conn: Connection) -> int:
    """Enter the opposite of recorded entries that no event of the topic accounts for; gives their number."""
    now = utc_now()
    found = 0
    while rows := await conn.fetch(_UNEXPLAINED):
        await lock_stores(conn, {row["store_id"] for row in rows})
        shelves = await load_shelves(
            conn,
            {(row["store_id"], row["gtin"]) for row in rows},
            {(row["store_id"], row["gtin"], row["lot"]) for row in rows},
        )
        for row in rows:
            source = Source("rebuild", row["source_id"], row["line"], now)
            _take_back(shelves[row["store_id"], row["gtin"]], row["lot"], row["bucket"], row["delta_sticks"],
                       source)  # fmt: skip
        await write_shelves(conn, shelves, now=now)
        await conn.execute(
            "DELETE FROM recorded_entries WHERE entry_id IN (SELECT entry_id FROM recorded_entries"
            " ORDER BY entry_id LIMIT 1000)"
        )
        found += len(rows)
    return found


def _take_back(shelf: Shelf, lot_code: str, bucket: str, delta: int, source: Source) -> None:
    """Undo one entry; what its lot no longer holds is taken from the unattributed one."""
    lot = shelf.lot(lot_code)
    held, enter = (lot.on_hand, shelf.put) if bucket == "on_hand" else (lot.quarantined, shelf.quarantine)
    part = -delta if lot_code == UNATTRIBUTED else max(-delta, -held)
    if part:
        enter(lot_code, part, "unexplained", source)
    if part != -delta:
        enter(UNATTRIBUTED, -delta - part, "unexplained", source)
