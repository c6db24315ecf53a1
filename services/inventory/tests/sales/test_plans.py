"""The hot statements look each row up by its index, whatever the planner believes about the tables."""

from uuid import uuid4

import pytest

from humidor_inventory.replenishment import queries as replenishment
from humidor_inventory.sales.books import Admission, open_books
from humidor_inventory.sales.planning import Document
from humidor_inventory.stock import queries as reading
from humidor_inventory.stock import service as stock
from humidor_inventory.testing.shop import NOON, Shop, line

KEYS = '\'[["S0001", "06901028000017"]]\'::jsonb'
HOT = {
    "shelves": stock._STOCK_AND_LOTS.replace("$1::jsonb", KEYS),
    "shelves with master data": stock._KNOWN_STOCK_AND_LOTS.replace("$1::jsonb", KEYS),
    "review": replenishment.REVIEWED.replace("$1::jsonb", KEYS).replace("$2", "now()"),
    "lots of a product": reading._LOTS.replace("$1", "'S0001'").replace("$2", "'x'").replace("$3", "false"),
    "ledger page": reading._LEDGER.replace("$1", "'S0001'")
    .replace("$2", "'x'")
    .replace("$3", "now()")
    .replace("$4", "1")
    .replace("$5", "10"),
    "stock page": reading._STOCK.format(filters="s.store_id = 'S0001'")
    .replace("$1", "'S0001'")
    .replace("$2", "''")
    .replace("$3", "10"),
}
FILL = """
INSERT INTO stock (store_id, gtin, on_hand_sticks)
SELECT 'S' || s, lpad(g::text, 14, '0'), 20 FROM generate_series(1, 200) s, generate_series(1, 50) g;
INSERT INTO lot_stock (store_id, gtin, lot, on_hand_sticks)
SELECT store_id, gtin, l::text, 10 FROM stock, generate_series(1, 4) l;
INSERT INTO stock_ledger (store_id, gtin, recorded_at, lot, bucket, delta_sticks, reason, explanation,
                          source_id, line, occurred_at)
SELECT store_id, gtin, now(), lot, 'on_hand', 10, 'opening', 'received', gen_random_uuid(), 1, now()
FROM lot_stock;
INSERT INTO sale_documents SELECT store_id, gen_random_uuid(), gen_random_uuid(), 'sale', true, now(), now(),
                                  NULL, '[]', now()::date FROM stock;
"""


@pytest.mark.parametrize("filled", [False, True])
async def test_no_hot_statement_reads_a_whole_table(shop: Shop, filled: bool) -> None:
    async with shop.runtime.pool.acquire() as conn:
        if filled:
            await conn.execute(FILL)
        await conn.execute("ANALYZE")
        for name, statement in HOT.items():
            rows = await conn.fetch(f"EXPLAIN {statement}")
            plan = "\n".join(row[0] for row in rows)
            for table in ("stock", "lot_stock", "sale_documents"):
                assert f"Seq Scan on {table} " not in plan or not filled, f"{name}:\n{plan}"
            if name in ("shelves", "shelves with master data"):
                assert "Join Filter" not in plan, f"{name}:\n{plan}"


READ = """
SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::int FROM pg_stat_xact_user_tables
WHERE relname IN ('stock', 'lot_stock', 'sale_documents', 'inbox')
"""


async def test_opening_the_books_reads_what_it_gives_and_no_more(shop: Shop) -> None:
    async with shop.runtime.pool.acquire() as conn:
        await conn.execute(FILL)
        await conn.execute("ANALYZE")
        stored = await conn.fetch("SELECT store_id, thread_id FROM sale_documents ORDER BY random() LIMIT 20")
        documents = [
            Document(
                kind="sale",
                store_id=store_id,
                thread_id=thread_id,
                document_id=thread_id,
                restock=True,
                occurred_at=NOON,
                lines=[line(f"{number:014}", 1) for number in (1, 2, 3)],
            )
            for store_id, thread_id in stored
        ]
        for _ in range(10):  # the first plans are made for the very arguments
            async with conn.transaction():
                before = await conn.fetchval(READ)
                books = await open_books(conn, documents, Admission("group", [uuid4() for _ in documents]))
                given = sum(1 + len(shelf.lots) for shelf in books.shelves.values()) + len(books.threads)
                assert await conn.fetchval(READ) - before == given
        assert len(books.threads) == 20
