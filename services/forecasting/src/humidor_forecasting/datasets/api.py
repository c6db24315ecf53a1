"""Data sets over HTTP: long tables for statistics programs and spreadsheets (`?format=stats` and others)."""

from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from humidor_common.db.transaction import Read
from humidor_common.web.inputs import Day, StoreId, visible_stores
from humidor_common.web.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, decode_cursor, encode_cursor
from humidor_common.web.problems import invalid
from humidor_forecasting.calendars import holidays_between
from humidor_forecasting.datasets import queries
from humidor_forecasting.datasets.queries import Asked
from humidor_forecasting.datasets.schemas import WEEKDAYS, DemandRow, ForecastRow, ScoreRow
from humidor_forecasting.demand.levels import Today
from humidor_forecasting.inputs import Gtin, Reader

router = APIRouter(prefix="/v1/datasets", tags=["datasets"])

DEFAULT_DAYS = 730
MOST_DAYS = 3660


async def _asked(
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    gtin: Annotated[Gtin | None, Query()] = None,
) -> Asked:
    return Asked(store_id, visible_stores(principal, store_id), gtin)


async def _days(
    today: Today,
    first_day: Annotated[Day | None, Query()] = None,
    last_day: Annotated[Day | None, Query()] = None,
) -> tuple[date, date]:
    last = last_day or today
    first = first_day or last - timedelta(days=DEFAULT_DAYS)
    if last < first:
        raise invalid("last_day", "lies before first_day")
    if (last - first).days >= MOST_DAYS:
        raise invalid("first_day", f"at most {MOST_DAYS} days can be read at once")
    return first, last


AskedFor = Annotated[Asked, Depends(_asked)]


@router.get("/demand")
async def list_demand(
    conn: Read,
    asked: AskedFor,
    days: Annotated[tuple[date, date], Depends(_days)],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[DemandRow]:
    """Read the history of demand, a row a store, product and day; of the last two years without days."""
    after = decode_cursor(cursor, str, str, date) if cursor else ("", "", days[0])
    rows = await queries.demand(conn, asked, days, after=(after[0], after[1], after[2]), limit=limit + 1)
    names = holidays_between(*days)
    found = [_demand(row, names) for row in rows[:limit]]
    more = len(rows) > limit
    last = found[-1] if more else None
    return Page(items=found, next_cursor=encode_cursor(last.store_id, last.gtin, last.day) if last else None)


def _demand(row: Any, names: dict[date, str]) -> DemandRow:
    day: date = row["day"]
    return DemandRow(
        **row,
        weekday=WEEKDAYS[day.weekday()],
        holiday=names.get(day),
        censored=row["stock_out"] or row["cut_sticks"] > 0,
    )


@router.get("/forecasts")
async def list_forecast_rows(
    conn: Read, asked: AskedFor, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[ForecastRow]:
    """Read the newest forecasts, a row a store, product and day, with the usual quantiles."""
    after = decode_cursor(cursor, str, str, date) if cursor else ("", "", date.min)
    rows = await queries.forecasts(conn, asked, after=(after[0], after[1], after[2]), limit=limit + 1)
    found = [ForecastRow(**row) for row in rows[:limit]]
    last = found[-1] if len(rows) > limit else None
    return Page(items=found, next_cursor=encode_cursor(last.store_id, last.gtin, last.day) if last else None)


@router.get("/scores")
async def list_scores(
    conn: Read, asked: AskedFor, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[ScoreRow]:
    """Read what every candidate scored in the backtest of the newest forecasts."""
    after = decode_cursor(cursor, str, str, str) if cursor else ("", "", "")
    rows = await queries.scores(conn, asked, after=(after[0], after[1], after[2]), limit=limit + 1)
    found = [ScoreRow(**row) for row in rows[:limit]]
    last = found[-1] if len(rows) > limit else None
    return Page(
        items=found, next_cursor=encode_cursor(last.store_id, last.gtin, last.model) if last else None
    )
