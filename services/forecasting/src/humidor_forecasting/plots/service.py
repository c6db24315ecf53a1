"""Has charts drawn by a process of its own, or gives their data."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Literal, NamedTuple, TypeAlias

import msgspec
from starlette.responses import Response

from humidor_common.db.pool import Pool
from humidor_common.web.problems import not_found
from humidor_forecasting.asking import ask
from humidor_forecasting.decompositions.service import decompose_demand
from humidor_forecasting.demand.queries import Wanted
from humidor_forecasting.demand.service import read_demand
from humidor_forecasting.forecasts import queries as forecasts
from humidor_forecasting.plots import queries, rules
from humidor_forecasting.plots.work import Chart, DrawInput, Drawn, Language

Format: TypeAlias = Literal["svg", "png", "json"]
MEDIA = {"svg": "image/svg+xml", "png": "image/png"}


class Look(NamedTuple):
    """How a chart is wanted."""

    format: Format
    language: Language
    width: int
    height: int


async def plot_forecast(pool: Pool, series: tuple[str, str], history_days: int, look: Look) -> Response:
    """Draw the newest forecast of a series after its history.

    Raises:
        Problem: 404 where there is no forecast.
    """
    store_id, gtin = series
    async with pool.acquire() as conn:
        found = await forecasts.newest(conn, store_id, gtin)
        if found is None:
            raise not_found("forecast", f"{store_id}/{gtin}")
        first = found["starts_on"] - timedelta(days=history_days)
        last = found["starts_on"] + timedelta(days=found["horizon_days"] - 1)
        wanted = Wanted("store", store_id, "product", gtin, first, last, "both", "day")
        demand = await read_demand(conn, wanted)
        names = await queries.names_of(conn, store_id, gtin)
    plain = _plain(found)
    return await _answer(lambda language: rules.forecast_chart(plain, demand.periods, names, language), look)


def _plain(forecast: forecasts.Document) -> forecasts.Document:
    """Read out what a forecast has as text for answers."""
    plain = {
        name: msgspec.json.decode(value) if isinstance(value, msgspec.Raw) else value
        for name, value in forecast.items()
    }
    days = [{**day, "day": date.fromisoformat(day["day"])} for day in plain["days"]]
    return plain | {"days": days}


async def plot_decomposition(pool: Pool, wanted: Wanted, look: Look) -> Response:
    """Draw demand of a level and its parts."""
    parts = await decompose_demand(pool, wanted)
    names = (wanted.store_key or "", wanted.product_key or "")
    if wanted.store_level == "store" or wanted.product_level == "product":
        async with pool.acquire() as conn:
            names = await queries.names_of(conn, *names)
    return await _answer(lambda language: rules.decomposition_chart(parts, names, language), look)


async def _answer(chart_in: Callable[[Language], Chart], look: Look) -> Response:
    if look.format == "json":
        headers = {"Content-Language": look.language}
        body = msgspec.json.encode(chart_in(look.language))
        return Response(body, media_type="application/json", headers=headers)
    languages: list[Language] = ["zh", "en"] if look.language == "zh" else ["en"]
    question = DrawInput(
        charts=[chart_in(each) for each in languages], kind=look.format, width=look.width, height=look.height
    )
    drawn = await ask("humidor_forecasting.plots.helping", question, Drawn)
    return Response(
        drawn.picture, media_type=MEDIA[look.format], headers={"Content-Language": drawn.language}
    )
