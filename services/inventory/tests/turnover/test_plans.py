"""No report reads what grows with the ledger, or more days of single products than it is about."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from humidor_common.clock import utc_now
from humidor_inventory.testing.shop import Shop
from humidor_inventory.turnover.assortment import list_rates
from humidor_inventory.turnover.classes import Cuts, list_classes
from humidor_inventory.turnover.holding import list_costs
from humidor_inventory.turnover.rules.advice import Limits
from humidor_inventory.turnover.rules.holding import Rates
from humidor_inventory.turnover.service import Asked, report
from humidor_inventory.turnover.slow_movers import list_slow

TODAY = utc_now().date()
STORES, PRODUCTS, DAYS = 20, 15, 200
SINCE = (TODAY - timedelta(days=150)).replace(day=1)
ALL = Asked(SINCE, TODAY, [], "none", None, {}, None, 100, TODAY)
CUTS = Cuts(Decimal("0.8"), Decimal("0.95"), 0.5, 1.0)
LAST = TODAY - timedelta(days=1)

# 60,000 days of which all but those of today are closed and, more or less, added up.
FILL = f"""
INSERT INTO stores (store_id, name, time_zone, status, version, changed_at)
SELECT 'T' || lpad(n::text, 4, '0'), 'store', 'UTC', 'open', 1, now() FROM generate_series(1, {STORES}) n;
INSERT INTO products (gtin, name, brand, price_class, currency, status, sticks_per_pack,
                      packs_per_carton, cartons_per_case, version, changed_at)
SELECT '0690100000' || lpad(n::text, 4, '0'), 'product', 'B' || n % 3, n % 2, 'CNY', 'active', 20, 10, 50, 1,
       now()
FROM generate_series(1, {PRODUCTS}) n;
INSERT INTO rolled_products SELECT gtin, brand, price_class, '', currency FROM products;
INSERT INTO closed_days SELECT store_id, now()::date - 1 FROM stores;
INSERT INTO daily_flows (store_id, gtin, day, sold_sticks)
SELECT store_id, gtin, now()::date - n, 20 FROM stores, products, generate_series(0, {DAYS - 1}) n;
INSERT INTO stock (store_id, gtin, on_hand_sticks) SELECT store_id, gtin, 4000 FROM stores, products;
INSERT INTO lot_stock (store_id, gtin, lot, on_hand_sticks, expiry_date)
SELECT store_id, gtin, 'L', 4000, now()::date + 700 FROM stock;
INSERT INTO monthly_flows (store_id, gtin, month, sold_sticks, first_day)
SELECT store_id, gtin, date_trunc('month', day), sum(sold_sticks), min(day) FROM daily_flows GROUP BY 1, 2, 3;
INSERT INTO segment_flows (store_id, month, brand, price_class, supplier_id, currency, sold_sticks)
SELECT store_id, month, brand, price_class, '', 'CNY', sum(sold_sticks)
FROM monthly_flows JOIN rolled_products USING (gtin) GROUP BY 1, 2, 3, 4;
INSERT INTO store_days (store_id, day, currency, sold_sticks)
SELECT store_id, day, 'CNY', sum(sold_sticks) FROM daily_flows GROUP BY 1, 2;
INSERT INTO product_days (gtin, day, sold_sticks)
SELECT gtin, day, sum(sold_sticks) FROM daily_flows GROUP BY 1, 2;
INSERT INTO stock_ledger (store_id, gtin, recorded_at, lot, bucket, delta_sticks, reason, explanation,
                          source_id, line, occurred_at)
