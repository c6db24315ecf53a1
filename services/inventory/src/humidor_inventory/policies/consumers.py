"""Takes the forecasts that `forecasting` publishes: kept, and policies that rest on them calculated anew."""

from collections.abc import Sequence

from humidor_common.clock import utc_now
from humidor_common.db.pool import Connection
from humidor_common.events.forecasting import ForecastPublished
from humidor_common.messaging.rebuild import Projection
from humidor_common.messaging.subscription import Poison, Received, Subscription
from humidor_inventory.forecasts.rules import complaint
from humidor_inventory.forecasts.service import clear, digest, keep_forecasts
from humidor_inventory.policies.recalculation import follow_forecasts

GROUP = "inventory.forecasts"


async def on_forecast_published(conn: Connection, batch: Sequence[Received]) -> None:
    """Keep the newest forecast of each series, whatever the order, and let levels follow at once."""
    forecasts = [_read(each.event) for each in batch if isinstance(each.event, ForecastPublished)]
    if forecasts:
        kept = await keep_forecasts(conn, forecasts)
        await follow_forecasts(conn, kept, now=utc_now())


def _read(forecast: ForecastPublished) -> ForecastPublished:
    if wrong := complaint(forecast):
        raise Poison(f"{forecast.series_id[:100]}: {wrong}")
    return forecast


SUBSCRIPTION = Subscription(group=GROUP, topics=(ForecastPublished.TOPIC,), apply=on_forecast_published)
PROJECTION = Projection(name="forecasts", subscription=SUBSCRIPTION, clear=clear, digest=digest)
