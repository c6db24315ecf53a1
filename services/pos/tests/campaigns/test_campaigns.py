"""What customers tells of campaigns reaches the till's list, its prices and the store's operators."""

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from humidor_common.db.transaction import transaction
from humidor_common.events.customers import CampaignChanged
from humidor_common.ids import uuid7
from humidor_common.messaging import outbox
from humidor_common.messaging.rebuild import rebuild
from humidor_common.messaging.subscription import Received
from humidor_common.settings import ServiceSettings
from humidor_common.testing.running import drained, running
from humidor_pos.app import SERVICE
from humidor_pos.campaigns import queries
from humidor_pos.campaigns.consumers import PROJECTION, digest, on_campaigns_changed
from humidor_pos.campaigns.directory import ALL, CHANGES, Campaigns
from humidor_pos.products.catalogue import Catalogue

Make = Callable[..., Any]
GTIN, OTHER = "06901028001236", "06901028001243"
NOW = datetime.now(UTC)
TODAY = NOW.date()  # in the store of the till it may be tomorrow already
PRICE = UUID("01930000-0000-7000-8000-000000000001")
DISPLAY = UUID("01930000-0000-7000-8000-000000000002")


def told(campaign_id: UUID, version: int = 1, *, first: int = -5, last: int = 5, **changes: Any) -> Any:
    """Tell of a campaign from `first` to `last` days from today, of a price unless that is changed."""
    values: dict[str, Any] = {
        "campaign_id": campaign_id, "version": version, "state": "scheduled", "kind": "price",
        "audience": "consumers", "starts_on": (TODAY + timedelta(days=first)).isoformat(),
        "ends_on": (TODAY + timedelta(days=last)).isoformat(), "store_ids": ["S0001", "S0002"],
        "holdout_store_ids": [], "gtins": [GTIN], "discount_percent": None, "price_per_pack": 2200,
        "currency": "CNY", "budget_minor": 10**6, "spent_minor": 0, "changed_at": NOW,
    }  # fmt: skip
    return CampaignChanged(**(values | changes))


async def hear(pos: Any, *events: Any) -> None:
    async with transaction(pos.runtime.pool) as conn:
        received = [Received(event, uuid7(), "/customers", NOW, None) for event in events]
        await on_campaigns_changed(conn, received)
    pos.runtime.get(Campaigns).expire()


async def shown(till: Any, gtin: str = GTIN) -> list[str]:
    items = (await till.get("/v1/sellable")).json()["items"]
    found = next(item for item in items if item["gtin"] == gtin)["campaigns"]
    return [each["campaign_id"] for each in found]


async def open_store(pos: Any, store_id: str, zone: str) -> None:
    await pos.fetch("UPDATE revisions SET revision = revision + 1 WHERE name = 'catalogue'")
    await pos.fetch(
        "INSERT INTO stores SELECT $1, 'other', $2, NULL, 'open', 1, now(), revision FROM revisions"
        " WHERE name = 'catalogue'",
        store_id,
        zone,
    )
    pos.runtime.get(Catalogue).expire()


async def test_a_till_sees_what_runs_in_its_store_and_no_more(pos: Any, till: Any) -> None:
    plain = (await till.get("/v1/sellable")).headers["ETag"]
    quiet: dict[str, Any] = {"kind": "display", "audience": "retailers", "price_per_pack": 2100}
    held_out = told(uuid7(), holdout_store_ids=["S0001"], price_per_pack=1900)
    elsewhere = told(uuid7(), store_ids=["S0002"])
    dearer = told(uuid7(), price_per_pack=2300)
    await hear(pos, told(DISPLAY, gtins=None, **quiet), dearer, told(PRICE, gtins=[GTIN[1:], OTHER]))
    await hear(pos, held_out, elsewhere, told(uuid7(), first=2), told(uuid7(), last=-1))
    answer = await till.get("/v1/sellable")
    first, second, third = answer.json()["items"]
    ends_on = (TODAY + timedelta(days=5)).isoformat()
    price = {
        "campaign_id": str(PRICE), "kind": "price", "audience": "consumers", "ends_on": ends_on,
        "price_per_pack": 2200, "currency": "CNY", "discount_percent": None, "keeps_set_price": False,
    }  # fmt: skip
    assert first["offer"] == {
        "campaign_id": str(PRICE), "prices": {"pack": 2200, "carton": 22000, "case": 1100000},
        "currency": "CNY",
    }  # fmt: skip
    assert (second["offer"]["prices"]["pack"], third["offer"]) == (2200, None)
    assert first["campaigns"][0] == price
    assert [each["price_per_pack"] for each in first["campaigns"]] == [2200, 2300]
    assert (second["campaigns"], third["campaigns"]) == ([price], [])
    assert first["prices"]["pack"] == 2500
    display = price | quiet | {"campaign_id": str(DISPLAY), "price_per_pack": None, "currency": None}
    assert answer.json()["campaigns"] == [display]
    held: dict[str, Any] = {"store_ids": ["S0001", "S0002"], "holdout_store_ids": ["S0001"]}
    await hear(pos, told(DISPLAY, 2, gtins=None, **quiet, **held))
    assert (await till.get("/v1/sellable")).json()["campaigns"] == []
    for campaign_id, state in ((PRICE, "stopped"), (dearer.campaign_id, "ended")):
        await hear(pos, told(campaign_id, 2, state=state, last=0))
        assert str(campaign_id) not in await shown(till)
    assert (await till.get("/v1/sellable")).headers["ETag"] == plain
    await hear(pos, told(PRICE, 3), told(PRICE, 4, state="cancelled"))
    assert await shown(till) == []


