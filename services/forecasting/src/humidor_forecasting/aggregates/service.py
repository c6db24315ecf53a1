"""Has published forecasts added up by a process of its own."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from humidor_common.auth import Principal
from humidor_common.db.pool import Connection, Pool
from humidor_common.web.problems import invalid
from humidor_forecasting.aggregates import queries, rules
from humidor_forecasting.aggregates.queries import By, Scope
from humidor_forecasting.aggregates.rules import Window
from humidor_forecasting.aggregates.schemas import AggregateForecastView, PartView, ScopeInput, SumView
from humidor_forecasting.aggregates.work import AggregateInput, AggregateOutput, Figures, Row
from humidor_forecasting.asking import ask

MOST_SERIES = 5000


class Gathered(NamedTuple):
    """Forecasts of a scope on the days that all of them have, and how series go together."""

    window: Window | None
    series: list[Figures]
    together: float
    notes: list[str]


def scope_of(principal: Principal, asked: ScopeInput) -> Scope:
    """Give the scope that is asked for.

    Raises:
        Problem: 403 where it holds stores that are not the caller's.
    """
    if asked.store_ids is None:
        principal.check_every_store()
    for store_id in asked.store_ids or ():
        principal.check_store(store_id)
    return Scope(asked.store_ids, asked.area, asked.gtins, asked.brand, asked.price_class, asked.channel)


async def gather(
    conn: Connection, scope: Scope, by: By, *, horizon_days: int | None, today: date, most: int = MOST_SERIES
) -> Gathered:
    """Read the newest forecasts of a scope.

    Raises:
        Problem: 422 where these are more series than can be worked on at once.
    """
    rows = await queries.newest(conn, scope, by, today=today, limit=most + 1)
    if len(rows) > most:
        raise invalid("store_id", f"more than {most} series; ask for fewer stores or products")
    window = rules.window_of(rows, horizon_days, today)
    notes = rules.channel_notes(rows)
    if rows and window is None:
        notes.append("the forecasts of these series have no day in common; run them together")
    measured = await queries.together(conn, scope, today=today) if len(rows) > 1 else 0.0
    if measured is None:
        notes.append("how series go together could not be measured: a correlation of 0.1 is assumed")
    together = min(max(rules.FALLBACK_TOGETHER if measured is None else measured, 0.0), 0.95)
    series = [rules.figures_of(row, window) for row in rows] if window else []
    return Gathered(window, series, together, notes)


async def add_up(
    pool: Pool, scope: Scope, by: By, *, horizon_days: int | None, today: date
) -> AggregateForecastView:
    """Add published forecasts up, by parts."""
    async with pool.acquire() as conn:
        found = await gather(conn, scope, by, horizon_days=horizon_days, today=today - timedelta(days=1))
    chances = list(rules.USUAL_PROBABILITIES)
    view: dict[str, Any] = {
        "store_level": "area" if scope.area else "store" if scope.store_ids else "total",
        "product_level": _product_level(scope), "by": by, "series": len(found.series),
    }  # fmt: skip
    if found.window is None:
        notes = found.notes or ["nothing is forecast of these stores and products"]
        return AggregateForecastView(
            **view, starts_on=None, horizon_days=0, whole=None, parts=[], method="none", together=0.0,
            within=0.0, notes=notes,
        )  # fmt: skip
    question = AggregateInput(series=found.series, between=found.together, probabilities=chances)
    output = await ask("humidor_forecasting.aggregates.helping", question, AggregateOutput)
    first = found.window.first
    parts = output.parts if by != "none" else {}
    return AggregateForecastView(
        **view, starts_on=first, horizon_days=found.window.days,
        whole=SumView(**sums(output.whole, first, chances)),
        parts=[PartView(key=key, **sums(row, first, chances)) for key, row in sorted(parts.items())],
        method=output.method, together=round(found.together, 4), within=output.within, notes=found.notes,
    )  # fmt: skip


def _product_level(scope: Scope) -> str:
    if scope.gtins:
        return "product"
    return "brand" if scope.brand else "class" if scope.price_class else "all"


def sums(row: Row, first: date, chances: Sequence[float]) -> dict[str, Any]:
    """Build what `SumView` describes."""
    return {
        "days": [
            {"day": first + timedelta(days=i), "mean_sticks": each[0], "quantiles": _quantiles(each, chances)}
            for i, each in enumerate(row.days)
        ],
        "total_mean_sticks": row.total[0],
        "total_quantiles": _quantiles(row.total, chances),
    }


def _quantiles(figures: Sequence[float], chances: Sequence[float]) -> list[dict[str, float]]:
    return [
        {"probability": chance, "quantity_sticks": sticks}
        for chance, sticks in zip(chances, figures[1:], strict=True)
    ]
