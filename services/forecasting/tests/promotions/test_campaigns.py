"""Campaigns told by `customers` are promotions here: the newest version counts, whatever the order."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from humidor_common.db.transaction import transaction
from humidor_common.messaging.subscription import Poison
from humidor_forecasting.promotions.consumers import PROJECTION, SUBSCRIPTION, clear, digest
from humidor_forecasting.testing.market import GTIN, NOON, Market, campaign, identity

ID = str(identity("campaign"))


async def kept(market: Market) -> dict[str, Any]:
    async with transaction(market.runtime.pool) as conn:
        return await digest(conn)


async def test_the_newest_version_of_a_campaign_is_a_promotion_whatever_the_order(market: Market) -> None:
    versions = [
        campaign(version=1),
        campaign(version=2, ends_on="2026-11-20", holdout_store_ids=["S0004"]),
        campaign(version=3, state="stopped", ends_on="2026-11-12", spent_minor=70_000),
    ]
    seen = set()
    for order in permutations(versions):
        await market.runtime.pool.execute("DELETE FROM campaigns; DELETE FROM promotions")
        await market.tell(SUBSCRIPTION, *order[:2])
        await market.tell(SUBSCRIPTION, order[2], order[0])
        seen.add(str(await kept(market)))
    assert len(seen) == 1
    view = await market.ask("GET", f"/v1/promotions/{ID}")
    assert view == view | {
        "source": "campaign", "version": 3, "starts_on": "2026-11-10", "ends_on": "2026-11-12",
        "store_ids": ["S0001", "S0002"], "gtins": [GTIN], "mechanic": "price-cut", "spent_minor": 70_000,
        "budget_minor": 100_000, "currency": "CNY", "price_per_pack": 2000, "discount_percent": 20.0,
    }  # fmt: skip
    for method, changes in (("PUT", {"json": offer()}), ("DELETE", {})):
        refused = await market.ask(method, f"/v1/promotions/{ID}", expect=409, **changes)
        assert refused["code"] == "campaign-owned"
    days = {"first_day": "2026-11-09", "last_day": "2026-11-13", "store_id": "S0001", "gtin": GTIN}
    history = await market.ask("GET", "/v1/demand", params=days)
    assert [bool(each["promotions"]) for each in history["periods"]] == [False, True, True, True, False]


def offer() -> dict[str, Any]:
    days = {"starts_on": "2026-11-10", "ends_on": "2026-11-12"}
    return {"name": "Mine", "mechanic": "display", **days}


async def test_a_cancelled_campaign_is_no_promotion_and_comes_back_only_with_a_newer_version(
    market: Market,
) -> None:
    await market.ask("PUT", "/v1/promotions/p1", json=offer(), expect=201)
    await market.tell(SUBSCRIPTION, campaign(version=1), campaign(version=3, state="cancelled"))
    await market.tell(SUBSCRIPTION, campaign(version=2))
    await market.ask("GET", f"/v1/promotions/{ID}", expect=404)
    before_it_began = campaign("early", version=2, state="stopped", ends_on="2026-11-09")
    await market.tell(SUBSCRIPTION, before_it_began)
    listed = await market.ask("GET", "/v1/promotions")
    assert [each["promotion_id"] for each in listed["items"]] == ["p1"]
    await market.tell(SUBSCRIPTION, campaign(version=4, gtins=["6901028075763"]))
    assert (await market.ask("GET", f"/v1/promotions/{ID}"))["gtins"] == [GTIN]
    before = await kept(market)
    async with transaction(market.runtime.pool) as conn:
        await clear(conn)
    await market.ask("GET", "/v1/promotions/p1")
    await market.tell(SUBSCRIPTION, before_it_began, campaign(version=4, gtins=[GTIN]), campaign(version=1))
    assert await kept(market) == before
    assert PROJECTION in market.runtime.service.projections


async def test_what_no_campaign_can_be_is_refused_by_itself(market: Market) -> None:
    for wrong in ({"starts_on": "tomorrow"}, {"ends_on": "2026-02-30"}, {"store_ids": ["S\x001"]}):
        with pytest.raises(Poison):
            await market.tell(SUBSCRIPTION, campaign(version=9, **wrong))
    assert await kept(market) == {"campaigns": 0, "hash": None, "promotions": 0}
    everywhere = campaign(version=1, gtins=None, discount_percent=None, price_per_pack=None,
                          changed_at=NOON + timedelta(days=1))  # fmt: skip
    await market.tell(SUBSCRIPTION, everywhere)
    assert (await market.ask("GET", f"/v1/promotions/{ID}"))["gtins"] is None


async def test_holdouts_of_an_entered_promotion_are_not_its_stores(market: Market) -> None:
    both = offer() | {"store_ids": ["S0001"], "holdout_store_ids": ["S0001"]}
    await market.ask("PUT", "/v1/promotions/p1", json=both, expect=422)
    await market.ask("PUT", "/v1/promotions/p1", json=offer() | {"holdout_store_ids": ["S1"]}, expect=422)
    apart = both | {"holdout_store_ids": ["S0002"], "spent_minor": 500, "currency": "CNY"}
    made = await market.ask("PUT", "/v1/promotions/p1", json=apart, expect=201)
    assert (made["holdout_store_ids"], made["spent_minor"], made["source"]) == (["S0002"], 500, "entered")
    bound = market.auth("manager", stores=["S0001"])
    await market.ask("PUT", "/v1/promotions/p2", json=apart, headers=bound, expect=403)
