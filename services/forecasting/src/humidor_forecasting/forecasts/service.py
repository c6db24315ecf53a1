"""Makes issued forecasts again from what their models were given."""

from uuid import UUID

import msgspec

from humidor_common.auth import Principal
from humidor_common.db.pool import Pool
from humidor_common.web.problems import not_found
from humidor_forecasting.asking import ask
from humidor_forecasting.choosing.work import SeriesOutput, unpack_cut
from humidor_forecasting.forecasts import queries, rules
from humidor_forecasting.forecasts.schemas import ReproductionView, VersionChangeView
from humidor_forecasting.versions import library_versions

PATIENCE_SECONDS = 300.0


async def reproduce(pool: Pool, principal: Principal, forecast_id: UUID) -> ReproductionView:
    """Run the models again on the forecast's data cut, and compare.

    Raises:
        Problem: 403 for a store that is not the caller's, 404, 503 where it takes too long.
    """
    async with pool.acquire() as conn:
        issued = await queries.as_issued(conn, forecast_id)
        if issued is None:
            raise not_found("forecast", forecast_id)
        principal.check_store(issued["store_id"])
        packed = await queries.cut_of(conn, forecast_id)
    if packed is None:
        raise not_found("data cut of forecast", forecast_id)
    output = await ask(
        "humidor_forecasting.forecasts.reproducing",
        unpack_cut(packed),
        SeriesOutput,
        seconds=PATIENCE_SECONDS,
    )
    again = msgspec.structs.asdict(output)
    differs = rules.differences(issued, again)
    changed = rules.changed_versions(issued["versions"], library_versions())
    return ReproductionView(
        forecast_id=forecast_id,
        data_cut=issued["cut_digest"].hex(),
        equal=not differs,
        differs=differs,
        largest_difference_sticks=rules.largest_difference(issued["days"], again["days"]),
        changed_versions=[
            VersionChangeView(name=name, then=then, now=now) for name, (then, now) in changed.items()
        ],
    )
