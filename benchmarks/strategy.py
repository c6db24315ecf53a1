"""A strategy of caps over 10,000 customers and 300 products, simulated against a full cycle of requests.

It is asked for over HTTP, of one API process. It is set against PostgreSQL alone adding up once the same
requests.
"""

import time
from statistics import median
from typing import Any
from uuid import UUID

import httpx

from benchmarks.report import Result
from benchmarks.system import Database, System
from humidor_common.ids import uuid7

CUSTOMERS, PRODUCTS, TIERS, SEGMENTS = 10_000, 300, 30, 10
SHORT_CUSTOMERS = 500
MOST_SECONDS = 30
CARTON = 200
CYCLE, NEXT_CYCLE, SCHEME = uuid7(), uuid7(), uuid7()
# A third of the products is short: there are cartons for about half of what customers ask for.
SHORT_PRODUCTS = PRODUCTS // 3
_FILL = f"""
INSERT INTO retailers (retailer_id, name, search_name, name_key, state, licence_number, licence_status,
                       time_zone, business_format, market_type, trade_area, contacts, phone_keys, tags,
                       custom, version, compared_version, created_at, changed_at)
SELECT 'C' || lpad(n::text, 5, '0'), 'shop', 'shop', 'shop', 'active', lpad(n::text, 12, '0'), 'active',
       'Asia/Shanghai', CASE WHEN n % 3 = 0 THEN 'convenience' ELSE 'grocery' END,
       CASE WHEN n % 4 = 0 THEN 'rural' ELSE 'urban' END, 'A' || n % 40, '[]', '{{}}',
       CASE WHEN n % 10 = 0 THEN ARRAY['model'] ELSE '{{}}' END, '{{}}', 1, 1, now(), now()
FROM generate_series(1, CUSTOMERS) n;
INSERT INTO order_cycles (cycle_id, code, starts_on, ends_on, version, created_at, created_by)
VALUES ('{CYCLE}', 'W47', '2026-11-16', '2026-11-22', 1, now(), 'bench'),
       ('{NEXT_CYCLE}', 'W48', '2026-11-23', '2026-11-29', 1, now(), 'bench');
INSERT INTO tier_schemes (scheme_id, code, number, name, tiers, direction, cadence, terms, state, version,
                          created_at, created_by, changed_at)
VALUES ('{SCHEME}', 'cigarettes', 1, 'thirty', {TIERS}, 'highest_is_best', 'monthly',
        '{{"measures": [{{"measure": "value", "weight": 1, "of_period": "sum"}}]}}', 'published', 1, now(),
        'bench', now());
INSERT INTO retailer_tiers (scheme_code, retailer_id, scheme_id, tier, calculated_tier, since, version)
SELECT 'cigarettes', retailer_id, '{SCHEME}', 1 + n % {TIERS}, 1 + n % {TIERS}, now(), 1
FROM (SELECT retailer_id, row_number() OVER (ORDER BY retailer_id) AS n FROM retailers) r;
INSERT INTO cycle_requests (cycle_id, retailer_id, gtin, requested_sticks, ordered_sticks, supplied_sticks,
                            recorded_at)
SELECT '{CYCLE}', retailer_id, '0690102' || lpad(p::text, 7, '0'), q.sticks, q.sticks, q.sticks, now()
FROM retailers, generate_series(1, {PRODUCTS}) p,
     LATERAL (SELECT {CARTON} * (1 + (hashtextextended(retailer_id || p, 0) & 7)) AS sticks) q
ORDER BY 2, 3;
"""  # noqa: S608 - made of constants
_READ = f"""
SELECT count(*), sum(total) FROM (
    SELECT retailer_id, gtin, sum(requested_sticks) AS total FROM cycle_requests WHERE cycle_id = '{CYCLE}'
    GROUP BY 1, 2) s
"""  # noqa: S608 - made of constants


