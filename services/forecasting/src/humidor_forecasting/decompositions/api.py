"""Decompositions over HTTP."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from humidor_common.web.inputs import Day
from humidor_forecasting.decompositions import service
from humidor_forecasting.decompositions.schemas import DecompositionView
from humidor_forecasting.demand.levels import ProductLevel, StoreLevel, Today
from humidor_forecasting.demand.queries import Wanted
from humidor_forecasting.demand.schemas import Channel
from humidor_forecasting.inputs import Database

router = APIRouter(prefix="/v1/decompositions", tags=["decompositions"])
USUAL_DAYS = 365


@router.get("")
async def get_decomposition(  # noqa: PLR0913, PLR0917 - one argument a parameter of the query
    pool: Database,
    stores: StoreLevel,
    products: ProductLevel,
    today: Today,
    first_day: Annotated[Day | None, Query()] = None,
    last_day: Annotated[Day | None, Query()] = None,
    channel: Channel = "both",
) -> DecompositionView:
    """Read demand of a level as trend, week, year, holidays, promotions and what remains, by day.

    Without days, of the last 365 until yesterday. The parts add up to demand, lifted where a series was sold
    out and without absurd amounts.
    """
    last = last_day or today - timedelta(days=1)
    first = first_day or last - timedelta(days=USUAL_DAYS - 1)
    return await service.decompose_demand(pool, Wanted(*stores, *products, first, last, channel, "day"))
