"""Each day of a store and product says what moved, whoever moved it and however late."""

from datetime import UTC, date, datetime, timedelta

from humidor_common.db.transaction import transaction
from humidor_inventory.testing.shop import NOON, STORE, Shop, at, line, make_gtin, returned, sale, voided
from humidor_inventory.turnover.demand import daily_demand

TODAY = NOON.date()


async def flows(shop: Shop, gtin: str, store_id: str = STORE) -> dict[date, dict[str, int]]:
    """Every figure of a product's days that is not 0, packs where sticks are kept."""
    rows = await shop.runtime.pool.fetch(
        "SELECT * FROM daily_flows WHERE store_id = $1 AND gtin = $2 ORDER BY day", store_id, gtin
    )
    return {
        row["day"]: {
            name.removesuffix("_sticks"): figure // 20 if name.endswith("_sticks") else figure
            for name, figure in row.items()
            if figure and name not in {"store_id", "gtin", "day"}
        }
        for row in rows
    }


async def test_sales_returns_and_voids_come_to_their_own_days(shop: Shop, gtin: str) -> None:
    yesterday, two_days_ago = NOON - timedelta(days=1), NOON - timedelta(days=2)
    first = at(sale(line(gtin, 4)), two_days_ago)
    second = at(sale(line(gtin, 3), line(gtin, 1, line=2, unit="carton", unit_price=24000)), yesterday)
    await shop.deliver(second, first)
    await shop.deliver(at(returned(first.sale_id, line(gtin, 1)), NOON))
    assert await flows(shop, gtin) == {
        two_days_ago.date(): {"sold": 4, "revenue_minor": 10000},
        yesterday.date(): {"sold": 13, "revenue_minor": 31500},
        TODAY: {"returned": 1, "revenue_minor": -2500},
    }
    # A void takes the sale out of the day on which it was made, but for what was refunded before.
    await shop.deliver(at(voided(first.sale_id), NOON))
    assert (await flows(shop, gtin))[two_days_ago.date()] == {"sold": 1, "revenue_minor": 2500}
    await shop.check()


async def test_a_void_before_its_sale_leaves_no_flow_in_either_order(shop: Shop, gtin: str) -> None:
    sold = sale(line(gtin, 4))
    await shop.deliver(voided(sold.sale_id))
    await shop.deliver(sold)
    assert await flows(shop, gtin) == {}
    other = sale(line(gtin, 2))
    await shop.deliver(other, voided(other.sale_id))
    assert [day for day in (await flows(shop, gtin)).values() if day] == []
    await shop.check()


async def test_the_day_is_the_stores_own(shop: Shop, gtin: str) -> None:
    late = datetime(2026, 11, 23, 15, 59, 59, tzinfo=UTC)  # one second before midnight in Shanghai
    await shop.deliver(at(sale(line(gtin, 1)), late), at(sale(line(gtin, 2)), late + timedelta(seconds=1)))
    found = await flows(shop, gtin)
    assert {day.day: each["sold"] for day, each in found.items()} == {23: 1, 24: 2}
    await shop.check()


async def test_goods_without_a_known_price_are_counted_as_unpriced(shop: Shop) -> None:
    later, foreign = make_gtin(2), make_gtin(3)
    await shop.put_product(foreign, currency="EUR")
    early = sale(line(later, 2), line(foreign, 1, line=2), line(foreign, 1, line=3, unit_price=10**17))
    await shop.deliver(early)
    await shop.put_product(later)
    assert await flows(shop, later) == {TODAY: {"sold": 2, "revenue_minor": 5000}}
    assert await flows(shop, foreign) == {TODAY: {"sold": 2, "unpriced": 2}}
    await shop.deliver(voided(early.sale_id))
    assert [day for day in (await flows(shop, foreign)).values() if day] == []
    await shop.check()


