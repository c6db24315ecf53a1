"""A history of sales, put into the services' own tables by sets: as many rows as the real ones would be.

Each set goes in by the order of its index, which is twice as fast and leaves the same rows.
"""

from benchmarks import shop
from benchmarks.system import Database

STEP = 250_000
# Over the last 20 days, oldest first.
_SPAN = "interval '20 days'"
_NEW = f"""
SELECT i, uuidv7(-age) AS sale_id, 'S' || lpad((1 + i % {shop.STORES})::text, 4, '0') AS store_id,
       now() - age AS sold_at
  FROM (SELECT i, (1 - i::float8 / 2500000) * {_SPAN} AS age FROM generate_series({{first}}, {{last}}) i) ages
 ORDER BY 3, 4
"""  # noqa: S608 - made of constants
_PRODUCT = f"(ARRAY{list(shop.GTINS)})[1 + (i * l) % {shop.PRODUCTS}]"


def add_sales(database: Database, count: int, *, done: int) -> None:
    """Add sales after the `done` that are there already."""
    _by_steps(
        database,
        """
        WITH new AS MATERIALIZED (@NEW@), f AS (
            INSERT INTO fact_ids (store_id, fact_id, kind, happened_at, body_hash)
            SELECT store_id, sale_id, 'sale', sold_at, sha256(sale_id::text::bytea) FROM new
        ), s AS (
            INSERT INTO sales (store_id, sold_at, sale_id, terminal_id, recorded_at, currency, total,
                               payments, age_check)
            SELECT store_id, sold_at, sale_id, '019aaf6e5c0070008000000000000001', sold_at, 'CNY', 15000,
                   '[{"method": "wechat_pay", "amount": 15000}]', '{"method": "id_seen", "passed": true}'
              FROM new
        ) INSERT INTO sale_lines (store_id, sold_at, sale_id, line, gtin, quantity, unit, unit_price)
          SELECT store_id, sold_at, sale_id, l, @PRODUCT@, 2, 'pack', 2500
            FROM new, generate_series(1, 3) l ORDER BY 1, 2, 3, 4
        """,
        count,
        done,
    )


def add_stock_history(database: Database, count: int, *, done: int) -> None:
    """Add what inventory keeps of so many sales."""
    _by_steps(
        database,
        """
        WITH new AS MATERIALIZED (@NEW@), b AS (
            INSERT INTO inbox (consumer, event_id, processed_at)
            SELECT 'inventory.stock', uuidv7(sold_at - now()), sold_at FROM new
        ), d AS (
            INSERT INTO sale_documents (store_id, thread_id, document_id, kind, restock, occurred_at,
                                        recorded_at, day, moves)
            SELECT store_id, sale_id, sale_id, 'sale', true, sold_at, sold_at, sold_at::date,
                   '[["06901028000017", "L1", -40, 0], ["06901028000406", "L1", -40, 0],'
                   ' ["06901028000581", "L1", -40, 0]]'
              FROM new
        ) INSERT INTO stock_ledger (store_id, gtin, recorded_at, lot, bucket, delta_sticks, reason,
                                    explanation, source_id, line, occurred_at, day)
          SELECT store_id, @PRODUCT@, sold_at, 'L1', 'on_hand', -40, 'sale', 'fefo', sale_id, l, sold_at,
                 sold_at::date
            FROM new, generate_series(1, 3) l ORDER BY 1, 2, 3
        """,
        count,
        done,
    )


def _by_steps(database: Database, sql: str, count: int, done: int) -> None:
    sql = sql.replace("@PRODUCT@", _PRODUCT)
    for first in range(done + 1, done + count + 1, STEP):
        last = min(first + STEP - 1, done + count)
        database.execute(
            "SET synchronous_commit = off;" + sql.replace("@NEW@", _NEW.format(first=first, last=last))
        )
