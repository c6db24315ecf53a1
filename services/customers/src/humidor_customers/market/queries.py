"""Reads the sums of the market."""

from typing import Any

from humidor_common.db.pool import Connection
from humidor_common.web.problems import invalid
from humidor_customers.market import statements
from humidor_customers.market.questions import (
    MOST_CELLS,
    MOST_LEFT_DAYS,
    MOST_PLACE_DAYS,
    MOST_STORE_DAYS,
    Question,
    Statement,
)
from humidor_customers.market.sources import pieces_of

_TIMEOUT_SECONDS = 25
_WORK_MEMORY = "64MB"
_COVERAGE = """
SELECT (SELECT min(day) FROM market_product_days) AS first_day,
       (SELECT max(day) FROM market_product_days) AS last_day,
       (SELECT count(*) FROM (SELECT FROM purchase_days_changed LIMIT 10000) c) AS days_waiting,
       (SELECT count(*) FROM market_stores_to_sum) AS stores_waiting,
       coalesce(sum(t.left_out), 0)::bigint AS left_out_lines,
       coalesce(sum(t.sticks) FILTER (WHERE p.gtin IS NULL OR p.brand = ''), 0)::bigint AS
       sticks_without_brand, coalesce(sum(t.sticks) FILTER (WHERE p.manufacturer IS NULL), 0)::bigint AS
       sticks_without_maker, coalesce(sum(t.sticks) FILTER (WHERE p.price_class IS NULL), 0)::bigint AS
       sticks_without_price_class, coalesce(sum(t.sticks), 0)::bigint AS sticks
FROM (SELECT gtin, sum(left_out) AS left_out, sum(sticks) AS sticks FROM market_product_days
      WHERE NOT wholesale AND day BETWEEN $1 AND $2 GROUP BY 1) t LEFT JOIN products p USING (gtin)
"""


async def read_cells(conn: Connection, question: Question) -> list[dict[str, Any]]:
    """Read sums by span, `within`, `by` and currency.

    Raises:
        Problem: 422 where single days of too many stores would have to be added up.
    """
    await check_size(conn, question, keep_store=False)
    found = await _fetch(conn, statements.cells(question))
    if len(found) > MOST_CELLS:
        raise invalid("period", f"that would be more than {MOST_CELLS:,} figures; ask for a part of it")
    return found


async def read_stores(conn: Connection, question: Question) -> list[dict[str, Any]]:
    """Read sums over stores; raises as `read_cells`."""
    await check_size(conn, question, keep_store=True)
    return await _fetch(conn, statements.by_store(question))


async def read_carried(conn: Connection, question: Question) -> list[dict[str, Any]]:
    """Read pairs of store and product, sold and carried; raises as `read_cells`."""
    await check_size(conn, question, keep_store=True)
    return await _fetch(conn, statements.carried(question))


async def read_stocked(conn: Connection, question: Question) -> list[dict[str, Any]]:
    """Read what stores had when each span was over, beside what they sold in it; raises as `read_cells`."""
    found = await _fetch(conn, statements.stocked(question))
    if len(found) > MOST_CELLS:
        raise invalid("period", f"that would be more than {MOST_CELLS:,} figures; ask for a part of it")
    return found


async def _fetch(conn: Connection, statement: Statement) -> list[dict[str, Any]]:
    async with conn.transaction(readonly=True):
        await conn.execute(f"SET LOCAL work_mem = '{_WORK_MEMORY}'")
        rows = await conn.fetch(statement.text, *statement.arguments, timeout=_TIMEOUT_SECONDS)
    return [dict(row) for row in rows]


async def count_stores(conn: Connection) -> int:
    found: int = await conn.fetchval("SELECT count(*) FROM stores")
    return found


async def check_size(conn: Connection, question: Question, *, keep_store: bool) -> None:
    left = pieces_of(question, keep_store=keep_store).left_days
    if left <= MOST_LEFT_DAYS or not (question.of_stores or keep_store):
        return
    if question.of_places and not keep_store and left <= MOST_PLACE_DAYS:
        return
    stores = len(question.stores) if question.stores is not None else None
    if stores is None:
        stores = await count_stores(conn)
    if left * stores > MOST_STORE_DAYS:
        raise invalid(
            "since",
            "that is too many days of single stores: ask for whole months, a shorter time or fewer stores",
        )


async def read_coverage(conn: Connection, since: Any, until: Any) -> dict[str, Any]:
    row = await conn.fetchrow(_COVERAGE, since, until)
    return dict(row) if row else {}
