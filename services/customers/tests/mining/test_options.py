"""What is asked for of a run is what it mines by: times, places, periods, gaps, levels and items."""

from datetime import date, timedelta
from typing import Any

import pytest

from humidor_common.clock import utc_now
from humidor_customers.testing.desk import Desk
from humidor_customers.testing.mining import found, mine
from humidor_customers.testing.ordering import gtin, offer, open_cycle
from humidor_customers.testing.selling import know, sale, sell
from humidor_customers.testing.till import buy
from humidor_customers.testing.warehouse import answer, asked, reserved

MONDAY = date(2026, 9, 7)


@pytest.fixture
async def mondays(desk: Desk) -> Desk:
    """Ten members buy Harbour on four Mondays and River on the Thursdays, in the town and in S0003."""
    await know(desk, p1=("Harbour", "North", "1"), p3=("River", "South", "2"))
    await desk.put("R1", trade_area="town", store_ids=["S0001", "S0002"])
    sales = [
        sale(
            store, f"{MONDAY + timedelta(days=7 * week + 3 * (n == 3))} 12:00", [(n, 1, 1000)], member=f"M{m}"
        )
        for store in ("S0001", "S0003")
        for week in range(4)
        for m in range(10)
        for n, days in ((1, 0), (3, 3))
    ]
    await sell(desk, *sales)
    return desk


async def test_affinities_are_by_the_weekday_and_the_area_of_the_store(mondays: Desk) -> None:
    run_id, _ = await mine(mondays, kind="affinities", slot="weekday", group="area", customers=10)
    rows = await found(mondays, run_id, "affinities")
    assert {(row["group"], row["key"], row["slot"], row["count"]) for row in rows} == {
        (area, key, slot, 40)
        for area in ("town", None)
        for key, slot in (("Harbour", "Mon"), ("River", "Thu"))
    }


async def test_fewer_affinities_stand_where_fewer_may_be_false(shop: Desk) -> None:
    _, usual = await mine(shop, kind="affinities")
    run_id, strict = await mine(shop, kind="affinities", false_discovery_rate=1e-20)
    assert 0 < strict["significant"] < usual["significant"]
    assert all(row["q_value"] <= 1e-20 for row in await found(shop, run_id, "affinities"))
    run_id, none = await mine(shop, kind="affinities", false_discovery_rate=1e-90)
    assert (none["rows"], none["reason"]) == (0, "nothing-significant")


async def test_cohorts_are_of_the_quarter_and_of_those_who_had_not_bought_before(shop: Desk) -> None:
    run_id, _ = await mine(shop, kind="cohorts", period="quarter")
    rows = [
        (row["cohort"], row["offset"], row["size"], row["active"])
        for row in await found(shop, run_id, "cohorts")
    ]
    assert rows == [("2026-04-01", 0, 40, 40), ("2026-04-01", 1, 40, 40)]
    _, known = await mine(shop, kind="cohorts", since="2026-07-01")
    assert (known["rows"], known["reason"], known["first_day"]) == (0, "nobody-began", "2026-06-01")
    run_id, _ = await mine(shop, kind="cohorts", since="2026-07-01", lookback_days=0)
    (first, *_) = await found(shop, run_id, "cohorts")
    assert (first["cohort"], first["size"]) == ("2026-07-01", 40)
    _, short = await mine(shop, kind="cohorts", since="2026-10-02", until="2026-10-30", lookback_days=0)
    assert (short["rows"], short["reason"]) == (0, "no-period-has-ended")


@pytest.mark.parametrize(("most_days", "customers"), [(30, 0), (31, 20), (None, 20)])
async def test_a_sequence_goes_on_within_the_days_that_are_asked_for(
    shop: Desk, most_days: int | None, customers: int
) -> None:
    params: dict[str, Any] = {"item": "brand", "support": 0.4, "longest": 2, "most_days": most_days}
    run_id, _ = await mine(shop, kind="sequences", **params)
    steps = {str(row["steps"]): row["customers"] for row in await found(shop, run_id, "sequences")}
    assert steps.get("[['River'], ['Harbour']]", 0) == customers


async def test_deliveries_are_mined_as_wholesale_and_sales_as_retail(shop: Desk) -> None:
    await deliver(shop)
    until = str(utc_now().date() + timedelta(days=1))
    _, whole = await mine(shop, kind="sequences", level="wholesale", until=until)
    assert (whole["lines"], whole["purchases"], whole["customers"]) == (1, 1, 1)
    assert (whole["rows"], whole["reason"], whole["min_count"]) == (0, "nothing-frequent", 2)
    _, retail = await mine(shop, kind="sequences", until=until)
    assert (retail["purchases"], retail["customers"]) == (200, 40)


async def deliver(desk: Desk) -> None:
    """Let a trade customer be delivered five cartons."""
    await desk.put("C1", store_ids=["S0001"])
    await offer(desk, 1)
    await open_cycle(desk, ["C1"])
    order = {"retailer_id": "C1", "confirm": True, "lines": [{"gtin": gtin(1), "quantity": 5}]}
    path = f"/v1/orders/{(await desk.ask('POST', '/v1/orders', json=order, expect=201))['order_id']}"
    await answer(desk, reserved((await asked(desk))[-1]))
    await desk.ask("POST", f"{path}:dispatch")
    proof = {"kind": "signature", "reference": "sheet 7", "sha256": "a" * 64}
    lines = [{"gtin": gtin(1), "quantity": 5}]
    await desk.ask("POST", f"{path}:deliver", json={"proof": proof, "lines": lines})
    await buy(desk, (await asked(desk))[-1])


async def test_lines_of_which_nobody_knows_the_brand_are_left_out_and_counted(desk: Desk) -> None:
    await know(desk, p1=("Harbour", "North", "1"))
    bought = [(1, 1, 1000), (8, 1, 1000)]
    await sell(desk, *(sale("S0001", f"2026-10-0{day} 12:00", bought) for day in (5, 6)))
    _, result = await mine(desk, kind="associations", item="brand")
    assert (result["lines"], result["lines_without_item"]) == (2, 2)
    assert (result["rows"], result["reason"]) == (0, "one-item-a-basket")


async def test_likeness_recommends_once_it_was_shown_to_be_better(desk: Desk) -> None:
    """Half buy of products 1 to 5, half of 6 to 10; of each three in September, and in October a fourth."""
    await sell(desk, *(each for member in range(60) for each in tasteful(member)))
    run_id, result = await mine(desk, kind="recommendations", most=2, test_days=31)
    assert (result["method"], result["evaluation"]["customers"]) == ("likeness", 60)
    assert result["evaluation"]["low"] > 0
    rows = await found(desk, run_id, "recommendations", customer_id="M00")
    assert rows[0]["key"] == gtin(5)
    assert rows[0]["because"] in {gtin(n) for n in range(1, 5)}


def tasteful(member: int) -> list[Any]:
    first, of = member // 2, [5 * (member % 2) + n for n in range(1, 6)]
    early = [(of[(first + n) % 5], 1, 1000) for n in range(3)]
    late = [(of[(first + 3) % 5], 1, 1000)]
    member_id = f"M{member:02d}"
    return [
        sale("S0001", "2026-09-05 12:00", early, member=member_id),
        sale("S0001", "2026-10-05 12:00", late, member=member_id),
    ]