async def test_a_campaign_begins_and_ends_at_each_stores_own_midnight(
    pos: Any, till: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await open_store(pos, "S0002", "America/New_York")
    tills = {"S0001": till, "S0002": await pos.till("S0002")}
    day = date(2026, 12, 1)
    clock = {"now": NOW}
    monkeypatch.setattr("humidor_pos.sellable.api.utc_now", lambda: clock["now"])
    await hear(pos, told(PRICE, starts_on=day.isoformat(), ends_on="2099-12-31"))
    await hear(pos, told(DISPLAY, starts_on="2020-01-01", ends_on="2099-12-30"))
    begins = {"S0001": datetime(2026, 11, 30, 16, tzinfo=UTC), "S0002": datetime(2026, 12, 1, 5, tzinfo=UTC)}
    ends = {"S0001": datetime(2099, 12, 30, 16, tzinfo=UTC), "S0002": datetime(2099, 12, 31, 5, tzinfo=UTC)}
    for midnights, before, after in (
        (begins, [DISPLAY], [DISPLAY, PRICE]),
        (ends, [PRICE, DISPLAY], [PRICE]),
    ):
        for store_id, midnight in midnights.items():
            mine = tills[store_id]
            clock["now"] = midnight - timedelta(hours=20)
            etag = (await mine.get("/v1/sellable")).headers["ETag"]
            headers = mine.headers | {"If-None-Match": etag}
            clock["now"] = midnight - timedelta(milliseconds=1)
            assert (await pos.client.get("/v1/sellable", headers=headers)).status_code == 304
            assert set(await shown(mine)) == set(map(str, before))
            clock["now"] = midnight
            changed = await pos.client.get("/v1/sellable", headers=headers)
            assert (changed.status_code, changed.headers["ETag"] == etag) == (200, False)
            assert set(await shown(mine)) == set(map(str, after))
            again = mine.headers | {"If-None-Match": changed.headers["ETag"]}
            assert (await pos.client.get("/v1/sellable", headers=again)).status_code == 304


async def test_what_a_campaign_costs_sends_no_till_the_list_again(pos: Any, till: Any) -> None:
    await hear(pos, told(PRICE))
    headers = till.headers | {"If-None-Match": (await till.get("/v1/sellable")).headers["ETag"]}
    await hear(pos, told(PRICE, 2, state="running", spent_minor=500))
    assert (await pos.client.get("/v1/sellable", headers=headers)).status_code == 304
    await hear(pos, told(PRICE, 3, state="running", price_per_pack=2100))
    assert (await pos.client.get("/v1/sellable", headers=headers)).status_code == 200


async def test_a_sale_at_the_price_of_a_campaign_of_its_day_is_nothing_odd(
    pos: Any, till: Any, a_sale: Make, a_line: Make
) -> None:
    await hear(pos, told(PRICE, first=-2, last=2), told(DISPLAY, audience="retailers", price_per_pack=1000))

    async def sold(unit_price: int, *, unit: str = "pack", days: int = 0, **changes: Any) -> list[str]:
        lines = [a_line(1, unit_price=unit_price, unit=unit)]
        changes |= {"sold_at": (NOW - timedelta(days=days)).isoformat()}
        paid = [{"method": "cash", "amount": 2 * unit_price}]
        sale = a_sale(lines=1, payments=paid, **changes) | {"lines": lines}
        return list((await till.post("/v1/sales", sale)).json()["exceptions"])

    assert [await sold(price) for price in (2200, 2500)] == [[], []]
    assert await sold(22000, unit="carton") == []
    assert await sold(2100) == await sold(2200, unit="carton") == await sold(1000) == ["price_mismatch"]
    assert await sold(2200, currency="USD") == ["currency_mismatch"]
    assert await sold(2200, days=2) == []
    assert await sold(2200, days=4) == ["price_mismatch", "late"]
    await hear(pos, told(PRICE, 2, state="stopped", first=-2, last=-1))
    assert await sold(2200, days=2) == []
    assert await sold(2200) == ["price_mismatch"]
    await hear(pos, told(PRICE, 3, state="cancelled", first=-2, last=2))
    assert await sold(2200) == ["price_mismatch"]


async def test_a_percentage_is_off_what_the_store_asks_and_sales_at_it_are_nothing_odd(
    pos: Any, till: Any, a_sale: Make, a_line: Make
) -> None:
    discount: dict[str, Any] = {"price_per_pack": None, "discount_percent": 12.5}
    await hear(
        pos, told(PRICE, **discount), told(DISPLAY, gtins=None, **(discount | {"discount_percent": 5}))
    )
    answer = await till.get("/v1/sellable")
    first, second, *_ = answer.json()["items"]
    assert first["offer"]["campaign_id"] == str(PRICE)
    assert (first["offer"]["prices"]["pack"], first["offer"]["prices"]["carton"]) == (2188, 21875)
    assert second["offer"]["campaign_id"] == str(DISPLAY), "which is about every product"
    assert [each["discount_percent"] for each in answer.json()["campaigns"]] == [5]
    listed = (await pos.get("/v1/campaigns", store_id="S0001"))["items"]
    assert {(each["discount_percent"], each["currency"]) for each in listed} == {(12.5, "CNY"), (5, "CNY")}

    async def sold(unit_price: int, unit: str = "pack") -> list[str]:
        lines = [a_line(1, unit_price=unit_price, unit=unit)]
        sale = a_sale(lines=1, payments=[{"method": "cash", "amount": 2 * unit_price}]) | {"lines": lines}
        return list((await till.post("/v1/sales", sale)).json()["exceptions"])

    assert await sold(2188) == await sold(2375) == await sold(2500) == await sold(21875, "carton") == []
    assert await sold(2187) == await sold(21880, "carton") == ["price_mismatch"]
    own = {"price_per_pack": 2600, "currency": "CNY"}
    answer = await pos.client.put(f"/v1/prices/S0001/{GTIN}", json=own, headers=pos.auth())
    assert answer.status_code == 200, answer.text
    await hear(pos, told(PRICE, 2, **discount, keeps_set_price=True))
    pos.runtime.get(Catalogue).expire()
    first, *_ = (await till.get("/v1/sellable")).json()["items"]
    assert first["campaigns"][0]["keeps_set_price"] is True
    assert first["offer"]["prices"]["pack"] == 2470, "5 % off 2600; the other one ends at 2500"
    assert await sold(2275) == ["price_mismatch"]
    await hear(pos, told(DISPLAY, 2, state="cancelled"))
    first, *_ = (await till.get("/v1/sellable")).json()["items"]
    assert first["offer"]["prices"] == {"pack": 2500, "carton": 25000, "case": 1250000}


async def test_the_newest_version_stands_in_whatever_order_and_how_often_they_come(pos: Any) -> None:
    stores = [[f"S{n:04}" for n in range(version % 3 + 1)] for version in range(1, 8)]
    events = [
        told(campaign_id, version, last=version, store_ids=stores[version - 1])
        for campaign_id in (PRICE, DISPLAY)
        for version in range(1, 8)
    ]
    kept = []
    for seed in range(4):
        await pos.fetch("DELETE FROM campaigns")
        await pos.fetch("DELETE FROM campaign_stores")
        mixed = events * 2
        random.Random(seed).shuffle(mixed)
        for start in range(0, len(mixed), 5):
            await hear(pos, *mixed[start : start + 5])
        async with pos.runtime.pool.acquire() as conn:
            kept.append(await digest(conn))
    assert all(each == kept[0] for each in kept)
    rows = await pos.fetch(
        "SELECT version, array_agg(store_id ORDER BY store_id) AS stores, max(s.ends_on) AS ends_on"
        " FROM campaigns JOIN campaign_stores s USING (campaign_id) GROUP BY campaign_id, version"
    )
    assert [tuple(row) for row in rows] == [(7, ["S0000", "S0001"], TODAY + timedelta(days=7))] * 2


async def test_memory_forgets_what_is_long_over_and_follows_stores_that_leave(pos: Any) -> None:
    clock = {"now": NOW}
    known = Campaigns(pos.runtime.pool, now=lambda: clock["now"])
    await hear(pos, told(PRICE, last=-29, first=-40), told(DISPLAY), told(uuid7(), first=-60, last=-31))

    async def of(store_id: str) -> list[str]:
        async with pos.runtime.pool.acquire() as conn:
            await known.read_changes(conn)
        return sorted(each.campaign_id for each in known.of(store_id))

    assert await of("S0002") == [str(PRICE), str(DISPLAY)]
    await hear(pos, told(DISPLAY, 2, store_ids=["S0001"]))
    assert (await of("S0001"), await of("S0002")) == ([str(PRICE), str(DISPLAY)], [str(PRICE)])
    clock["now"] += timedelta(days=2)
    assert (await of("S0001"), await of("S0002")) == ([str(DISPLAY)], [])
    await hear(pos, told(DISPLAY, 3, first=-90, last=-80))
    assert await of("S0001") == []


async def test_operators_page_through_the_campaigns_of_their_store(pos: Any, till: Any) -> None:
    ended = [told(uuid7(), state="ended", first=-20, last=-6 + n // 2) for n in range(5)]
    await hear(pos, *ended, told(PRICE), told(DISPLAY, holdout_store_ids=["S0001"]))
    whole = (await pos.get("/v1/campaigns", store_id="S0001"))["items"]
    assert [item["running"] for item in whole] == [True] + [False] * 5
    first = whole[0]
    assert (first["campaign_id"], first["price_per_pack"], first["gtins"]) == (str(PRICE), 2200, [GTIN])
    keys = [(item["ends_on"], item["campaign_id"]) for item in whole]
    assert keys == sorted(keys, reverse=True)
    paged: list[Any] = []
    cursor: dict[str, Any] = {}
    for _ in range(3):
        page = await pos.get("/v1/campaigns", store_id="S0001", limit=2, **cursor)
        paged += page["items"]
        cursor = {"cursor": page["next_cursor"]}
    assert (paged, cursor["cursor"]) == (whole, None)
    recent = await pos.get("/v1/campaigns", store_id="S0001", since=TODAY.isoformat())
    assert recent["items"] == whole[:1]

    async def status(headers: dict[str, str], **params: Any) -> int:
        answer = await pos.client.get("/v1/campaigns", params={"store_id": "S0001"} | params, headers=headers)
        return int(answer.status_code)

    assert await status(pos.auth("clerk", stores=["S0001"])) == 200
    assert await status(pos.auth("clerk", stores=["S0002"])) == 403
    assert await status(till.headers) == await status({}) == 401
    for wrong in ({"cursor": "x"}, {"store_id": "!"}, {"since": "1"}, {"limit": 0}):
        assert await status(pos.auth(), **wrong) == 422


async def test_no_question_reads_all_campaigns_that_ever_were(pos: Any) -> None:
    await pos.fetch("""
        INSERT INTO campaigns SELECT gen_random_uuid(), 1, 'ended', 'price', 'consumers', d, d, NULL, NULL,
               'CNY', now(), n, NULL, false
        FROM (SELECT n, current_date - n AS d FROM generate_series(1, 5000) n) g
    """)
    await pos.fetch(
        "INSERT INTO campaign_stores SELECT campaign_id, 'S000' || n, ends_on"
        " FROM campaigns, generate_series(1, 4) n"
    )
    await pos.fetch("ANALYZE campaigns")
    await pos.fetch("ANALYZE campaign_stores")
    since = TODAY - timedelta(days=30)
    for statement, arguments in (
        (ALL, (since,)),
        (CHANGES, (4990,)),
        (queries.LIST, ("S0001", since, *queries.BEYOND, 11)),
        (queries.LIST, ("S0001", date.min, TODAY - timedelta(days=900), PRICE, 11)),
    ):
        plan = [row[0] for row in await pos.fetch(f"EXPLAIN (COSTS OFF) {statement}", *arguments)]
        assert not any("Seq Scan" in line or "Sort" in line for line in plan), plan


async def test_the_projection_built_anew_from_its_topic_is_the_same(
    settings_for: Callable[..., ServiceSettings],
) -> None:
    settings = settings_for(SERVICE)
    async with running(SERVICE, settings, "worker") as worker:
        async with transaction(worker.runtime.pool) as conn:
            await outbox.append(conn, [told(PRICE, 2, store_ids=["S0002"]), told(PRICE), told(DISPLAY)])
        worker.runtime.wake_relay()
        await drained(worker)
        async with worker.runtime.pool.acquire() as conn:
            before = await digest(conn)
            assert await conn.fetchval("SELECT count(*) FROM dead_letters") == 0
        assert (before["campaigns"], before["campaign_stores"]) == (2, 3)
        rebuilt = await asyncio.wait_for(rebuild(settings, PROJECTION), 30)
        assert rebuilt.equal, rebuilt
        assert rebuilt.events_read == 3
