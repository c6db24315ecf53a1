"""Promotions are kept with their versions, by whoever may change these stores."""

from typing import Any

from humidor_forecasting.testing.market import GTIN, Market

OFFER: dict[str, Any] = {
    "name": "Shelf display",
    "starts_on": "2026-12-01",
    "ends_on": "2026-12-07",
    "store_ids": ["S0001"],
    "gtins": [GTIN],
    "mechanic": "display",
    "reason": "agreed with the brand",
}


async def test_a_promotion_is_made_changed_and_taken_back(market: Market) -> None:
    bound = market.auth("manager", stores=["S0001"])
    made = await market.ask("PUT", "/v1/promotions/p1", json=OFFER, headers=bound, expect=201)
    assert (made["version"], made["store_ids"]) == (1, ["S0001"])
    longer = OFFER | {"ends_on": "2026-12-09"}
    stale = bound | {"If-Match": '"7"'}
    await market.ask("PUT", "/v1/promotions/p1", json=longer, headers=stale, expect=412)
    changed = await market.ask("PUT", "/v1/promotions/p1", json=longer, headers=bound | {"If-Match": '"1"'})
    assert (changed["version"], changed["ends_on"]) == (2, "2026-12-09")
    everywhere = OFFER | {"store_ids": None}
    await market.ask("PUT", "/v1/promotions/p1", json=everywhere, headers=bound, expect=403)
    await market.ask(
        "PUT", "/v1/promotions/p2", json=OFFER | {"store_ids": ["S0002"]}, headers=bound, expect=403
    )
    assert [each["promotion_id"] for each in (await market.ask("GET", "/v1/promotions"))["items"]] == ["p1"]
    backwards = OFFER | {"ends_on": "2026-11-01"}
    await market.ask("PUT", "/v1/promotions/p3", json=backwards, expect=422)
    await market.ask("DELETE", "/v1/promotions/p1", headers=market.auth("auditor"), expect=403)
    await market.ask("DELETE", "/v1/promotions/p1", headers=bound, expect=204)
    await market.ask("GET", "/v1/promotions/p1", expect=404)
    rows = await market.runtime.pool.fetch("SELECT action FROM audit_trail ORDER BY id")
    assert [row[0] for row in rows] == ["create", "change", "remove"]