async def test_a_void_that_moves_no_goods_still_takes_its_revenue_back(shop: Shop, gtin: str) -> None:
    sold = sale(line(gtin, 2))
    await shop.deliver(sold, returned(sold.sale_id, line(gtin, 2, unit_price=2000), restock=False))
    await shop.deliver(voided(sold.sale_id))
    # Both packs are in quarantine, so the void moves nothing; it takes back the 1000 that was not refunded.
    assert await flows(shop, gtin) == {TODAY: {"sold": 2, "returned": 2, "quarantined": 2}}
    await shop.check()


async def test_every_writer_of_stock_leaves_its_flow(shop: Shop, gtin: str) -> None:
    await shop.put_store("S0002")
    await shop.receive((gtin, 50, "A"), kind="opening")
    await shop.receive((gtin, 100, "B"))
    split = {"store_id": STORE, "gtin": gtin, "lot": "B", "new_lot": "C", "quantity": 10, "reason": "torn"}
    await shop.ask("POST", "/v1/lots:split", json=split, expect=201)
    adjustment = {"store_id": STORE, "gtin": gtin, "lot": "A", "unit": "pack"}
    for quantity, reason in ((-3, "theft"), (4, "quarantine")):
        body = adjustment | {"quantity": quantity, "reason_code": reason, "bucket": "quarantined"}
        if reason == "theft":
            body |= {"bucket": "on_hand"}
        await shop.ask("POST", "/v1/adjustments", json=body, expect=201)
    gone = {"store_id": STORE, "gtin": gtin, "lot": "B", "quantity": 5, "evidence": "wet"}
    await shop.ask("POST", "/v1/write-offs", json=gone | {"reason_code": "wet"}, expect=201)
    transfer = {"from_store_id": STORE, "to_store_id": "S0002", "lines": [{"gtin": gtin, "quantity": 20}]}
    sent = await shop.ask("POST", "/v1/transfers", json=transfer | {"dispatch": True}, expect=201)
    await shop.ask("POST", f"/v1/transfers/{sent['transfer_id']}:receive", json={})
    (here,) = (await flows(shop, gtin)).values()
    assert here == {
        "opened": 50,
        "received": 100,
        "adjusted": -3,
        "quarantined": 4,
        "written_off": 5,
        "transferred_out": 20,
    }
    (there,) = (await flows(shop, gtin, "S0002")).values()
    assert there == {"transferred_in": 20}
    await shop.check()


async def test_the_check_finds_a_flow_that_is_not_in_the_books(shop: Shop, gtin: str) -> None:
    await shop.deliver(sale(line(gtin, 2)))
    await shop.runtime.pool.execute("UPDATE daily_flows SET revenue_minor = 4999")
    found = await shop.ask("GET", f"/v1/checks/flows?store_id={STORE}")
    assert (found["equal"], found["flows"]) == (False, 1)
    assert found["differences"] == [
        {
            "store_id": STORE,
            "gtin": gtin,
            "day": TODAY.isoformat(),
            "figure": "revenue_minor",
            "expected": 5000,
            "actual": 4999,
        }
    ]
    stranger = shop.auth("manager", stores=["S0002"])
    await shop.ask("GET", f"/v1/checks/flows?store_id={STORE}", headers=stranger, expect=403)


async def test_demand_counts_days_without_a_sale(shop: Shop, gtin: str) -> None:
    await shop.deliver(at(sale(line(gtin, 4)), NOON - timedelta(days=9)), at(sale(line(gtin, 2)), NOON))
    async with transaction(shop.runtime.pool) as conn:
        found = await daily_demand(conn, [STORE], since=TODAY - timedelta(days=29), until=TODAY, gtins=[gtin])
    (demand,) = found.values()
    # Ten days since its first movement: 80, eight times 0, 40 sticks; mean 12, sum of squares 8000.
    assert (demand.days, demand.mean_sticks, demand.days_with_sales) == (10, 12.0, 2)
    assert round(demand.deviation_sticks, 6) == round(((8000 - 10 * 144) / 9) ** 0.5, 6)
    assert demand.last_sale_day == TODAY
