"""Charts over HTTP."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from humidor_common.web.inputs import Day, StoreId
from humidor_forecasting.demand.levels import ProductLevel, StoreLevel, Today
from humidor_forecasting.demand.queries import Wanted
from humidor_forecasting.demand.schemas import Channel
from humidor_forecasting.inputs import Database, Gtin, Reader
from humidor_forecasting.plots import service
from humidor_forecasting.plots.schemas import ChartView
from humidor_forecasting.plots.service import Format, Look
from humidor_forecasting.plots.work import Language

router = APIRouter(prefix="/v1/plots", tags=["plots"])
USUAL_DAYS = 365
_PICTURES: dict[int | str, dict[str, Any]] = {
    200: {"model": ChartView, "content": {"image/svg+xml": {}, "image/png": {}}}
}


async def _look(
    format: Format = "svg",  # noqa: A002 - the parameter's name in the query
    language: Language = "en",
    width: Annotated[int, Query(ge=240, le=2400)] = 960,
    height: Annotated[int, Query(ge=160, le=2400)] = 480,
) -> Look:
    return Look(format, language, width, height)


Wished = Annotated[Look, Depends(_look)]


@router.get("/forecasts/{store_id}/{gtin}", response_class=Response, responses=_PICTURES)
async def plot_forecast(
    pool: Database,
    principal: Reader,
    store_id: StoreId,
    gtin: Gtin,
    look: Wished,
    history_days: Annotated[int, Query(ge=1, le=730)] = 90,
) -> Response:
    """Draw the newest forecast after its history, with 80 and 95 % bands, promotions, stock-outs, holidays.

    As `svg` or `png`, or (`json`) the same as data. `Content-Language` names the language that was written:
    a PNG in Chinese needs a Chinese font on the server, and is in English without one.
    """
    principal.check_store(store_id)
    return await service.plot_forecast(pool, (store_id, gtin), history_days, look)


@router.get("/decompositions", response_class=Response, responses=_PICTURES)
async def plot_decomposition(  # noqa: PLR0913, PLR0917 - one argument a parameter of the request
    pool: Database,
    stores: StoreLevel,
    products: ProductLevel,
    look: Wished,
    today: Today,
    first_day: Annotated[Day | None, Query()] = None,
    last_day: Annotated[Day | None, Query()] = None,
    channel: Channel = "both",
) -> Response:
    """Draw demand of a level and its parts below each other; see `GET /v1/decompositions`."""
    last = last_day or today - timedelta(days=1)
    first = first_day or last - timedelta(days=USUAL_DAYS - 1)
    return await service.plot_decomposition(
        pool, Wanted(*stores, *products, first, last, channel, "day"), look
    )
