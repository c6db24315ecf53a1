"""How long reports of turnover take on two years of a thousand stores, and how that grows with stores.

Every report is asked for over HTTP, of one API process, with the days of today still open. It is set against
PostgreSQL adding up once what it has by month, store and product, in the same run.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles
from typing import Any

import httpx

from benchmarks import shop
from benchmarks import turnover_filling as filling
from benchmarks.report import Result
from benchmarks.system import Database, System
from humidor_common.auth import issue_token
from humidor_inventory.rollups.adding import ROLLUPS

STORES = 1000
SHORT_STORES, SHORT_MONTHS = 20, 3
MOST_SECONDS = 1.0
# Half of the stores against all: what reads twice as much takes twice as long.
MOST_GROWTH = 2.5
# Faster than this, a report is too short to say how it grows.
LEAST_SECONDS = 0.05
ROUNDS, SHORT_ROUNDS = 9, 2
REGION = 2
PAGE = 1000

Params = dict[str, Any]
Times = dict[str, list[float]]
_SUM = f"""
SELECT count(*) FROM (SELECT store_id, gtin, {
    ", ".join(
        f"sum({name})"
        for name in (
            "sold_sticks",
            "received_sticks",
            "revenue_minor",
            "cost_e4",
            "value_e4",
            "value_days_e4",
            "stick_days",
        )
    )
} FROM monthly_flows GROUP BY 1, 2) s
"""  # noqa: S608 - made of constants


def bench_turnover(system: System) -> list[Result]:
    """Time every report with half of the stores and with all of them, cold after a restart and then warm."""
    stores = SHORT_STORES if system.effort.short else STORES
    database = system.database("humidor_inventory", lambda _: None, kind="empty")
    months = SHORT_MONTHS if system.effort.short else filling.MONTHS
    filling.fill(database, first=1, last=stores // 2, months=months)
    half, _ = _measure(system, database, stores // 2)
    filling.fill(database, first=stores // 2 + 1, last=stores, months=months)
    _check(database)
    scan = median(_seconds(lambda: database.execute(_SUM)) for _ in range(system.effort.rounds))
    whole, cold = _measure(system, database, stores)
    return [
        *(_result(name, whole[name], cold[name], scan) for name in whole),
        *_worst(whole, cold, half, stores),
    ]


def _questions() -> dict[str, tuple[str, Params]]:
    """Name every kind of report, over all the time that there is and on pages as large as they come."""
    today = datetime.now(UTC).date()
    first = (today.replace(day=1) - timedelta(days=filling.MONTHS * 30)).replace(day=1)
    all_days = {"since": first.isoformat(), "until": today.isoformat(), "limit": PAGE}
    month_ago = today.replace(day=1) - timedelta(days=1)
    last_days = all_days | {"since": (today - timedelta(days=29)).isoformat()}
    report, one = "/v1/turnover", {"store_id": filling.SEEN_STORE}
    region = {"as": "region"}

    def by(*names: str, **more: Any) -> Params:
        return all_days | {"group_by": list(names)} | more

    return {
        "by_day": (report, by(period="day")),
        "by_month": (report, by(period="month")),
        "by_brand_and_class": (report, by("brand", "price_class")),
        "by_brand_and_week": (report, by("brand", period="week")),
        "by_product": (report, by("product")),
        "of_a_brand_by_month": (report, by(period="month", brand="Brand 07")),
        "by_store": (report, by("store")),
        "by_store_and_month": (report, by("store", period="month")),
        "by_store_brand_and_class": (report, by("store", "brand", "price_class")),
        "by_store_brand_and_month": (report, by("store", "brand", period="month")),
        "by_store_and_product": (report, by("store", "product")),
        "by_store_and_brand_30_days": (report, last_days | {"group_by": ["store", "brand"]}),
        "of_a_store_by_product_and_week": (report, by("product", period="week", **one)),
        "of_a_store_by_brand_and_week": (report, by("brand", period="week", **one)),
        "of_a_region": (report, by(**region)),
        "of_a_region_by_month": (report, by(period="month", **region)),
        "of_a_region_by_brand": (report, by("brand", **region)),
        "of_a_region_by_product": (report, by("product", **region)),
        "holding_costs_by_brand": (f"{report}/holding-costs", by("brand")),
        "holding_costs_by_store": (f"{report}/holding-costs", by("store")),
        "assortment_by_brand": (f"{report}/assortment", {"month": today.isoformat(), "by": "brand"}),
        "assortment_by_store": (
            f"{report}/assortment",
            {"month": month_ago.isoformat(), "by": "store", "limit": PAGE},
        ),
        "classes": (f"{report}/classes", {"weeks": 104, "limit": PAGE}),
        "classes_of_a_store": (f"{report}/classes", {"weeks": 104, "limit": PAGE} | one),
        "slow_movers": (f"{report}/slow-movers", {"cover_days": 5, "limit": PAGE} | one),
    }


def _measure(system: System, database: Database, stores: int) -> tuple[Times, dict[str, float]]:
    """Ask for each report once after a restart, then again and again in turn; gives seconds."""
    system.postgres.stop()
    system.postgres.start()
    rounds = SHORT_ROUNDS if system.effort.short else ROUNDS
    questions = _questions()
    with _asking(system, database, stores) as ask:
        ask("/v1/turnover/definitions", {})
        cold = {name: _seconds(lambda q=question: ask(*q)) for name, question in questions.items()}
        warm: Times = {name: [] for name in questions}
        for _ in range(rounds):
            for name, question in questions.items():
                warm[name].append(_seconds(lambda q=question: ask(*q)))
    return warm, cold


@contextmanager
def _asking(system: System, database: Database, stores: int) -> Iterator[Any]:
    # A region is a caller that is bound to two of ten stores, whose sums nothing holds.
    region = [shop.store_id(number) for number in range(1, stores + 1) if number % 10 < REGION]
    tokens = {
        "all": system.token(),
        "region": issue_token(system.signing_key, subject="region", roles=["manager"], stores=region),
    }
    with (
        system.process(database, "api") as api,
        httpx.Client(base_url=f"http://127.0.0.1:{api.port}") as client,
    ):

        def ask(path: str, params: Params) -> None:
            headers = {"Authorization": f"Bearer {tokens[params.get('as', 'all')]}"}
            asked = {name: value for name, value in params.items() if name != "as"}
            answer = client.get(path, params=asked, headers=headers, timeout=60).raise_for_status()
            if not answer.json()["items"]:
                raise RuntimeError(f"{path} {asked} found nothing")

        yield ask


def _seconds(work: Any) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _check(database: Database) -> None:
    """See that all rollups came to the same."""
    figures = (
        "concat_ws('/', sum(sold_sticks), sum(value_e4), sum(cost_e4), sum(revenue_minor), sum(carried_days))"
    )
    found = {database.execute(f"SELECT {figures} FROM {table}") for table in ROLLUPS}  # noqa: S608 - our tables
    if len(found) != 1:
        raise RuntimeError(f"the rollups differ: {found}")


def _p99(times: list[float]) -> float:
    return quantiles(times, n=100, method="inclusive")[98]


def _result(name: str, times: list[float], cold: float, scan: float) -> Result:
    return Result(
        name=f"turnover.{name}",
        unit="s",
        value=median(times),
        limit=scan,
        better="lower",
        note=f"p50 of {len(times)}; p99 {_p99(times):.2f}, cold {cold:.2f}; limit: all months summed once",
    )


def _worst(whole: Times, cold: dict[str, float], half: Times, stores: int) -> Iterator[Result]:
    of = f"{stores} stores, {filling.PRODUCTS} products, {filling.MONTHS} months"
    slowest = max(whole, key=lambda name: _p99(whole[name]))
    yield Result(
        name="turnover.slowest_p99",
        unit="s",
        value=_p99(whole[slowest]),
        better="lower",
        target=MOST_SECONDS,
        note=f"{slowest}; {of}",
    )
    coldest = max(cold, key=lambda name: cold[name])
    yield Result(
        name="turnover.slowest_cold",
        unit="s",
        value=cold[coldest],
        better="lower",
        target=MOST_SECONDS,
        note=f"{coldest}; each once after a restart of PostgreSQL and the API",
    )
    known = [name for name in whole if median(half[name]) >= LEAST_SECONDS] or [slowest]
    steepest = max(known, key=lambda name: median(whole[name]) / median(half[name]))
    yield Result(
        name="turnover.growth",
        unit="s",
        value=median(whole[steepest]),
        limit=median(half[steepest]),
        better="lower",
        target=MOST_GROWTH,
        note=f"{steepest}, of all that grew most; limit: with half of the stores",
    )
