"""Counts as devices send them, and scanners' files, over HTTP."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from humidor_common.clock import utc_now
from humidor_inventory.testing.counting import Counting
from humidor_inventory.testing.shop import Shop, make_gtin

OFF = {"packs": None, "percent": None}
GOLD, BLUE = make_gtin(1), make_gtin(2)


async def begin(shop: Shop, counting: Counting, **body: Any) -> None:
    for gtin in (GOLD, BLUE):
        await shop.put_product(gtin)
        await shop.receive((gtin, 50, "A"))
    await counting.begin(**({"thresholds": OFF} | body))


def count(gtin: str, packs: int, **changes: Any) -> dict[str, Any]:
    return {"count_id": str(uuid4()), "gtin": gtin, "quantity": packs} | changes


async def test_a_count_sent_again_changes_nothing_and_another_under_its_id_is_a_conflict(
    shop: Shop, counting: Counting
) -> None:
    await begin(shop, counting)
    sent = count(GOLD, 49, counted_at=utc_now().isoformat())
    assert (await counting.count(**sent, packs=49))["status"] == "accepted"
    assert (await counting.count(**sent, packs=49, expect=200))["status"] == "duplicate"
    problem = await counting.count(**(sent | {"quantity": 48}), packs=48, expect=409)
    assert problem["code"] == "count-differs"
    other = count(BLUE, 50)
    assert await counting.send(sent, other, other, other | {"quantity": 1}) == [
        ("duplicate", None),
        ("accepted", None),
        ("duplicate", None),
        ("conflict", "count-differs"),
    ]
    assert await counting.send(sent, by="wang") == [("conflict", "count-differs")]
    await counting.finish()
    assert await counting.send(sent, other) == [("duplicate", None)] * 2
    assert await counting.send(count(GOLD, 1)) == [("rejected", "stocktake-posted")]
    assert (await shop.stock(GOLD))["on_hand"] == 49


async def test_the_latest_count_of_a_counter_stands_in_whatever_order_they_come(
    shop: Shop, counting: Counting
) -> None:
    await begin(shop, counting)
    start = utc_now()
    at = [(start + timedelta(milliseconds=each)).isoformat() for each in range(3)]
    assert await counting.send(
        count(GOLD, 47, counted_at=at[1]),
        count(GOLD, 48, counted_at=at[2]),
        count(GOLD, 46, counted_at=at[0]),
    ) == [("accepted", None), ("accepted", None), ("superseded", None)]
    assert await counting.send(count(GOLD, 45, counted_at=at[1])) == [("superseded", None)]
    assert (await counting.line(GOLD))["counted_sticks"] == 48 * 20


async def test_bad_counts_of_a_batch_are_refused_each_by_itself(shop: Shop, counting: Counting) -> None:
    await begin(shop, counting, kind="cycle", gtins=[GOLD])
    now = utc_now()
    assert await counting.send(
        count(GOLD, 50),
        count(make_gtin(99), 1),
        count(BLUE, 50),
        count(GOLD, 50, lot="A"),
        count(GOLD, 50, counted_at=(now - timedelta(hours=1)).isoformat()),
        count(GOLD, 50, counted_at=(now + timedelta(hours=1)).isoformat()),
        count(GOLD, 10**9, unit="case"),
    ) == [
        ("accepted", None),
        ("rejected", "unknown-product"),
        ("rejected", "not-covered"),
        ("rejected", "no-lots-here"),
        ("rejected", "counted-before-start"),
        ("rejected", "counted-in-future"),
        ("rejected", "too-much"),
    ]
    for bad in ({"quantity": -1}, {"gtin": "123"}, {"counted_at": "2026-11-23T10:00:00"}, {"colour": "red"}):
        await counting.count(**(count(GOLD, 1) | bad), packs=1, expect=422)


async def test_counters_who_disagree_make_a_recount(shop: Shop, counting: Counting) -> None:
    await begin(shop, counting)
    await counting.count(GOLD, 50)
    await counting.count(GOLD, 49, by="wang")
    await counting.count(BLUE, 50)
    assert (await counting.line(GOLD))["reasons"] == ["disagreement"]
    assert (await counting.step("close"))["state"] == "recount"
    for by in ("li", "wang"):
        await counting.count(GOLD, 50, by=by, expect=409)
    await counting.count(GOLD, 49, by="zhao")
    await counting.finish()
    assert (await shop.stock(GOLD))["on_hand"] == 49


async def test_a_count_made_before_the_recount_and_sent_after_it_began_changes_no_line(
    shop: Shop, counting: Counting
) -> None:
    await begin(shop, counting, thresholds={"packs": 1})
    offline = count(GOLD, 30, counted_at=utc_now().isoformat())
    await counting.count(GOLD, 40)
    await counting.count(BLUE, 50)
    await counting.step("close")
    await counting.count(GOLD, 41, by="wang")
    assert await counting.send(offline, by="zhao") == [("accepted", None)]
    assert (await counting.line(GOLD))["counted_sticks"] == 41 * 20
    late = count(GOLD, 30, counted_at=offline["counted_at"])
    assert await counting.send(late, by="wang") == [("rejected", "second-counter-needed")]


async def test_packs_counted_as_cartons_are_asked_about(shop: Shop, counting: Counting) -> None:
    await begin(shop, counting)
    await counting.count(GOLD, 50, unit="carton")
    await counting.count(BLUE, 5, unit="carton")
    assert (await counting.line(GOLD))["reasons"] == ["unit"]
    assert (await counting.step("close"))["state"] == "recount"


async def test_a_scanners_file_is_tried_first_and_then_written_once(shop: Shop, counting: Counting) -> None:
    await begin(shop, counting)
    content = f"条码;数量;单位\n{GOLD};20;盒\n{BLUE};5;条\n{GOLD};29;盒\n".encode("gb18030")
    report = await counting.upload(content, dry_run=True)
    assert (report["written"], report["rows"], report["lines"], report["errors"]) == (False, 3, 2, [])
    assert (report["encoding"], report["delimiter"]) == ("gb18030", ";")
    assert {each["status"] for each in await counting.lines()} == {"uncounted"}
    report = await counting.upload(content, dry_run=False)
    assert (report["written"], [each["status"] for each in report["results"]]) == (True, ["accepted"] * 2)
    report = await counting.upload(content, dry_run=False)
    assert [each["status"] for each in report["results"]] == ["duplicate"] * 2
    await counting.finish()
    assert [(await shop.stock(gtin))["on_hand"] for gtin in (GOLD, BLUE)] == [49, 50]


async def test_a_file_with_one_mistake_is_not_written_at_all(shop: Shop, counting: Counting) -> None:
    await begin(shop, counting)
    unknown = make_gtin(99)
    content = f"gtin,lot,quantity\n{GOLD},,1\n{unknown},,1\n{BLUE},B,x\n{BLUE},B,1\n".encode()
    report = await counting.upload(content, dry_run=True)
    found = [(each["row"], each["column"]) for each in report["errors"]]
    assert found == [(3, "gtin"), (4, "quantity"), (5, "lot")]
    problem = await counting.upload(content, dry_run=False, expect=422)
    assert [each["field"] for each in problem["errors"]] == ["row 3, gtin", "row 4, quantity", "row 5, lot"]
    assert {each["status"] for each in await counting.lines()} == {"uncounted"}


async def test_a_hostile_file_gives_a_report(shop: Shop, counting: Counting) -> None:
    await begin(shop, counting)
    for content in (
        b"",
        b"\x00" * 1000,
        bytes(range(256)) * 10,
        b"PK\x03\x04" + b"\x00" * 500,
        b"gtin,quantity\n" + b'"' * 50_001,
        b'gtin,quantity\n=HYPERLINK("http://x"),=1+1\n',
        "gtin,quantity\n🚬,∞\n".encode(),
        f"gtin,quantity,counted_at\n{GOLD},1,0001-01-01T00:00:00+23:59\n".encode(),
        f"gtin,quantity,counted_at\n{GOLD},1,9999-12-31T23:59:59-23:59\n".encode(),
        b"gtin,quantity\n" + b"1,1\n" * 30_000,
    ):
        report = await counting.upload(content, dry_run=True)
        assert report["errors"], content[:40]
        assert all(each["message"] for each in report["errors"])


async def test_a_sheet_is_a_page_of_its_own_in_two_languages(shop: Shop, counting: Counting) -> None:
    await begin(shop, counting)
    for language, word in (("en", "Count sheet"), ("zh", "盘点表")):
        sheet = await shop.client.get(f"{counting.path}/sheet?lang={language}", headers=counting.who("li"))
        assert sheet.headers["content-type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in sheet.headers["content-security-policy"]
        assert word in sheet.text
        assert sheet.text.count("<svg") == 2
    refused = await shop.client.get(counting.path + "/sheet?lang=xx", headers=counting.who("li"))
    assert refused.status_code == 422