SELECT store_id, gtin, now(), 'L', 'on_hand', -20, 'sale', 'fefo', gen_random_uuid(), 1, now() FROM stock;
ANALYZE;
"""  # noqa: S608 - made of constants
ONE, PAIRS = ["T0001"], (STORES + 1) * PRODUCTS  # the shop has a store of its own
OPEN = PAIRS  # the flows of today

Ask = Callable[[Any], Awaitable[object]]
# What is asked, and how many rows of `daily_flows` and of `monthly_flows` it may read.
REPORTS: list[tuple[Ask, int, int]] = [
    (lambda c: report(c, ALL), OPEN, 0),
    (lambda c: report(c, ALL._replace(group_by=["brand", "price_class"], period="week")), OPEN, 0),
    (lambda c: report(c, ALL._replace(group_by=["product"], period="day", limit=1000)), OPEN, 0),
    (lambda c: report(c, ALL._replace(group_by=["store"], period="month")), OPEN, 0),
    (lambda c: report(c, ALL._replace(group_by=["store", "brand"])), OPEN, 0),
    (
        lambda c: report(c, ALL._replace(stores=[f"T{n:04d}" for n in range(1, 11)], period="day")),
        OPEN // 2,
        0,
    ),
    (lambda c: report(c, ALL._replace(group_by=["store", "product"], stores=ONE)), PRODUCTS, 8 * PRODUCTS),
    (lambda c: report(c, ALL._replace(group_by=["product"], stores=ONE)), PRODUCTS, 8 * PRODUCTS),
    (lambda c: report(c, ALL._replace(filters={"brand": "B1"}, since=LAST, stores=ONE)), 2 * PRODUCTS, 0),
    (lambda c: list_costs(c, ALL._replace(group_by=["brand"]), Rates(0.1, 0.1, 0.5), 60), OPEN, 0),
    (lambda c: list_rates(c, (LAST, "brand", None), cursor=None, limit=100), 0, 0),
    (lambda c: list_classes(c, (None, LAST, 8), CUTS, cursor=None, limit=100), OPEN, 0),
    (lambda c: list_classes(c, ("T0001", LAST, 8), CUTS, cursor=None, limit=100), 56 * PRODUCTS, 0),
    (
        lambda c: list_slow(c, ("T0001", None), Limits(60, 5, 90, 60), cursor=None, limit=100),
        90 * PRODUCTS,
        3 * PAIRS,
    ),
]


class Recorder:
    """A connection that remembers what it was asked."""

    def __init__(self, conn: Any) -> None:
        self.conn = conn
        self.asked: list[tuple[str, tuple[Any, ...]]] = []

    def transaction(self) -> Any:
        return self.conn.transaction()

    async def execute(self, sql: str) -> Any:
        return await self.conn.execute(sql)

    async def fetch(self, sql: str, *arguments: Any, **_: Any) -> Any:
        self.asked.append((sql, arguments))
        return await self.conn.fetch(sql, *arguments)

    async def fetchval(self, sql: str, *arguments: Any, **_: Any) -> Any:
        self.asked.append((sql, arguments))
        return await self.conn.fetchval(sql, *arguments)


def touched(plan: Any, rows: dict[str, float]) -> dict[str, float]:
    name = plan.get("Relation Name", "")
    seen = (
        plan["Actual Rows"]
        + plan.get("Rows Removed by Filter", 0)
        + plan.get("Rows Removed by Index Recheck", 0)
    )
    rows[name] = rows.get(name, 0) + seen * plan["Actual Loops"]
    for inner in plan.get("Plans", []):
        touched(inner, rows)
    return rows


@pytest.fixture
async def filled(shop: Shop) -> Shop:
    await shop.runtime.pool.execute(FILL)
    return shop


async def test_reports_read_sums_and_open_days_only(filled: Shop) -> None:
    async with filled.runtime.pool.acquire() as conn:
        for number, (ask, most_days, most_months) in enumerate(REPORTS):
            recorder = Recorder(conn)
            await ask(recorder)
            rows: dict[str, float] = {}
            for sql, arguments in recorder.asked:
                found = await conn.fetchval("EXPLAIN (ANALYZE, FORMAT JSON) " + sql, *arguments)
                touched(found[0]["Plan"], rows)
            assert rows.get("daily_flows", 0) <= most_days, number
            assert rows.get("monthly_flows", 0) <= most_months, number
            assert not any(name.startswith("stock_ledger") for name in rows), number
            assert rows.get("store_days", 0) <= STORES * DAYS, number
