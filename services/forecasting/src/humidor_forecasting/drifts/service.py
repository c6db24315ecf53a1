"""Watches published forecasts: judges each series once a day, and tells of those that drift."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from humidor_common.db.pool import Connection, Pool
from humidor_common.db.transaction import transaction
from humidor_common.events.forecasting import ForecastDrifted
from humidor_common.messaging import outbox
from humidor_forecasting.drifts import queries

PIECE = 500


async def watch(pool: Pool, *, now: datetime) -> int:
    """Judge every series whose last whole day has not been judged; gives how many have begun to drift."""
    after, noticed = ("", ""), 0
    while True:
        async with transaction(pool) as conn:
            if not await queries.take_turn(conn):
                return noticed
            series = await queries.due(conn, after, PIECE, now=now)
            if not series:
                await queries.close_stale(conn, now=now)
                return noticed
            noticed += await _watch_piece(conn, series, now=now)
        after = series[-1][:2]


async def _watch_piece(conn: Connection, series: Sequence[queries.Due], *, now: datetime) -> int:
    judged = [each for each in await queries.judge(conn, series) if each.enough]
    opened = await queries.note(conn, series, judged, now=now)
    await outbox.append(conn, [_told(row) for row in opened])
    return len(opened)


def _told(row: Any) -> ForecastDrifted:
    return ForecastDrifted(
        store_id=row["store_id"],
        gtin=row["gtin"],
        forecast_id=row["forecast_id"],
        model=row["model"],
        until=row["until"].isoformat(),
        days=row["days"],
        wape=row["wape"],
        expected_wape=row["expected_wape"],
        band=row["band"],
        bias_sticks=row["bias_sticks"],
        noticed_at=row["noticed_at"],
    )
