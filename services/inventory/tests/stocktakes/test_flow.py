"""A stocktake as people make it, over HTTP."""

from datetime import timedelta
from uuid import uuid4

from humidor_common.clock import utc_now
from humidor_inventory.testing.counting import Counting
from humidor_inventory.testing.shop import STORE, Shop, at, line, make_gtin, sale


async def stock_up(shop: Shop, **packs: int) -> list[str]:
    """Register a product for each name, price 25 yuan, and bring in that many packs."""
    gtins = []
    for i, (name, quantity) in enumerate(packs.items()):
        gtin = make_gtin(10 + i)
        await shop.put_product(gtin, name=name, brand=name, retail_price_per_pack=2500, currency="CNY")
        if quantity:
            await shop.receive((gtin, quantity, "A"))
        gtins.append(gtin)
    return gtins


async def test_a_full_count_finds_a_loss_and_corrects_the_ledger(shop: Shop, counting: Counting) -> None:
    gold, blue, none = await stock_up(shop, gold=100, blue=40, none=0)
    await counting.begin()
    assert [(each["gtin"], each["snapshot_sticks"]) for each in await counting.lines()] == [
        (gold, 2000),
        (blue, 800),
    ]
    await counting.count(gold, 99)
    await counting.count(blue, 4, unit="carton")
    await counting.count(none, 0)
    view = await counting.step("close")
    assert (view["state"], view["lines"]) == ("review", 3)
    await counting.step("approve", reasons=[{"gtin": gold, "reason_code": "theft"}])
    view = await counting.step("post")
    assert (view["state"], view["approved_by"], view["posted_by"]) == ("posted", "ma", "ma")
    assert (await shop.stock(gold))["on_hand"] == 99
    assert (await shop.entries(gold))[0] == ("A", "adjustment", -1, "stocktake")
    assert await shop.outbox("inventory.stocktake-completed.v1") == 1
    await shop.check()
    told = await shop.runtime.pool.fetchrow("SELECT reason_code, delta_sticks FROM adjustments")
    assert told is not None
    assert tuple(told) == ("theft", -20)
    assert await counting.audited() == [
        "approve",
        "close",
        "count",
        "count",
        "count",
        "create",
        "post",
        "start",
    ]


async def test_the_accuracy_record_and_shrinkage_say_what_was_lost(shop: Shop, counting: Counting) -> None:
    gold, blue = await stock_up(shop, gold=100, blue=40)
    await shop.deliver(sale(line(gold, 10)))
    body = {"store_id": STORE, "gtin": gold, "lot": "A", "quantity": -2, "reason_code": "damage"}
    await shop.ask("POST", "/v1/adjustments", json=body, expect=201)
    await counting.begin(thresholds={"packs": 1, "percent": "3"})
    await counting.get("/accuracy", expect=409)
    await counting.count(gold, 87)
    await counting.count(blue, 41)
    await counting.finish()
    record = await counting.get("/accuracy")
    assert (record["lines"], record["accurate_lines"], record["line_accuracy_percent"]) == (2, 0, 0.0)
    assert record["unit_accuracy_percent"] == round(100 * (1 - 40 / 2560), 2)
    assert (record["net_variance_sticks"], record["absolute_variance_sticks"]) == (0, 40)
    assert record["values"] == [
        {"currency": "CNY", "book_value": 320_000, "net_value": 0, "absolute_value": 5000}
    ]
    today = utc_now().date()
    days = f"from={today - timedelta(days=1)}&to={today + timedelta(days=1)}"
    found = await shop.ask("GET", f"/v1/shrinkage?store_id={STORE}&{days}")
    assert found["stocktakes"] == 1
    assert [
        (each["gtin"], each["stocktake_sticks"], each["recorded_sticks"], each["shrinkage_percent"])
        for each in found["items"]
    ] == [(gold, 20, 40, 30.0), (blue, -20, 0, None)]
    assert found["items"][0]["shrinkage_value"] == 7500
    stranger = counting.who("x", "manager", ["S0002"])
    await shop.ask("GET", f"/v1/shrinkage?store_id={STORE}&{days}", headers=stranger, expect=403)
    await shop.ask("GET", f"/v1/shrinkage?store_id={STORE}&from={today}&to=2020-01-01", expect=422)