def bench_strategy(system: System) -> list[Result]:
    """Simulate a whole strategy, with a third of the products short, by each rule of sharing."""
    customers = SHORT_CUSTOMERS if system.effort.short else CUSTOMERS
    database = system.database("humidor_customers", lambda _: None, kind="empty")
    database.execute(_FILL.replace("CUSTOMERS", str(customers)))
    database.execute("VACUUM (ANALYZE)")
    reads = [_seconds(lambda: database.execute(_READ)) for _ in range(max(2, system.effort.rounds))]
    times = _simulate(system, database)
    slowest = max(times, key=lambda rule: median(times[rule]))
    found = median(times[slowest])
    of = f"{customers:,} customers × {PRODUCTS} products, {customers * PRODUCTS:,} requests"
    others = ", ".join(f"{rule} {median(each):.1f} s" for rule, each in times.items())
    return [
        Result(
            name="strategy.simulation",
            unit="s",
            value=found,
            better="lower",
            target=MOST_SECONDS,
            note=f"{of}; {others}",
        ),
        Result(
            name="strategy.against_reading",
            unit="s",
            value=found,
            limit=min(reads),
            better="lower",
            note="limit: PostgreSQL alone adds up the same requests by customer and product",
        ),
        Result(
            name="strategy.per_million_cells",
            unit="s",
            value=found / (customers * PRODUCTS / 1e6),
            better="lower",
            note=f"{slowest}; with indicators of {PRODUCTS} products × {TIERS} tiers written",
        ),
    ]


def _lines() -> list[dict[str, Any]]:
    """Caps of every product by tier, of every third one also by market type, of some for shops by tag."""
    lines: list[dict[str, Any]] = [
        {"subject": "segment", "code": f"S{n}", "caps_cartons": [10 + 3 * tier for tier in range(TIERS)]}
        for n in range(SEGMENTS)
    ]
    for number in range(1, PRODUCTS + 1):
        product = {
            "subject": "product",
            "code": f"0690102{number:07d}",
            "price_segment": f"S{number % SEGMENTS}",
        }
        lines.append(product | {"caps_cartons": [1 + (tier + number) % 8 for tier in range(TIERS)]})
        if number % 3 == 0:
            rural = {"mode": "market_type", "audience": ["rural"]}
            lines.append(product | rural | {"caps_cartons": [tier // 6 for tier in range(TIERS)]})
        if number % 7 == 0:
            lines.append(product | {"mode": "tag", "audience": ["model"], "caps_cartons": [10]})
    return lines


def _simulate(system: System, database: Database) -> dict[str, list[float]]:
    """Ask for simulations one after the other; gives seconds by rule."""
    with (
        system.process(database, "api") as api,
        httpx.Client(
            base_url=f"http://127.0.0.1:{api.port}",
            headers={"Authorization": f"Bearer {system.token()}"},
            timeout=120,
        ) as client,
    ):
        strategy_id = _draft(client)
        sold = int(database.number("SELECT sum(requested_sticks) FROM cycle_requests")) // PRODUCTS // 4
        supply = [{"gtin": f"0690102{n:07d}", "sticks": sold} for n in range(1, SHORT_PRODUCTS + 1)]
        times: dict[str, list[float]] = {"proportional": [], "priority": [], "max_min": []}
        for _ in range(system.effort.rounds):
            for rule, found in times.items():
                body = {"request_cycle_ids": [str(CYCLE)], "rule": rule, "supply": supply}
                found.append(_seconds(lambda asked=body: _run(client, strategy_id, asked)))
        _check(client, strategy_id, sold)
    return times


def _draft(client: httpx.Client) -> UUID:
    body = {"cycle_id": str(NEXT_CYCLE), "scheme_code": "cigarettes", "name": "bench"}
    made = client.post("/v1/strategies", json=body).raise_for_status().json()
    lines = {"lines": _lines()}
    client.put(f"/v1/strategies/{made['strategy_id']}/lines", json=lines).raise_for_status()
    return UUID(made["strategy_id"])


def _run(client: httpx.Client, strategy_id: UUID, body: dict[str, Any]) -> None:
    client.post(f"/v1/strategies/{strategy_id}/simulations", json=body).raise_for_status()


def _check(client: httpx.Client, strategy_id: UUID, sold: int) -> None:
    """See that what is short was shared to the carton, and that something was cut."""
    runs = client.get(f"/v1/strategies/{strategy_id}/runs").raise_for_status().json()["items"]
    path = f"/v1/allocation-runs/{runs[0]['run_id']}/indicators"
    items = client.get(path, params={"by": "product", "limit": 1000}).raise_for_status().json()["items"]
    short = items[:SHORT_PRODUCTS]
    wrong = [
        each["gtin"]
        for each in short
        if each["supplied_sticks"] != min(each["ordered_sticks"], sold // CARTON * CARTON)
    ]
    if wrong or not all(each["ordered_sticks"] < each["requested_sticks"] for each in items):
        raise RuntimeError(f"a simulation is not what it should be: {wrong[:3]}")


def _seconds(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
