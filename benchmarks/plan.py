"""The daily plan over filled stores: its time, memory and cost a series as their number grows.

python -m benchmarks.plan DSN PLAN_ID      calculates one plan in a process of its own
"""

import asyncio
import json
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import msgspec

from benchmarks.pipeline import inventory_database
from benchmarks.report import Result
from benchmarks.system import Database, System
from humidor_common.db.pool import prepare_connection
from humidor_common.ids import uuid7
from humidor_inventory.planning.calculating import calculate_piece
from humidor_inventory.planning.terms import Terms

PRODUCTS = 200
SIZES = (125, 250, 500, 1000)
SHORT_SIZES = (10, 20)
MOST_SECONDS = 60
MOST_GROWTH = 1.25
# Of the series 40 % lack something; a tenth of the products is short for all, ten warehouses supply 50 stores
# each along lanes, and every supplier has a minimum.
FILL = f"""
INSERT INTO suppliers (supplier_id, name, lead_time_days, status, version, changed_at)
SELECT 'P' || s, 'supplier', 3, 'active', 1, now() FROM generate_series(0, 9) s;
INSERT INTO supplier_cycles (supplier_id, order_weekdays, minimum_value_minor, minimum_sticks, below_minimum,
                             top_up_days, delivery_minor_per_carton, version, changed_at, changed_by)
SELECT 'P' || s, '{{}}', 1500000, 0, 'top_up', 14, 300, 1, now(), 'bench' FROM generate_series(0, 9) s;
INSERT INTO products (gtin, name, brand, status, sticks_per_pack, packs_per_carton, cartons_per_case,
                      cost_price_per_pack, currency, supplier_id, version, changed_at)
SELECT '0800' || lpad(g::text, 10, '0'), 'product', 'brand', 'active', 20, 10, 50, 2000, 'CNY', 'P' || g % 10,
       1, now() FROM generate_series(1, {PRODUCTS}) g;
INSERT INTO stores (store_id, name, time_zone, status, kind, version, changed_at)
SELECT 'P' || lpad(s::text, 5, '0'), 'store', 'Asia/Shanghai', 'open',
       CASE WHEN s % 100 = 1 THEN 'warehouse' ELSE 'store' END, 1, now() FROM generate_series(1, STORES) s;
INSERT INTO levels (store_id, gtin, unit, reorder_point_sticks, order_up_to_sticks, order_multiple_sticks,
                    minimum_order_sticks, auto_approve, daily_sticks, version, changed_at)
SELECT s.store_id, p.gtin, 'pack', 400, 1200, 200, 0, false, 80, 1, now()
FROM stores s, products p WHERE s.store_id LIKE 'P%' AND p.supplier_id LIKE 'P%' AND s.kind = 'store';
INSERT INTO stock (store_id, gtin, on_hand_sticks, reorder_point_sticks)
SELECT s.store_id, p.gtin, CASE WHEN s.kind = 'warehouse' THEN 6000
       ELSE (hashtextextended(s.store_id || p.gtin, 0) & 1023) END, CASE WHEN s.kind = 'store' THEN 400 END
FROM stores s, products p WHERE s.store_id LIKE 'P%' AND p.supplier_id LIKE 'P%';
INSERT INTO lanes (from_store_id, to_store_id, minor_per_carton, fixed_minor, days, version, changed_at,
                   changed_by)
SELECT 'P' || lpad((s - s % 100 + 1)::text, 5, '0'), 'P' || lpad(s::text, 5, '0'), 100, 2000, 1, 1, now(),
       'bench'
FROM generate_series(1, STORES) s WHERE s % 100 BETWEEN 2 AND 51;
INSERT INTO supplies (gtin, quantity_sticks, rule, valid_from, valid_until, version, changed_at, changed_by)
SELECT gtin, 60000, (ARRAY['proportional', 'max_min', 'priority'])[1 + g % 3], current_date - 1,
       current_date + 1, 1, now(), 'bench'
FROM (SELECT gtin, row_number() OVER (ORDER BY gtin) AS g FROM products WHERE supplier_id LIKE 'P%') x
WHERE g % 10 = 0;
"""  # noqa: S608 - made of constants
READ = """
SELECT sum(coalesce(s.on_hand_sticks, 0) - coalesce(s.reserved_sticks, 0) + coalesce(s.on_order_sticks, 0)
           - l.reorder_point_sticks + l.order_up_to_sticks + l.order_multiple_sticks + l.minimum_order_sticks)
FROM levels l LEFT JOIN stock s USING (store_id, gtin) WHERE l.store_id = ANY($1::text[])
"""


