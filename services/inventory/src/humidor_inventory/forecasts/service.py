"""Keeps the newest forecast of each store and product."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from humidor_common.db.pool import Connection
from humidor_common.events.forecasting import ForecastPublished
from humidor_common.messaging.rebuild import Digest
from humidor_common.web.problems import not_found
from humidor_inventory.forecasts.schemas import ForecastDayView, ForecastView, QuantileView
from humidor_inventory.units.rules import lenient_gtin

Pair = tuple[str, str]

_KEEP = """
INSERT INTO forecasts AS f SELECT r.* FROM jsonb_array_elements($1::jsonb) e
CROSS JOIN LATERAL jsonb_populate_record(null::forecasts, e) r
ON CONFLICT (store_id, gtin) DO UPDATE SET
    forecast_id = excluded.forecast_id, model = excluded.model, model_version = excluded.model_version,
    data_until = excluded.data_until, issued_at = excluded.issued_at, starts_on = excluded.starts_on,
    horizon_days = excluded.horizon_days, probabilities = excluded.probabilities, days = excluded.days,
    cumulative = excluded.cumulative
WHERE (f.issued_at, f.forecast_id) < (excluded.issued_at, excluded.forecast_id)
RETURNING store_id, gtin
"""
# LATERAL ... OFFSET 0: look each one up, see stock.service.
_SPANS = """
SELECT k.n, f.*, f.starts_on + f.horizon_days <= t.today AS lapsed
FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY k(e, n)
CROSS JOIN LATERAL (
    SELECT forecast_id, model, model_version, issued_at, data_until, starts_on, horizon_days, probabilities,
           cumulative
    FROM forecasts WHERE store_id = e->>0 AND gtin = e->>1 OFFSET 0) f
CROSS JOIN LATERAL (
    SELECT ($2::timestamptz AT TIME ZONE coalesce(
        (SELECT time_zone FROM stores WHERE store_id = e->>0), 'UTC'))::date AS today OFFSET 0) t
"""


async def keep_forecasts(conn: Connection, forecasts: Sequence[ForecastPublished]) -> list[Pair]:
    """Keep those that are newer than what is kept, and name their series."""
    newest: dict[Pair, ForecastPublished] = {}
    for forecast in sorted(forecasts, key=lambda each: (each.issued_at, each.forecast_id)):
        newest[forecast.store_id, lenient_gtin(forecast.gtin)] = forecast
    rows = [row_of(pair, newest[pair]) for pair in sorted(newest)]
    return [(row[0], row[1]) for row in await conn.fetch(_KEEP, rows)]


async def load_spans(conn: Connection, pairs: Sequence[Pair], *, now: datetime) -> dict[Pair, Any]:
    """Load the rows of these series' forecasts, as far as levels need them.

    `lapsed` says that the last day is over in the store.
    """
    return {pairs[row["n"] - 1]: row for row in await conn.fetch(_SPANS, pairs, now)}


async def get_forecast(conn: Connection, pair: Pair) -> ForecastView:
    row = await conn.fetchrow("SELECT * FROM forecasts WHERE store_id = $1 AND gtin = $2", *pair)
    if row is None:
        raise not_found("forecast", "/".join(pair))
    first: date = row["starts_on"]
    own = {name: row[name] for name in ForecastView.model_fields if name in row}
    chances = row["probabilities"]
    views = {
        "days": [_view(chances, i, first, each) for i, each in enumerate(row["days"])],
        "cumulative": [_view(chances, i, first, each) for i, each in enumerate(row["cumulative"])],
    }
    return ForecastView(**own | views)


async def clear(conn: Connection) -> None:
    await conn.execute("DELETE FROM forecasts")


async def digest(conn: Connection) -> Digest:
    row = await conn.fetchrow(
        """SELECT count(*) AS rows, coalesce(sum(hashtextextended(concat_ws('/', store_id, gtin, forecast_id,
                  issued_at, probabilities, days, cumulative), 0)::numeric), 0)::text AS hash
           FROM forecasts"""
    )
    return dict(row or {})


def row_of(pair: Pair, forecast: ForecastPublished) -> dict[str, Any]:
    """Give the row that keeps a forecast: figures of days and of spans, the mean before the quantiles."""
    return {
        "store_id": pair[0],
        "gtin": pair[1],
        "forecast_id": forecast.forecast_id,
        "model": forecast.model,
        "model_version": forecast.model_version,
        "data_until": forecast.data_until,
        "issued_at": forecast.issued_at,
        "starts_on": forecast.starts_on,
        "horizon_days": forecast.horizon_days,
        "probabilities": forecast.probabilities,
        "days": [[day.mean_sticks, *day.quantiles_sticks] for day in forecast.days],
        "cumulative": [[span.mean_sticks, *span.quantiles_sticks] for span in forecast.cumulative],
    }


def _view(chances: Sequence[float], number: int, first: date, figures: Sequence[float]) -> ForecastDayView:
    mean, *quantiles = figures
    return ForecastDayView(
        day=date.fromordinal(first.toordinal() + number),
        days=number + 1,
        mean_sticks=mean,
        quantiles=[
            QuantileView(probability=chance, quantity_sticks=sticks)
            for chance, sticks in zip(chances, quantiles, strict=True)
        ],
    )
