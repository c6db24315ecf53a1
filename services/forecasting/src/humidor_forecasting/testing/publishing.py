"""For tests: forecasts published at a moment of one's choice, made in this process by the plainest models."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from humidor_common.db.transaction import transaction
from humidor_common.ids import uuid7
from humidor_forecasting.choosing.pipeline import forecast_series
from humidor_forecasting.forecasts.issuing import Made, issue
from humidor_forecasting.runs.gathering import gather
from humidor_forecasting.runs.queries import Run
from humidor_forecasting.runs.rules import PROBABILITIES
from humidor_forecasting.testing.market import GTIN, Market
from humidor_forecasting.versions import library_versions

PLAIN = ("seasonal_naive", "seasonal_average")


async def publish(
    market: Market,
    stores: Sequence[str],
    *,
    at: datetime,
    gtins: Sequence[str] = (GTIN,),
    models: Sequence[str] = PLAIN,
    horizon_days: int = 28,
) -> UUID:
    """Forecast these products in these stores from what is known, as if it were then; gives the run's id."""
    run = Run(
        run_id=uuid7(),
        horizon_days=horizon_days,
        probabilities=list(PROBABILITIES),
        ladder=list(models),
        versions=library_versions(),
        data_until=at,
        series_total=None,
        lease=1,
    )
    pairs = [(store_id, gtin) for store_id in stores for gtin in gtins]
    async with transaction(market.runtime.pool) as conn:
        given = await gather(conn, run, pairs, seconds_per_model=10.0)
        made = [Made(series, starts_on, forecast_series(series)) for series, starts_on in given.values()]
        await issue(conn, run.run_id, made, data_until=at, versions=run.versions, now=at)
    return run.run_id
