"""Takes what `forecasting` says that stores will sell."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from humidor_common.db.pool import Connection
from humidor_common.events.forecasting import ForecastPublished
from humidor_common.messaging.subscription import Poison, Received, Subscription
from humidor_customers.plans import queries

_MOST_DAYS = 1100


async def on_forecast_published(conn: Connection, batch: Sequence[Received]) -> None:
    newest: dict[str, ForecastPublished] = {}
    for each in batch:
        event = each.event
        if isinstance(event, ForecastPublished) and (
            event.series_id not in newest or newest[event.series_id].issued_at < event.issued_at
        ):
            newest[event.series_id] = event
    if newest:
        await queries.keep_forecasts(conn, [_row(each) for each in newest.values()])


def _row(event: ForecastPublished) -> tuple[Any, ...]:
    """Read the mean demand of a day over the horizon.

    Raises:
        Poison: The forecast is none.
    """
    try:
        starts_on = date.fromisoformat(event.starts_on)
    except ValueError as error:
        raise Poison(f"{event.series_id[:100]}: starts_on is no date") from error
    means = [day.mean_sticks for day in event.days]
    if not 0 < len(means) <= _MOST_DAYS or not all(0 <= mean < 1e12 for mean in means):
        raise Poison(f"{event.series_id[:100]}: days are no demand")
    if "\x00" in event.series_id:
        raise Poison("a NUL character in the series")
    ends_on = starts_on + timedelta(days=len(means) - 1)
    issued, mean = event.issued_at, sum(means) / len(means)
    return event.store_id, event.gtin, issued, starts_on, ends_on, mean


SUBSCRIPTION = Subscription("customers.forecasts", (ForecastPublished.TOPIC,), on_forecast_published)
