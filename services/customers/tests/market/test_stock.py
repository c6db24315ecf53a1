"""Stock against sales: month ends that `inventory` tells, of some stores and again where they change."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from humidor_common.db.transaction import transaction
from humidor_common.events.inventory import ClosingStock, StockClosed
from humidor_customers.closings.consumers import SUBSCRIPTION, clear, digest
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.ordering import gtin, tell
from humidor_customers.testing.selling import know, sale, sell, sum_market

PATH = "/v1/market/stock-to-sales"
AUTUMN = {"since": "2026-09-01", "until": "2026-10-31"}


def closed(store_id: str, month: date, *sticks: int, hour: int = 1) -> StockClosed:
    """Tell what a store had of the first products, at an hour of 20 November."""
    products = [ClosingStock(gtin=gtin(n), owned_sticks=each) for n, each in enumerate(sticks, 1) if each]
    return StockClosed(
        closing_id=f"{store_id}/{month:%Y-%m}",
        store_id=store_id,
        month=month,
        products=products,
        told_at=datetime(2026, 11, 20, hour, tzinfo=UTC),
    )


async def rows(desk: Desk, **params: Any) -> dict[tuple[Any, ...], dict[str, Any]]:
    found = await desk.ask("GET", PATH, params=AUTUMN | {"limit": 200} | params)
    items = found["items"]
    while found["next_cursor"]:
        found = await desk.ask("GET", PATH, params=AUTUMN | params | {"cursor": found["next_cursor"]})
        items += found["items"]
    return {(each["start"][5:7], each["within"], each["key"]): each for each in items}


@pytest.fixture
async def stocked(desk: Desk) -> Desk:
    """Harbour (1) and River (2); in October S0001 sold 400 and 200 sticks, S0003 200 of Harbour."""
    await know(desk, p1=("Harbour", "North", "1"), p2=("River", "South", "2"))
    await desk.put("R1", trade_area="town", store_ids=["S0001"])
    await desk.put("R3", trade_area="village", store_ids=["S0003"])
    await sell(
        desk,
        sale("S0001", "2026-10-05 19:00", [(1, 20, 2500), (2, 10, 1000)]),
        sale("S0003", "2026-10-07 10:00", [(1, 10, 2500)]),
    )
    await sum_market(desk)
    october = date(2026, 10, 1)
    newest = closed("S0001", october, 600, 0, hour=2)
    await tell(desk, SUBSCRIPTION, closed("S0001", october, 5, 7), newest)
    await tell(desk, SUBSCRIPTION, closed("S0001", october, 9, 9, 9))
    return desk


async def test_stock_is_measured_by_the_sales_of_stores_whose_stock_is_known(stocked: Desk) -> None:
    found = await rows(stocked)
    assert set(found) == {("10", None, "Harbour"), ("10", None, "River")}
    harbour, river = found["10", None, "Harbour"], found["10", None, "River"]
    assert harbour["stock_to_sales"] == {"numerator": 600, "denominator": 400, "value": 1.5, "reason": None}
    assert harbour["days_of_stock"] == pytest.approx(46.5)
    assert harbour["covered"]["value"] == pytest.approx(400 / 600)
    assert (river["stock_to_sales"]["value"], river["covered"]["value"]) == (0.0, 1.0)
    areas = await rows(stocked, by="area", brand="Harbour", period="none")
    assert areas["09", None, "town"]["stock_to_sales"]["value"] == 1.5
    village = areas["09", None, "village"]["stock_to_sales"]
    assert (village["value"], village["reason"]) == (None, "stock-unknown")
    stores = await rows(stocked, by="store", within="price_class")
    assert stores["10", "2", "S0001"]["stock_to_sales"]["value"] == 0.0
    bound = stocked.auth("manager", stores=["S0001"])
    mine = await stocked.ask("GET", PATH, params=AUTUMN, headers=bound)
    assert all(each["covered"]["value"] == 1.0 for each in mine["items"])


async def test_stock_without_sales_and_oversold_stock_say_so(stocked: Desk) -> None:
    await tell(stocked, SUBSCRIPTION, closed("S0003", date(2026, 9, 1), 40, -20))
    found = await rows(stocked, until="2026-09-30")
    idle, oversold = found["09", None, "Harbour"], found["09", None, "River"]
    assert (idle["stock_to_sales"]["numerator"], idle["stock_to_sales"]["reason"]) == (40, "no-sales")
    assert (oversold["stock_to_sales"]["reason"], oversold["days_of_stock"]) == ("negative-stock", None)


async def test_the_stock_of_a_warehouse_is_none_of_the_shops(stocked: Desk) -> None:
    await tell(stocked, SUBSCRIPTION, closed("S0003", date(2026, 10, 1), 9000))
    await stocked.runtime.pool.execute("UPDATE stores SET kind = 'warehouse' WHERE store_id = 'S0003'")
    assert (await rows(stocked))["10", None, "Harbour"]["stock_to_sales"]["numerator"] == 600
    wholesale = (await rows(stocked, level="wholesale"))["10", None, "Harbour"]["stock_to_sales"]
    assert (wholesale["numerator"], wholesale["reason"]) == (9000, "no-sales")


async def test_what_is_no_whole_month_is_refused_and_named(stocked: Desk) -> None:
    for field, day in (("since", "2026-09-02"), ("until", "2026-10-30")):
        problem = await stocked.ask("GET", PATH, params=AUTUMN | {field: day}, expect=422)
        assert problem["errors"][0]["field"] == field


async def test_the_projection_of_closings_is_made_anew_as_it_was(stocked: Desk) -> None:
    async with transaction(stocked.runtime.pool) as conn:
        before = await digest(conn)
        await clear(conn)
    october = date(2026, 10, 1)
    await tell(stocked, SUBSCRIPTION, closed("S0001", october, 600, 0, hour=2))
    async with transaction(stocked.runtime.pool) as conn:
        assert await digest(conn) == before
