"""Forecasts of stores, areas, brands and classes over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from humidor_common.clock import utc_now
from humidor_forecasting.aggregates import service
from humidor_forecasting.aggregates.queries import By, Scope
from humidor_forecasting.aggregates.schemas import AggregateForecastView
from humidor_forecasting.demand.levels import Level, ProductLevel, StoreLevel
from humidor_forecasting.demand.schemas import Channel
from humidor_forecasting.inputs import Database

router = APIRouter(prefix="/v1/aggregate-forecasts", tags=["forecasts"])


@router.get("")
async def get_aggregate_forecast(
    pool: Database,
    stores: StoreLevel,
    products: ProductLevel,
    by: By = "none",
    channel: Channel = "both",
    horizon_days: Annotated[int | None, Query(ge=1, le=366)] = None,
) -> AggregateForecastView:
    """Read the forecast of a store, an area or all, of a product, a brand, a class or all; and parts `by`.

    It is what was published of the single series, added up: whoever adds the parts gets the whole. What a
    warehouse delivers (`trade`) stores sell once more (`retail`); where `both` are in it, `notes` say so.
    """
    return await service.add_up(
        pool, _scope(stores, products, channel), by, horizon_days=horizon_days, today=utc_now().date()
    )


def _scope(stores: Level, products: Level, channel: Channel) -> Scope:
    store_level, store = stores
    product_level, product = products
    return Scope(
        store_ids=[store] if store_level == "store" and store else None,
        area=store if store_level == "area" else None,
        gtins=[product] if product_level == "product" and product else None,
        brand=product if product_level == "brand" else None,
        price_class=product if product_level == "class" else None,
        channel=channel,
    )
