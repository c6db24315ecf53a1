"""What inventory tells of lots reaches the till's list and the judgement of sales, in any order."""

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from humidor_common.db.transaction import transaction
from humidor_common.events.inventory import CartonsReceived, LotChanged, ProductChanged, UnitGtin
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_common.messaging.rebuild import rebuild
from humidor_common.messaging.subscription import Received
from humidor_common.settings import ServiceSettings
from humidor_common.testing.running import drained, running
from humidor_pos.app import SERVICE
from humidor_pos.lots.consumers import PROJECTION, digest, on_lots_changed
from humidor_pos.lots.directory import Lots
from humidor_pos.products.catalogue import Catalogue
from humidor_pos.products.consumers import on_catalogue_changed

Make = Callable[..., Any]
GTIN = "06901028001236"
CODE = "6112312345678901ABCD430701204804"
NOW = datetime.now(UTC)
TODAY = NOW.astimezone(UTC).date()


def told(lot: str, version: int = 1, *, days: int | None = None, **changes: Any) -> LotChanged:
    values: dict[str, Any] = {
        "lot_id": f"S0001/{GTIN}/{lot}", "store_id": "S0001", "gtin": GTIN, "lot": lot, "held": False,
        "expiry_date": None if days is None else TODAY + timedelta(days=days), "held_since": None,
        "in_stock": True, "version": version, "changed_at": NOW,
    }  # fmt: skip
    return LotChanged(**(values | changes))


def cartons(lot: str, *codes: str, minutes: int = 0) -> CartonsReceived:
    return CartonsReceived(
        receipt_id=uuid4(),
        line=1,
        store_id="S0001",
        gtin=GTIN,
        lot=lot,
        codes=list(codes),
        received_at=NOW + timedelta(minutes=minutes),
    )


async def hear(pos: Any, *events: Any) -> None:
    async with transaction(pos.runtime.pool) as conn:
        await on_lots_changed(conn, [Received(event, uuid7(), "/inventory", NOW, None) for event in events])
    pos.runtime.get(Lots).expire()


async def test_a_sale_of_an_expired_or_held_lot_is_kept_and_flagged(
    pos: Any, till: Any, a_sale: Make, a_line: Make
) -> None:
    held: dict[str, Any] = {"held": True, "held_since": NOW - timedelta(hours=1)}
    await hear(pos, told("OLD", days=-3), told("HELD", **held), told("GOOD", days=90))
    await hear(pos, cartons("GOOD", CODE), cartons("OLD", CODE, minutes=1))

    async def sold(expect: list[str], **changes: Any) -> str:
        sale = a_sale(lines=1) | {"lines": [a_line(1, **changes)]}
        answer = await till.post("/v1/sales", sale)
        assert (answer.status_code, answer.json()["exceptions"]) == (201, expect)
        return str(sale["sale_id"])

    await sold([], lot="GOOD")
    await sold([], lot="UNKNOWN")
    await sold(["held_lot"], lot="HELD")
    await sold(["expired_lot"], lot=None, code=CODE)
    await sold([], lot="GOOD", code=CODE)
    sale_id = await sold(["expired_lot"], lot="OLD")
    assert await pos.open_codes(sale_id) == ["expired_lot"]
    batch = {"sales": [a_sale(lines=1) | {"lines": [a_line(1, code=CODE)]}, a_sale(lines=1)]}
    results = (await till.post("/v1/sales:batch", batch)).json()["results"]
    assert [result["exceptions"] for result in results] == [["expired_lot"], []]
    offline = a_sale(lines=1, sold_at=(NOW - timedelta(hours=2)).isoformat())
    assert (await till.post("/v1/sales", offline | {"lines": [a_line(1, lot="HELD")]})).json()[
        "exceptions"
    ] == []
    await hear(pos, told("HELD", 2), told("OLD", 2, days=-3, in_stock=False))
    await sold([], lot="HELD")
    await sold(["expired_lot"], lot="OLD")


async def test_the_list_names_lots_that_may_not_be_sold_and_changes_when_one_expires(
    pos: Any, till: Any, monkeypatch: Any
) -> None:
    plain = (await till.get("/v1/sellable")).headers["ETag"]
    await hear(pos, told("A", days=0), told("B", days=-2), told("C", days=400), told("D", held=True))
    clock = {"now": datetime.combine(TODAY, datetime.min.time(), UTC)}  # 08:00 in the store
    monkeypatch.setattr("humidor_pos.sellable.api.utc_now", lambda: clock["now"])
    first = await till.get("/v1/sellable")
    item = next(item for item in first.json()["items"] if item["gtin"] == GTIN)
    assert [(lot["lot"], lot["reason"]) for lot in item["unsellable_lots"]] == [
        ("B", "expired"),
        ("D", "held"),
    ]
    assert item["expiring_lots"] == [{"lot": "A", "expiry_date": TODAY.isoformat()}]
    assert first.headers["ETag"] != plain
    headers = till.headers | {"If-None-Match": first.headers["ETag"]}
    clock["now"] += timedelta(hours=15, minutes=59)
    assert (await pos.client.get("/v1/sellable", headers=headers)).status_code == 304
    clock["now"] += timedelta(minutes=1)  # midnight in Shanghai
    changed = await pos.client.get("/v1/sellable", headers=headers)
    item = next(item for item in changed.json()["items"] if item["gtin"] == GTIN)
    assert [lot["lot"] for lot in item["unsellable_lots"]] == ["A", "B", "D"]
    await hear(pos, *(told(lot, 9, in_stock=False) for lot in "ABD"))
    assert (await till.get("/v1/sellable")).headers["ETag"] == plain


