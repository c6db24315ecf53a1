from uuid import uuid4

import pytest

from humidor_common.messaging.subscription import Poison
from humidor_inventory.testing.shop import (
    NOON,
    STORE,
    Shop,
    line,
    make_gtin,
    received,
    returned,
    sale,
    voided,
)


async def test_a_sale_takes_from_the_oldest_lot_and_says_why(shop: Shop, gtin: str) -> None:
    for lot, expiry in (("LATE", "2028-01-01"), ("SOON", "2027-01-01")):
        lines = [{"gtin": gtin, "quantity": 5, "lot": lot, "expiry_date": expiry}]
        await shop.receive(lines=lines)
    await shop.deliver(sale(line(gtin, 7)))
    assert await shop.lots(gtin) == {"LATE": (3, 0)}
    assert (await shop.entries(gtin))[:2] == [
        ("LATE", "sale", -2, "fefo_split"),
        ("SOON", "sale", -5, "fefo_split"),
    ]
    await shop.check()


async def test_a_scanned_lot_gives_first_and_the_rest_follows_the_dates(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 5, "A"), (gtin, 5, "B"))
    await shop.deliver(sale(line(gtin, 6, lot="B")))
    assert await shop.lots(gtin) == {"A": (4, 0)}
    assert {e[3] for e in (await shop.entries(gtin))[:2]} == {"scanned_lot", "scanned_lot_short"}


async def test_a_carton_code_noted_at_the_receipt_names_the_lot(shop: Shop, gtin: str) -> None:
    code = "6112300000000101ABCD430701204804"
    await shop.receive((gtin, 5, "A"))
    await shop.receive(lines=[{"gtin": gtin, "quantity": 5, "lot": "B", "codes": [code]}])
    await shop.deliver(sale(line(gtin, 1, code=code)))
    assert (await shop.lots(gtin))["B"] == (4, 0)


async def test_stock_below_zero_is_flagged_explained_and_settled_by_the_next_receipt(
    shop: Shop, gtin: str
) -> None:
    await shop.receive((gtin, 2, "A"))
    await shop.deliver(sale(line(gtin, 5)))
    stock = await shop.stock(gtin)
    assert (stock["on_hand"], stock["negative"]) == (-3, True)
    assert await shop.lots(gtin) == {"": (-3, 0)}
    assert (await shop.entries(gtin))[0] == ("", "sale", -3, "no_stock")
    await shop.receive((gtin, 10, "B"))
    stock = await shop.stock(gtin)
    assert (stock["on_hand"], stock["negative"]) == (7, False)
    assert await shop.lots(gtin) == {"B": (7, 0)}
    assert {e[1] for e in (await shop.entries(gtin))[:2]} == {"shortfall_settlement"}
    await shop.check()


async def test_a_return_goes_back_to_the_lots_that_the_sale_took(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 2, "A"), (gtin, 5, "B"))
    sold = sale(line(gtin, 4))
    await shop.deliver(sold)
    await shop.deliver(returned(sold.sale_id, line(gtin, 3)))
    assert await shop.lots(gtin) == {"A": (1, 0), "B": (5, 0)}
    await shop.check()


async def test_a_return_that_is_not_restocked_is_quarantined(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 5, "A"))
    sold = sale(line(gtin, 4))
    await shop.deliver(sold, returned(sold.sale_id, line(gtin, 3), restock=False))
    stock = await shop.stock(gtin)
    assert (stock["on_hand"], stock["quarantined"]) == (1, 3)
    assert await shop.lots(gtin) == {"A": (1, 3)}
    await shop.check()


@pytest.mark.parametrize("together", [True, False])
async def test_a_void_that_comes_before_its_sale_leaves_the_late_sale_without_effect(
    shop: Shop, gtin: str, together: bool
) -> None:
    await shop.receive((gtin, 5, "A"))
    sold = sale(line(gtin, 4))
    events = [voided(sold.sale_id, line(gtin, 4)), sold]
    if together:
        await shop.deliver(*events)
    else:
        for event in events:
            await shop.deliver(event)
    assert await shop.lots(gtin) == {"A": (5, 0)}
    await shop.deliver(voided(sold.sale_id), returned(sold.sale_id, line(gtin, 4)))
    assert await shop.lots(gtin) == {"A": (5, 0)}
    await shop.check()


async def test_more_may_come_back_than_was_sold(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 5, "A"))
    sold = sale(line(gtin, 1))
    await shop.deliver(sold, returned(sold.sale_id, line(gtin, 3)))
    assert await shop.lots(gtin) == {"A": (5, 0), "": (2, 0)}
    assert (await shop.entries(gtin))[0][3] == "more_than_sold"