class Run(msgspec.Struct, frozen=True):
    """What one plan took; `read_seconds` is what PostgreSQL needs to read and add up its rows."""

    series: int
    lines: int
    seconds: float
    peak_mb: float
    read_seconds: float


def bench_plan(system: System) -> list[Result]:
    """Plan for a growing number of stores with limits, lanes and minimums, each in a new process."""
    database = inventory_database(system)
    sizes = SHORT_SIZES if system.effort.short else SIZES
    database.execute(FILL.replace("STORES", str(max(sizes))))
    database.execute("VACUUM (ANALYZE)")
    runs = [_best(system, database, stores) for stores in sizes]
    last, first = runs[-1], runs[0]
    words = f"{last.series // 1000}k"
    note = f"{last.series:,} series, {last.lines:,} lines, peak {last.peak_mb:.0f} MB, one process"
    results = [
        Result(
            name=f"plan.seconds_at_{words}",
            unit="s",
            value=last.seconds,
            better="lower",
            target=MOST_SECONDS,
            note=note,
        ),
        Result(
            name="plan.against_reading",
            unit="s",
            value=last.seconds,
            limit=last.read_seconds,
            better="lower",
            note="limit: PostgreSQL alone reads and adds up the same rows",
        ),
        Result(name="plan.peak_memory", unit="MB", value=last.peak_mb, better="lower", note=note),
    ]
    return results + [
        Result(
            name=f"plan.per_series_at_{run.series // 1000}k",
            unit="us",
            value=run.seconds / run.series * 1e6,
            limit=first.seconds / first.series * 1e6,
            better="lower",
            target=MOST_GROWTH if run is last else None,
            note=f"{run.seconds:.1f} s, peak {run.peak_mb:.0f} MB; limit: at {first.series // 1000}k",
        )
        for run in runs
    ]


def _best(system: System, database: Database, stores: int) -> Run:
    """The quickest of some runs: what others do to the machine only ever adds."""
    found = []
    for _ in range(system.effort.rounds):
        copy = system.copy(database)
        plan_id = asyncio.run(_ask(copy.dsn, stores))
        system.checkpoint()
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.plan", copy.dsn, str(plan_id)],
            capture_output=True,
            text=True,
            check=True,
        )
        found.append(msgspec.json.decode(done.stdout, type=Run))
    return min(found, key=lambda run: run.seconds)


async def _ask(dsn: str, stores: int) -> UUID:
    conn = await asyncpg.connect(dsn)
    try:
        await prepare_connection(conn)
        plan_id = uuid7()
        named = [f"P{number:05}" for number in range(1, stores + 1)]
        now = datetime.now(UTC)
        await conn.execute(
            """INSERT INTO plans (plan_id, day, scheduled, dry_run, state, step, terms, stores, requested_by,
                                  created_at, changed_at)
               VALUES ($1, $2, false, false, 'queued', 'levels', $3, $4, 'bench', $5, $5)""",
            plan_id,
            now.date(),
            msgspec.to_builtins(Terms(store_ids=named)),
            stores,
            now,
        )
        return plan_id
    finally:
        await conn.close()


async def run(dsn: str, plan_id: UUID) -> Run:
    async with asyncpg.create_pool(dsn, min_size=1, max_size=2, init=prepare_connection) as pool:
        terms = await pool.fetchval("SELECT terms FROM plans WHERE plan_id = $1", plan_id)
        reads = []
        for _ in range(3):
            began = time.perf_counter()
            await pool.fetchval(READ, terms["store_ids"])
            reads.append(time.perf_counter() - began)
        began = time.perf_counter()
        while await calculate_piece(pool):
            pass
        seconds = time.perf_counter() - began
        row = await pool.fetchrow(
            "SELECT state, series, reason, summary FROM plans WHERE plan_id = $1", plan_id
        )
    if row is None or row["state"] != "calculated":
        raise RuntimeError(f"the plan is {row and dict(row)}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Run(row["series"], row["summary"]["lines"], seconds, peak, min(reads))


if __name__ == "__main__":
    print(json.dumps(msgspec.to_builtins(asyncio.run(run(sys.argv[1], UUID(sys.argv[2]))))))
