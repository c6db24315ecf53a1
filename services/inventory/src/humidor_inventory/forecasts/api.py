"""Forecasts over HTTP."""

from fastapi import APIRouter

from humidor_common.db.transaction import Read
from humidor_inventory.forecasts import service
from humidor_inventory.forecasts.schemas import ForecastView
from humidor_inventory.inputs import Gtin, Reader, StoreId

router = APIRouter(prefix="/v1/forecasts", tags=["forecasts"])


@router.get("/{store_id}/{gtin}")
async def get_forecast(conn: Read, principal: Reader, store_id: StoreId, gtin: Gtin) -> ForecastView:
    """Read the newest forecast of a store and product: by day, and of the first 1, 2 ... days together."""
    principal.check_store(store_id)
    return await service.get_forecast(conn, (store_id, gtin))
