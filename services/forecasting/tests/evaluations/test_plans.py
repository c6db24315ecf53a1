"""What an evaluation reads goes by indexes: more history, promotions and evaluations cost nothing."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from humidor_common.clock import utc_now
from humidor_common.db.transaction import transaction
from humidor_forecasting.evaluations import queries, statements
from humidor_forecasting.testing.market import Market

UNTIL = date(2026, 11, 1)
STARTS, ENDS = UNTIL - timedelta(days=30), UNTIL - timedelta(days=20)
FIRST = STARTS - timedelta(days=56)
STORES, GTINS = ["S010", "S020", "S030"], ["G1"]
FILL = (
    """INSERT INTO demand_days (store_id, gtin, day, sold_sticks, requested_sticks, cut_sticks, amount_minor)
       SELECT 'S' || lpad(s::text, 3, '0'), 'G' || g, $1::date - d, 20, 0, 0, 2500
       FROM generate_series(1, 60) s, generate_series(1, 3) g, generate_series(0, 599) d""",
    """INSERT INTO demand_series (store_id, gtin, first_day, last_day, changed_at)
       SELECT store_id, gtin, min(day), $1::date, now() FROM demand_days GROUP BY 1, 2""",
    """INSERT INTO stock_outs (alert_id, store_id, gtin, raised_at, closed_at)
       SELECT gen_random_uuid(), store_id, gtin, day, day + 1 FROM demand_days
       WHERE day <= $1::date AND (day - '2020-01-01') % 5 = 0""",
    """INSERT INTO promotions (promotion_id, name, starts_on, ends_on, mechanic, version, changed_at,
                               store_ids)
       SELECT 'p' || n, 'P', $1::date - n - 10, $1::date - n, 'display', 1, now(), ARRAY['S010']
       FROM generate_series(1, 4000) n""",
    """INSERT INTO evaluations (evaluation_id, promotion_id, promotion_version, state, automatic,
                                requested_by, terms, due_at, created_at, versions)
       SELECT gen_random_uuid(), 'p' || n, 1, CASE WHEN n % 1000 = 0 THEN 'queued' ELSE 'done' END, n > 100,
              'u', '{}', $1::date - n, $1::date - n, '{}'
       FROM generate_series(1, 4000) n""",
)
NOW = utc_now()
READ: dict[str, tuple[str, list[Any]]] = {
    "days": (statements.DAYS, [STORES, GTINS, [], FIRST, UNTIL, STARTS]),
    "stock-outs": (statements.STOCK_OUTS, [STORES, GTINS, NOW]),
    "prices": (statements.PRICES, [STORES, GTINS, FIRST, STARTS, ENDS]),
    "other promotions": (statements.OTHER_PROMOTIONS, [STORES, GTINS, STARTS, ENDS, "p1"]),
    "candidates": (statements.CANDIDATES, [STORES, GTINS, STARTS, ENDS, "p1"]),
    "due": (queries._DUE, [STARTS, ENDS]),
    "claim": (queries._CLAIM, [NOW, NOW]),
}


LARGE = ("demand_days", "stock_outs", "promotions", "evaluations")


class Explaining:
    """A connection that explains what it is asked."""

    def __init__(self, conn: Any) -> None:
        self._conn = conn
        self.plan = ""

    async def fetch(self, statement: str, *values: Any) -> list[Any]:
        self.plan = "\n".join(row[0] for row in await self._conn.fetch(f"EXPLAIN {statement}", *values))
        return []


async def test_no_statement_reads_a_whole_table_that_grows_with_time(market: Market) -> None:
    async with transaction(market.runtime.pool) as conn:
        for statement in FILL:
            await conn.execute(statement, UNTIL)
        for table in [*LARGE, "demand_series"]:
            await conn.execute(f"ANALYZE {table}")
        explaining: Any = Explaining(conn)
        plans = {}
        for name, (statement, values) in READ.items():
            await explaining.fetch(statement, *values)
            plans[name] = explaining.plan
        for promotion in (None, "p7"):
            await queries.page(explaining, promotion, stores=None, before=UUID(int=2**128 - 1), limit=50)
            plans[f"list of {promotion}"] = explaining.plan
        for name, plan in plans.items():
            for table in LARGE:
                assert f"Seq Scan on {table}" not in plan, f"{name}:\n{plan}"
        assert "ix_demand_days_store_day" in plans["days"]
        assert "ix_stock_outs_series" in plans["stock-outs"]
        assert "ix_promotions_days" in plans["due"]
        assert "ix_evaluations_due" in plans["claim"]