async def test_a_great_variance_is_counted_again_by_somebody_else(shop: Shop, counting: Counting) -> None:
    gold, blue = await stock_up(shop, gold=100, blue=40)
    await counting.begin()
    await counting.count(gold, 80)
    await counting.count(blue, 40)
    view = await counting.step("close")
    assert (view["state"], view["round"]) == ("recount", 2)
    assert [(each["gtin"], each["status"]) for each in await counting.lines()] == [
        (gold, "uncounted"),
        (blue, "settled"),
    ]
    refused = await counting.count(gold, 100, by="li", expect=409)
    assert refused["code"] == "second-counter-needed"
    refused = await counting.count(blue, 40, by="wang", expect=409)
    assert refused["code"] == "no-recount-needed"
    sheet = await shop.client.get(counting.path + "/sheet", headers=counting.manager)
    assert sheet.text.count("<svg") == 1
    problem = await counting.step("close", expect=409)
    assert problem["code"] == "lines-uncounted"
    await counting.count(gold, 98, by="wang")
    assert (await counting.step("close"))["state"] == "review"
    assert (await counting.line(gold))["variance_sticks"] == -40
    await counting.step("recount", lines=[{"gtin": gold}], reason="two packs behind the till?")
    await counting.count(gold, 100, by="li")
    await counting.finish()
    assert (await shop.stock(gold))["on_hand"] == 100
    await shop.check()


async def test_a_blind_count_hides_the_books_until_review(shop: Shop, counting: Counting) -> None:
    (gold,) = await stock_up(shop, gold=7)
    await counting.begin(kind="cycle", gtins=[gold], blind=True)
    await counting.count(gold, 6)
    hidden = (
        "snapshot_sticks",
        "book_sticks",
        "counted_sticks",
        "variance_sticks",
        "variance_value",
        "counter",
    )
    for by in (counting.who("li"), counting.manager):
        (seen,) = await counting.lines(by)
        assert [seen[name] for name in hidden] == [None] * len(hidden)
        assert (seen["status"], seen["reasons"]) == ("counted", [])
    sheet = await shop.client.get(counting.path + "/sheet?lang=zh", headers=counting.who("li"))
    assert "盲盘" in sheet.text
    assert sheet.text.count('class="n"') == 1  # the number of the line, no book quantity beside it
    assert (await counting.step("close"))["state"] == "recount"
    assert (await counting.lines())[0]["snapshot_sticks"] is None
    await counting.count(gold, 6, by="wang")
    await counting.step("close")
    (seen,) = await counting.lines()
    assert (seen["snapshot_sticks"], seen["variance_sticks"], seen["variance_value"]) == (140, -20, -2500)


async def test_four_eyes_approve_and_only_a_manager_posts(shop: Shop, counting: Counting) -> None:
    (gold,) = await stock_up(shop, gold=10)
    await counting.begin()
    await counting.count(gold, 10)
    await counting.step("close")
    await counting.step("approve", by=counting.who("li"), expect=403)
    problem = await counting.step("approve", by=counting.who("li", "manager"), expect=403)
    assert problem["code"] == "four-eyes"
    await counting.step("post", expect=409)
    await counting.step("approve")
    problem = await counting.step("post", by=counting.who("li", "admin"), expect=403)
    assert problem["code"] == "four-eyes"
    await counting.step("post", by=counting.who("boss", "admin"))
    again = await counting.step("post", expect=409)
    assert again["code"] == "stocktake-posted"
    assert (await counting.get("/accuracy"))["line_accuracy_percent"] == 100.0


async def test_lots_are_counted_each_by_itself_where_asked(shop: Shop, counting: Counting) -> None:
    (gold,) = await stock_up(shop, gold=10)
    await shop.receive((gold, 20, "B"))
    await counting.begin(by_lot=True, thresholds={"packs": None, "percent": None})
    await counting.count(gold, 12, lot="A")
    await counting.count(gold, 15, lot="B")
    await counting.count(gold, 3, lot="C")
    await counting.finish()
    assert await shop.lots(gold) == {"A": (12, 0), "B": (15, 0), "C": (3, 0)}
    await shop.check()
    await counting.begin()
    await counting.count(gold, 1, lot="A", expect=422)


async def test_lines_that_nobody_counted_are_refused_or_taken_as_zero(shop: Shop, counting: Counting) -> None:
    gold, blue = await stock_up(shop, gold=10, blue=5)
    await counting.begin(thresholds={"packs": None, "percent": None})
    await counting.count(gold, 10)
    problem = await counting.step("close", expect=409)
    assert [each["message"] for each in problem["errors"]] == [f"{blue} is not counted"]
    await counting.step("close", uncounted_as_zero=True)
    problem = await counting.step("approve", expect=403)
    assert problem["code"] == "four-eyes"
    boss = counting.who("boss", "admin")
    await counting.step("approve", by=boss)
    await counting.step("post", by=boss)
    assert (await shop.stock(blue))["on_hand"] == 0