async def test_memory_follows_the_days_and_forgets_what_may_be_sold(pos: Any) -> None:
    clock = {"now": NOW}
    lots = Lots(pos.runtime.pool, within_days=30, max_age_seconds=0.0, now=lambda: clock["now"])
    await hear(pos, told("A", days=34), told("B", days=5), told("C", held=True, in_stock=False))

    async def known() -> list[str]:
        async with pos.runtime.pool.acquire() as conn:
            await lots.read_changes(conn)
        return sorted(lot for _, lot in lots.of("S0001"))

    assert await known() == ["B", "C"]
    clock["now"] += timedelta(days=2)
    assert await known() == ["A", "B", "C"]
    await hear(pos, told("B", 2, days=300), told("C", 2, in_stock=False))
    assert await known() == ["A"]
    clock["now"] -= timedelta(days=3)
    assert await known() == []


async def test_the_newest_version_stands_in_whatever_order_they_come(pos: Any) -> None:
    events: list[Any] = [told(lot, version, days=version) for lot in "ABC" for version in range(1, 6)]
    events += [cartons("X", CODE, minutes=minutes) for minutes in range(3)] + [cartons("Y", CODE, minutes=9)]
    random.Random(3).shuffle(events)
    for start in range(0, len(events), 4):
        await hear(pos, *events[start : start + 4])
    rows = await pos.fetch("SELECT lot, version, expiry_date FROM lots ORDER BY lot")
    assert [tuple(row) for row in rows] == [(lot, 5, TODAY + timedelta(days=5)) for lot in "ABC"]
    assert await pos.value("SELECT lot FROM carton_lots") == "Y"


async def test_a_cartons_own_gtin_sells_and_returns_the_product_as_cartons(
    pos: Any, till: Any, a_sale: Make, a_line: Make, a_return: Make
) -> None:
    carton_gtin = "06901028009997"
    lines = [a_line(1, gtin=carton_gtin, quantity=1, unit="carton", unit_price=25000)]
    sale = a_sale(lines=1, payments=[{"method": "cash", "amount": 25000}]) | {"lines": lines}
    assert (await till.post("/v1/sales", sale)).json()["exceptions"] == ["unknown_product"]
    product = ProductChanged(
        gtin=GTIN, name="n", brand="b", status="active", sticks_per_pack=20, packs_per_carton=10,
        cartons_per_case=50, version=2, changed_at=NOW - timedelta(days=1), retail_price_per_pack=2500,
        currency="CNY", unit_gtins=[UnitGtin(gtin=carton_gtin, unit="carton")],
    )  # fmt: skip
    async with transaction(pos.runtime.pool) as conn:
        await on_catalogue_changed(conn, [Received(product, uuid7(), "/inventory", NOW, None)])
    pos.runtime.get(Catalogue).expire()
    assert await pos.open_codes(sale["sale_id"]) == []
    again = sale | {"sale_id": str(uuid7())}
    assert (await till.post("/v1/sales", again)).json()["exceptions"] == []
    packs = {"sale_id": str(uuid7()), "lines": [lines[0] | {"unit": "pack"}]}
    assert (await till.post("/v1/sales", sale | packs)).json()["exceptions"] == ["unit_mismatch"]
    back = a_return(again, lines=[a_line(1, quantity=10)], payments=[])
    assert (await till.post("/v1/returns", back)).json()["exceptions"] == []
    more = a_return(again, lines=[a_line(1, quantity=1)], payments=[])
    assert (await till.post("/v1/returns", more)).json()["exceptions"] == ["return_exceeds_sale"]
    item = next(item for item in (await till.get("/v1/sellable")).json()["items"] if item["gtin"] == GTIN)
    assert item["unit_gtins"] == [{"gtin": carton_gtin, "unit": "carton"}]
    totals = (await pos.get("/v1/totals", store_id="S0001"))["lines"]
    assert {(line["kind"], line["gtin"]): line["sticks"] for line in totals} == {
        ("sale", GTIN): 600,
        ("return", GTIN): 220,
    }


async def test_the_projection_built_anew_from_its_topics_is_the_same(
    settings_for: Callable[..., ServiceSettings],
) -> None:
    settings = settings_for(SERVICE)
    async with running(SERVICE, settings, "worker") as worker:
        async with transaction(worker.runtime.pool) as conn:
            await outbox.append(conn, [told("A", 1), told("A", 2, held=True), told("B", 1, days=3)])
            await outbox.append(conn, [cartons("A", CODE), cartons("B", CODE, minutes=1)])
        worker.runtime.wake_relay()
        await drained(worker)
        async with worker.runtime.pool.acquire() as conn:
            before = await digest(conn)
        assert (before["lots"], before["cartons"]) == (2, 1)
        rebuilt = await asyncio.wait_for(rebuild(settings, PROJECTION), 30)
        assert rebuilt.equal, rebuilt
        assert rebuilt.events_read == 5
