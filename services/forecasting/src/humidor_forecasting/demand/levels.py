"""The level of stores and the level of products that a caller asks for."""

from datetime import date
from typing import Annotated, TypeAlias

from fastapi import Depends, Query

from humidor_common.clock import local_date, utc_now
from humidor_common.web.inputs import Name, StoreId
from humidor_common.web.problems import invalid
from humidor_forecasting.demand import queries
from humidor_forecasting.inputs import Database, Gtin, Reader

Level: TypeAlias = tuple[str, str | None]


async def of_stores(
    principal: Reader,
    store_id: Annotated[StoreId | None, Query()] = None,
    area: Annotated[Name | None, Query()] = None,
) -> Level:
    """Read the level of stores that is asked for; without any, the total."""
    if store_id is not None and area is not None:
        raise invalid("area", "give a store or an area")
    if store_id is not None:
        principal.check_store(store_id)
        return "store", store_id
    principal.check_every_store()
    return ("area", area) if area is not None else ("total", None)


async def of_products(
    gtin: Annotated[Gtin | None, Query()] = None,
    brand: Annotated[Name | None, Query()] = None,
    price_class: Annotated[Name | None, Query()] = None,
) -> Level:
    """Read the level of products that is asked for; without any, all of them."""
    given = [("product", gtin), ("brand", brand), ("class", price_class)]
    asked = [each for each in given if each[1] is not None]
    if len(asked) > 1:
        raise invalid("gtin", "give one of gtin, brand and price_class")
    return asked[0] if asked else ("all", None)


StoreLevel = Annotated[Level, Depends(of_stores)]
ProductLevel = Annotated[Level, Depends(of_products)]


async def of_today(pool: Database, store_id: Annotated[StoreId | None, Query()] = None) -> date:
    """Give the day that it is in the store; of several stores, in one of them."""
    return local_date(utc_now(), await queries.zone_of_one(pool, store_id))


Today = Annotated[date, Depends(of_today)]