async def test_classes_brands_and_lists_say_what_a_cycle_count_covers(shop: Shop, counting: Counting) -> None:
    gold, blue, red = await stock_up(shop, gold=100, blue=100, red=100)
    sold = sale(line(gold, 80), line(blue, 15, line=2), line(red, 1, line=3))
    await shop.deliver(at(sold, utc_now()))
    for scope, covered in (
        ({"abc_classes": ["A"]}, [gold]),
        ({"abc_classes": ["B", "C"]}, [blue, red]),
        ({"brand": "blue"}, [blue]),
        ({"gtins": [red, gold[1:]]}, [gold, red]),
    ):
        view = await counting.begin(kind="cycle", **scope)
        assert view["products"] == len(covered)
        assert [each["gtin"] for each in await counting.lines()] == covered
        await counting.step("cancel", reason="only looking")
    await counting.create(kind="cycle", gtins=[make_gtin(999)], expect=422)
    await counting.create(kind="cycle", brand="nobody", expect=409)
    await counting.create(kind="cycle", expect=422)
    await counting.create(kind="full", gtins=[gold], expect=422)
    await counting.create(store_id="S0404", expect=422)


async def test_two_open_stocktakes_never_cover_the_same(shop: Shop, counting: Counting) -> None:
    gold, blue = await stock_up(shop, gold=10, blue=5)
    await counting.create(kind="cycle", gtins=[gold])
    other = Counting(shop)
    problem = await other.create(kind="cycle", gtins=[blue, gold], expect=409)
    assert (problem["code"], problem["errors"][0]["field"]) == ("stocktake-overlaps", gold)
    await other.create(expect=409)
    await other.create(kind="cycle", gtins=[blue])
    await other.step("cancel", reason="not today")
    await counting.step("cancel", reason="not today")
    await counting.create()
    await other.create(kind="cycle", gtins=[blue], expect=409)
    page = await shop.ask("GET", f"/v1/stocktakes?store_id={STORE}&limit=2")
    assert len(page["items"]) == 2
    rest = await shop.ask("GET", f"/v1/stocktakes?cursor={page['next_cursor']}")
    assert len(rest["items"]) == 1
    open_ones = await shop.ask("GET", "/v1/stocktakes?state=draft")
    assert [each["stocktake_id"] for each in open_ones["items"]] == [counting.stocktake_id]


async def test_books_are_not_corrected_by_hand_while_they_are_counted(shop: Shop, counting: Counting) -> None:
    (gold,) = await stock_up(shop, gold=10)
    await counting.begin()
    body = {"store_id": STORE, "gtin": gold, "lot": "A", "quantity": -1, "reason_code": "theft"}
    problem = await shop.ask("POST", "/v1/adjustments", json=body, expect=409)
    assert problem["code"] == "being-counted"
    await shop.ask("POST", "/v1/adjustments", json=body | {"reason_code": "damage"}, expect=201)
    await counting.count(gold, 9)
    await counting.finish()
    assert (await shop.stock(gold))["on_hand"] == 9
    await shop.ask("POST", "/v1/adjustments", json=body, expect=201)


async def test_other_stores_people_see_and_do_nothing(shop: Shop, counting: Counting) -> None:
    (gold,) = await stock_up(shop, gold=10)
    await counting.create()
    stranger = counting.who("x", "manager", ["S0002"])
    for rest in ("", "/lines", "/sheet", "/accuracy"):
        await counting.get(rest, by=stranger, expect=404)
    for step in ("start", "close", "approve", "post"):
        await counting.step(step, by=stranger, expect=404)
    await counting.step("cancel", by=stranger, reason="x", expect=404)
    await counting.step("start", by=counting.who("li"), expect=403)
    await counting.step("start")
    body = {"count_id": str(uuid4()), "gtin": gold, "quantity": 1}
    for headers, status in ((stranger, 404), (counting.who("a", "auditor"), 403)):
        await shop.ask("POST", counting.path + "/counts", json=body, headers=headers, expect=status)
    given = {"store_id": STORE, "kind": "full"}
    await shop.ask("POST", "/v1/stocktakes", json=given, headers=stranger, expect=403)
    seen = await shop.ask("GET", "/v1/stocktakes", headers=stranger)
    assert seen["items"] == []