async def test_an_empty_lot_that_goods_come_back_to_keeps_its_dates(shop: Shop, gtin: str) -> None:
    await shop.receive(lines=[{"gtin": gtin, "quantity": 1, "lot": "A", "expiry_date": "2027-01-01"}])
    await shop.deliver(sale(line(gtin, 1)))
    await shop.deliver(returned(None, line(gtin, 1, lot="A")))
    found = await shop.ask("GET", f"/v1/stock/{STORE}/{gtin}/lots")
    assert [(lot["lot"], lot["on_hand"], lot["expiry_date"]) for lot in found["items"]] == [
        ("A", 1, "2027-01-01")
    ]


async def test_a_void_that_names_no_sale_brings_its_lines_back(shop: Shop, gtin: str) -> None:
    await shop.deliver(voided(None, line(gtin, 2, lot="A")), returned(None, line(gtin, 1)))
    assert await shop.lots(gtin) == {"A": (2, 0), "": (1, 0)}


async def test_an_event_delivered_twice_counts_once(shop: Shop, gtin: str) -> None:
    await shop.receive((gtin, 10, "A"))
    sold = sale(line(gtin, 1))
    once = received(sold)
    await shop.deliver_again([once, once])
    await shop.deliver_again([once])
    await shop.deliver(sold)  # the same sale as a new message
    await shop.deliver(sold, sold)
    assert (await shop.stock(gtin))["on_hand"] == 9
    await shop.check()


async def test_a_line_of_an_unknown_product_waits_and_the_rest_is_applied(shop: Shop, gtin: str) -> None:
    later = make_gtin(2)
    await shop.receive((gtin, 10, "A"))
    sold = sale(line(gtin, 1), line(later, 2, line=2), line(later, 1, line=3, unit="carton"))
    await shop.deliver(sold)
    await shop.deliver(returned(sold.sale_id, line(later, 1)))
    assert (await shop.stock(gtin))["on_hand"] == 9
    parked = (await shop.ask("GET", f"/v1/parked-lines?store_id={STORE}"))["items"]
    assert [(p["kind"], p["line"], p["reason"]) for p in parked] == [
        ("sale", 2, "unknown_product"),
        ("sale", 3, "unknown_product"),
        ("return", 1, "unknown_product"),
    ]
    await shop.put_product(later, packs_per_carton=5)
    assert (await shop.stock(later))["on_hand"] == -6
    assert (await shop.ask("GET", "/v1/parked-lines"))["items"] == []
    await shop.deliver(voided(sold.sale_id))
    assert (await shop.stock(later))["on_hand"] == 0
    assert (await shop.stock(gtin))["on_hand"] == 10
    await shop.check()


async def test_an_absurd_line_that_was_parked_does_not_keep_its_product_out(shop: Shop) -> None:
    later = make_gtin(2)
    await shop.deliver(sale(line(later, 10**11, unit="case"), line(later, 1, line=2)))
    await shop.put_product(later)
    assert (await shop.stock(later))["on_hand"] == -1
    parked = (await shop.ask("GET", "/v1/parked-lines"))["items"]
    assert [(p["line"], p["reason"]) for p in parked] == [(1, "absurd_quantity")]
    await shop.check()


@pytest.mark.parametrize(
    "bad",
    [
        {"quantity": 10**30},
        {"quantity": 10**12, "unit": "case"},
        {"quantity": 0},
        {"quantity": -1},
        {"line": 2**40},
        {"lot": "a\x00b"},
    ],
)
async def test_an_absurd_line_is_poison_and_writes_nothing(
    shop: Shop, gtin: str, bad: dict[str, object]
) -> None:
    with pytest.raises(Poison):
        await shop.deliver(sale(line(gtin, 1)), sale(line(gtin, 1, **bad)))
    assert await shop.stock(gtin) is None


async def test_an_expired_lot_is_not_taken_unless_it_was_scanned(shop: Shop, gtin: str) -> None:
    day = NOON.date().isoformat()
    for lot, expiry in (("OLD", "2026-11-22"), ("TODAY", day)):
        await shop.receive(lines=[{"gtin": gtin, "quantity": 1, "lot": lot, "expiry_date": expiry}])
    await shop.deliver(sale(line(gtin, 2)))
    assert await shop.lots(gtin) == {"OLD": (1, 0), "": (-1, 0)}
    assert (await shop.entries(gtin))[0][3] == "no_sound_lot"
    await shop.deliver(sale(line(gtin, 1, lot="OLD")))
    assert (await shop.entries(gtin))[0][3] == "scanned_lot_unsound"


async def test_what_was_sold_before_its_sale_came_back_is_counted_whatever_the_batches(
    shop: Shop, gtin: str
) -> None:
    sale_id = uuid4()
    await shop.deliver(returned(sale_id, line(gtin, 3), restock=False))
    await shop.deliver(returned(sale_id, line(gtin, 1)))
    await shop.deliver(sale(line(gtin, 4), sale_id=sale_id))
    stock = await shop.stock(gtin)
    assert (stock["on_hand"], stock["quarantined"]) == (-3, 3)
    await shop.deliver(voided(sale_id))
    stock = await shop.stock(gtin)
    assert (stock["on_hand"], stock["quarantined"]) == (-3, 3)
    await shop.check()
