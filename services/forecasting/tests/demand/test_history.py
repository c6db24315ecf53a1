"""What tills, trade customers and stock-outs tell becomes one history, in whatever order it is told."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from humidor_common.db.transaction import transaction
from humidor_common.events import Event
from humidor_common.events.customers import OrderCancelled, RetailerChanged
from humidor_common.events.inventory import AlertClosed, AlertRaised, UnitGtin
from humidor_common.messaging.rebuild import Digest
from humidor_forecasting.demand.consumers import STOCK_OUTS, clear, digest
from humidor_forecasting.testing.market import (
    GTIN,
    NOON,
    Market,
    identity,
    line,
    ordered,
    product,
    returned,
    sale,
    store,
    voided,
)

CARTON = "16901028075760"
YESTERDAY = NOON - timedelta(days=1)
# 17:00 UTC is one in the morning of the next day in Shanghai.
LATE = datetime(2026, 11, 25, 17, 0, tzinfo=UTC)


def facts() -> list[Event]:
    """Sales with returns and voids, over two days of the store, each told once."""
    return [
        sale("a", line(3), at=YESTERDAY),
        sale("b", line(2, "carton"), at=LATE),
        returned("b1", "b", line(5), at=NOON + timedelta(days=2)),
        sale("c", line(4), at=NOON),
        voided("c1", "c"),
        returned("alone", None, line(1), at=YESTERDAY),
        sale("d", line(1), at=NOON),
        returned("d1", "d", line(9), at=NOON),
        ordered("o", 600, 400, at=YESTERDAY),
        ordered("o", 800, 500, attempt=2),
    ]


async def state(market: Market) -> Digest:
    async with transaction(market.runtime.pool) as conn:
        return await digest(conn)


async def test_any_order_of_facts_makes_the_same_days(market: Market) -> None:
    await market.know(store(), store("W0001", kind="warehouse"), product())
    await market.sold(*facts())
    expected = {"2026-11-25": (60 - 20, 0, 0), "2026-11-26": (400 - 100, 0, 0)}
    assert await market.days() == expected
    assert await market.days("W0001") == {"2026-11-26": (0, 800, 300)}
    seen = await state(market)
    shuffled = facts()
    for seed in range(6):
        random.Random(seed).shuffle(shuffled)
        async with transaction(market.runtime.pool) as conn:
            await clear(conn)
        assert (await market.days()) == {}
        for event in shuffled:
            await market.sold(event)
        assert await state(market) == seen, [type(event).__name__ for event in shuffled]
    await market.sold(*facts())
    assert await state(market) == seen


async def test_a_sale_before_its_product_and_store_counts_once_they_are_known(market: Market) -> None:
    await market.sold(sale("late", line(1, "carton", gtin=CARTON), line(2), at=LATE))
    assert await market.days() == {}
    await market.know(product())
    assert await market.days() == {"2026-11-25": (40, 0, 0)}
    await market.know(store())
    assert await market.days() == {"2026-11-26": (40, 0, 0)}
    await market.know(product(version=2, unit_gtins=[UnitGtin(gtin=CARTON, unit="carton")]))
    assert await market.days() == {"2026-11-26": (240, 0, 0)}
    await market.know(
        product(version=3, packs_per_carton=5, unit_gtins=[UnitGtin(gtin=CARTON, unit="carton")])
    )
    assert await market.days() == {"2026-11-26": (140, 0, 0)}
    await market.know(product(version=2, packs_per_carton=50))
    assert await market.days() == {"2026-11-26": (140, 0, 0)}
    await market.sold(sale("next", line(1, "carton", gtin=CARTON), line(1, "carton"), at=LATE))
    assert await market.days() == {"2026-11-26": (340, 0, 0)}


async def test_an_order_counts_as_requested_by_its_last_attempt_until_it_is_cancelled(market: Market) -> None:
    await market.know(store("W0001"), product())
    await market.sold(ordered("o", 800, 500, attempt=2), ordered("o", 600, 600, attempt=1, at=YESTERDAY))
    assert await market.days("W0001") == {"2026-11-26": (0, 800, 300)}

    def cancelled(attempt: int) -> OrderCancelled:
        return OrderCancelled(
            order_id=identity("o"), retailer_id="C1", cycle_id=identity("cycle"), store_id="W0001",
            attempt=attempt, code="customer", cancelled_at=NOON,
        )  # fmt: skip

    await market.sold(cancelled(1))
    assert await market.days("W0001") == {"2026-11-26": (0, 800, 300)}
    await market.sold(cancelled(2))
    assert await market.days("W0001") == {"2026-11-26": (0, 0, 0)}
    await market.sold(ordered("o", 100, 100, attempt=3))
    assert await market.days("W0001") == {"2026-11-26": (0, 100, 0)}


def alert(name: str, raised: datetime, closed: datetime | None = None) -> AlertRaised | AlertClosed:
    common: dict[str, Any] = {
        "alert_id": identity(name), "kind": "stock_out", "store_id": "S0001", "subject": GTIN, "gtin": GTIN,
        "lot": None, "severity": "critical", "raised_at": raised,
    }  # fmt: skip
    if closed:
        return AlertClosed(**common, closed_at=closed, reason="there is something for sale again")
    return AlertRaised(**common, figures={})


def area(store_ids: list[str], trade_area: str, version: int = 1) -> RetailerChanged:
    return RetailerChanged(
        retailer_id="C1", state="active", licence_number=None, licence_status=None, licence_valid_from=None,
        licence_valid_until=None, time_zone="Asia/Shanghai", business_format="convenience",
        market_type="urban", trade_area=trade_area, sales_line=None, compliance_grade=None,
        credit_limit_minor=None, currency="CNY",
        parent_id=None, version=version, changed_at=NOON, store_ids=store_ids,
    )  # fmt: skip


OTHER = "06901028000017"


async def test_demand_is_read_by_any_level_with_what_moved_it(market: Market) -> None:
    await market.know(store(), store("S0002"), product(), product(OTHER, brand="Reed", price_class="1"))
    await market.know(area(["S0001"], "North"), area(["S0001", "S0002"], "North", version=2))
    monday = datetime(2026, 9, 28, 4, tzinfo=UTC)
    for number, packs in enumerate([5, 6, 0, 7, 0, 3, 2, 4]):
        if packs:
            await market.sold(
                sale(f"x{number}", line(packs), at=monday + timedelta(days=number)),
                sale(f"y{number}", line(1, gtin=OTHER, price=9000), store_id="S0002",
                     at=monday + timedelta(days=number)),
            )  # fmt: skip
    out = monday + timedelta(days=2)
    await market.tell(STOCK_OUTS, alert("out", out, out + timedelta(hours=30)), alert("out", out))
    offer = {
        "name": "Display",
        "starts_on": "2026-10-01",
        "ends_on": "2026-10-02",
        "gtins": [GTIN],
        "mechanic": "display",
    }
    await market.ask("PUT", "/v1/promotions/golden-week", json=offer, expect=201)
    span = {"first_day": "2026-09-28", "last_day": "2026-10-05"}

    async def read(**query: str) -> list[dict[str, Any]]:
        answer = await market.ask("GET", "/v1/demand", params=span | query)
        found: list[dict[str, Any]] = answer["periods"]
        return found

    days = await read(store_id="S0001", gtin="6901028075763")
    assert [each["demand_sticks"] for each in days] == [100, 120, 0, 140, 0, 60, 40, 80]
    assert [each["censored"] for each in days] == [False, False, True, True, False, False, False, False]
    assert [each["closed_days"] for each in days] == [0, 0, 1, 0, 1, 0, 0, 0]
    assert days[3]["promotions"] == ["golden-week"]
    assert days[3]["holidays"] == ["National Day"]
    assert days[0]["price_minor_per_stick"] == 125.0
    weeks = await read(area="North", grain="week")
    assert [each["demand_sticks"] for each in weeks] == [460 + 100, 80 + 20]
    assert weeks[0]["stock_out_series"] == 1
    assert sum(each["demand_sticks"] for each in await read(brand="Reed")) == 120
    assert sum(each["demand_sticks"] for each in await read(price_class="2", grain="month")) == 540
    assert sum(each["demand_sticks"] for each in await read(channel="trade")) == 0
    total = await read(grain="month")
    assert [(each["starts_on"], each["demand_sticks"]) for each in total] == [
        ("2026-09-01", 220 + 40), ("2026-10-01", 320 + 80)]  # fmt: skip
    listed = await market.ask("GET", "/v1/series", params={"limit": "1"})
    assert [each["store_id"] for each in listed["items"]] == ["S0001"]
    rest = await market.ask("GET", "/v1/series", params={"cursor": listed["next_cursor"]})
    assert [(each["store_id"], each["first_day"]) for each in rest["items"]] == [("S0002", "2026-09-28")]


async def test_a_caller_of_some_stores_sees_theirs_alone_and_wrong_questions_are_refused(
    market: Market,
) -> None:
    bound = market.auth("manager", stores=["S0001"])
    await market.ask("GET", "/v1/demand", params={"store_id": "S0001"}, headers=bound)
    for query in ({"store_id": "S0002"}, {"area": "North"}, {}):
        await market.ask("GET", "/v1/demand", params=query, headers=bound, expect=403)
    await market.ask("GET", "/v1/series", params={"store_id": "S0002"}, headers=bound, expect=403)
    assert (await market.ask("GET", "/v1/series", headers=bound))["items"] == []
    for query, field in (
        ({"store_id": "S0001", "area": "North"}, "area"),
        ({"gtin": GTIN, "brand": "Loop"}, "gtin"),
        ({"first_day": "2026-02-02", "last_day": "2026-02-01"}, "last_day"),
        ({"first_day": "2010-01-01", "last_day": "2026-02-01"}, "first_day"),
    ):
        answer = await market.ask("GET", "/v1/demand", params=query, expect=422)
        assert answer["errors"][0]["field"] == field
    clerk = market.auth("clerk", stores=["S0001"])
    await market.ask("GET", "/v1/demand", params={"store_id": "S0001"}, headers=clerk, expect=403)


async def test_without_days_a_history_goes_to_the_day_that_it_is_in_the_store(market: Market) -> None:
    for store_id, zone in (("S0001", "Pacific/Kiritimati"), ("S0002", "Pacific/Pago_Pago")):
        await market.know(store(store_id, time_zone=zone))
        params = {"store_id": store_id, "gtin": GTIN}
        asked = datetime.now(ZoneInfo(zone)).date()
        told = await market.ask("GET", "/v1/demand", params=params)
        answered = datetime.now(ZoneInfo(zone)).date()
        assert told["last_day"] in {asked.isoformat(), answered.isoformat()}
