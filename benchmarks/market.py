"""How long reports of the market take on two years of a thousand stores, and how fast sales are summed up.

Every report is asked for over HTTP, of one API process, with a page as large as they come, of all stores and
of half as many, so that it shows how it grows. Its limit is PostgreSQL adding up once, in the same run, what
it has by month, store and product.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles
from typing import Any, NamedTuple

import asyncpg
import httpx

from benchmarks import market_filling as filling
from benchmarks.report import Result
from benchmarks.system import Database, System
from humidor_common.db.pool import prepare_connection
from humidor_customers.market.summing import AT_ONCE, fold
from humidor_customers.purchases.queries import take_days

STORES, SHORT_STORES = (500, 1000), (10, 20)
MONTHS, SHORT_MONTHS = 24, 3
MOST_SECONDS = 1.0
ROUNDS, SHORT_ROUNDS = 9, 2
PAGE = 1000
SUMMED_DAYS, SHORT_SUMMED_DAYS = 2000, 100

Params = dict[str, Any]
Times = dict[str, list[float]]
_PLAIN = """
CREATE TABLE plain_months AS
SELECT t.month, t.holder, x.product_id, x.sticks, x.net_minor
FROM market_months_of_stores t, market_unpack(t.products, t.sticks, t.net_minor, t.sales, NULL) x
"""
_SCAN = """
SELECT count(*) FROM (SELECT product_id, month, sum(sticks), sum(net_minor) FROM plain_months GROUP BY 1, 2) s
"""


class _Found(NamedTuple):
    """Seconds of each report: cold once, then warm."""

    cold: dict[str, float]
    warm: Times


def bench_market(system: System) -> list[Result]:
    """Time every report cold after a restart and then warm; then sum days of sales up."""
    short = system.effort.short
    sizes, months = (SHORT_STORES, SHORT_MONTHS) if short else (STORES, MONTHS)
    found = []
    for stores in sizes:
        database = system.database("humidor_customers", lambda _: None, kind="empty")
        filling.fill(database, stores=stores, months=months)
        database.execute(_PLAIN)
        scan = median(_seconds(lambda d=database: d.execute(_SCAN)) for _ in range(system.effort.rounds))
        found.append(_measure(system, database, months))
    half, whole = found
    of = f"{sizes[1]} stores, {filling.PRODUCTS} products, {months} months"
    return [
        *(_result(name, half, whole, scan, sizes) for name in whole.warm),
        *_worst(whole, of),
        asyncio.run(_summing(database, SHORT_SUMMED_DAYS if short else SUMMED_DAYS)),
    ]


def _questions(months: int) -> dict[str, Params]:
    """Name every kind of report over all the time that there is, and over days that are no whole months."""
    today = datetime.now(UTC).date()
    last = today.replace(day=1) - timedelta(days=1)
    first = filling.first_month(today, months)
    whole = {"since": first.isoformat(), "until": last.isoformat(), "limit": PAGE}
    ragged = {
        "since": (first + timedelta(days=9)).isoformat(),
        "until": (last - timedelta(days=9)).isoformat(),
    }
    month = {"since": last.replace(day=1).isoformat(), "until": last.isoformat()}
    year = {"since": last.replace(month=1, day=1).isoformat(), "until": last.isoformat()}
    festive = {"since": f"{last.year}-02-01", "until": f"{last.year}-02-28"} if months > 12 else month
    return {
        "shares?by=brand": whole,
        "shares?by=product&period=month": whole,
        "shares?by=brand&within=area&period=month": whole,
        "shares?by=maker&within=area": whole | ragged,
        "shares?by=store": whole,
        "shares?by=brand&within=store": whole,
        "shares?by=product&within=store": whole,
        "shares?by=store&brand=Brand 7": whole,
        "shares?by=brand&store_id=S0001&period=week": whole,
        "shares?by=price_class&within=area&area=A001": whole | ragged,
        "prices?by=product&period=quarter": whole,
        "concentration?by=brand&within=area&period=month": whole,
        "growth?by=brand&period=month": whole | year,
        "growth?by=brand&within=area&against=lunar_year": whole | festive,
        "growth?by=product&against=previous": whole | month,
        "growth?by=store": whole | year,
        "growth?by=store&period=month": whole | year,
        "growth?by=brand&within=store": whole | year,
        "compound-growth?by=brand&within=area": whole,
        "share-shifts?by=brand&segment=area": whole | month,
        "share-shifts?by=brand&segment=product": whole | month,
        "share-shifts?by=brand&segment=store": whole | month,
        "distribution?by=brand": whole,
        "distribution?by=product&within=area": whole,
        "distribution?by=brand&period=month": whole,
        "distribution?by=product": whole | ragged,
        "distribution?by=brand&within=store": whole,
        "activity?by=brand": whole | month | {"carried_days": 92},
        "activity?by=product&within=area": whole | month | {"carried_days": 700},
        "stock-to-sales?by=brand": whole,
        "stock-to-sales?by=product&within=area&period=none": whole,
        "stock-to-sales?by=store&period=none": whole,
        "coverage": {name: whole[name] for name in ("since", "until")},
    }


def _measure(system: System, database: Database, months: int) -> _Found:
    questions = _questions(months)
    if months < 24:
        questions = {name: asked for name, asked in questions.items() if not name.startswith("compound")}
    system.postgres.stop()
    system.postgres.start()
    rounds = SHORT_ROUNDS if system.effort.short else ROUNDS
    with _asking(system, database) as ask:
        ask("coverage", questions["coverage"])
        cold = {name: _seconds(lambda q=(name, asked): ask(*q)) for name, asked in questions.items()}
        warm: Times = {name: [] for name in questions}
        for _ in range(rounds):
            for name, asked in questions.items():
                warm[name].append(_seconds(lambda q=(name, asked): ask(*q)))
    return _Found(cold, warm)


@contextmanager
def _asking(system: System, database: Database) -> Iterator[Any]:
    headers = {"Authorization": f"Bearer {system.token()}"}
    with (
        system.process(database, "api") as api,
        httpx.Client(
            base_url=f"http://127.0.0.1:{api.port}/v1/market/", headers=headers, timeout=60
        ) as client,
    ):

        def ask(path: str, params: Params) -> None:
            name, _, query = path.partition("?")
            of = dict(pair.split("=") for pair in query.split("&")) if query else {}
            answer = client.get(name, params={**of, **params})
            if answer.status_code != 200 or not answer.json().get("items", True):
                raise RuntimeError(f"{path} {params}: {answer.status_code} {answer.text[:300]}")

        yield ask


async def _summing(database: Database, days: int) -> Result:
    """Sum so many days of stores up anew out of their sales, as the worker does."""
    lines = filling.sell(database, days=days)
    conn = await asyncpg.connect(database.dsn)
    await prepare_connection(conn)
    began = time.perf_counter()
    while True:
        async with conn.transaction():
            changed = await take_days(conn, AT_ONCE)
            if not changed:
                break
            await fold(conn, changed)
    seconds = time.perf_counter() - began
    await conn.close()
    return Result(
        name="market.summing",
        unit="lines/s",
        value=lines / seconds,
        note=f"{lines:,} lines of {days:,} days of stores in {seconds:.1f} s, one worker, sums of all tables",
    )


def _seconds(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _p99(times: list[float]) -> float:
    return quantiles(times, n=100, method="inclusive")[98]


def _result(name: str, half: _Found, whole: _Found, scan: float, sizes: tuple[int, int]) -> Result:
    plain = name.replace("by=", "by_").translate(str.maketrans("?&= ", "..__"))
    times = whole.warm[name]
    return Result(
        name=f"market.{plain}",
        unit="s",
        value=median(times),
        limit=scan,
        better="lower",
        note=f"p50 of {len(times)}; p99 {_p99(times):.2f}, cold {whole.cold[name]:.2f}; {sizes[0]} stores "
        f"p50 {median(half.warm[name]):.2f}, cold {half.cold[name]:.2f}; limit: all months summed once",
    )


def _worst(found: _Found, of: str) -> Iterator[Result]:
    slowest = max(found.warm, key=lambda name: _p99(found.warm[name]))
    coldest = max(found.cold, key=lambda name: found.cold[name])
    for name, value, which in (
        ("slowest_p99", _p99(found.warm[slowest]), slowest),
        ("slowest_cold", found.cold[coldest], coldest),
    ):
        yield Result(
            name=f"market.{name}",
            unit="s",
            value=value,
            better="lower",
            target=MOST_SECONDS,
            note=f"{which}; {of}",
        )
