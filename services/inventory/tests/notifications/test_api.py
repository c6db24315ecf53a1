"""Subscriptions: who may have whom told of what, and that no secret is ever shown."""

import base64
from typing import Any

from humidor_inventory.testing.shop import STORE, Shop

PATH = "/v1/alert-subscriptions"
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
WECOM = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7aad-4bc4-97a0"


def body(**changes: Any) -> dict[str, Any]:
    values = {
        "name": "Region east",
        "channel": "webhook",
        "target": "https://hooks.example.com/in",
        "secret": SECRET,
    }
    return values | changes


async def test_a_subscription_is_kept_changed_and_forgotten_and_its_secret_is_not_shown(shop: Shop) -> None:
    made = await shop.ask("POST", PATH, json=body(), expect=201)
    path = f"{PATH}/{made['subscription_id']}"
    assert (made["has_secret"], made["window_seconds"], made["told"]) == (True, 300, ["raised", "escalated"])
    change = {"name": "Region west", "channel": "webhook", "kinds": ["stock_out"]}
    await shop.ask("PUT", path, json=change, headers=shop.auth() | {"If-Match": '"9"'}, expect=412)
    changed = await shop.ask("PUT", path, json=change, headers=shop.auth() | {"If-Match": '"1"'})
    assert (changed["version"], changed["target"], changed["has_secret"]) == (
        2,
        "https://hooks.example.com/in",
        True,
    )
    robot = await shop.ask("PUT", path, json=change | {"channel": "wecom", "target": WECOM, "secret": None})
    assert robot["target"] == "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=***97a0"
    assert robot["has_secret"] is False
    answers = [
        await shop.client.request(method, where, headers=shop.auth())
        for method, where in (
            ("GET", PATH),
            ("GET", path),
            ("POST", f"{path}:test"),
            ("GET", "/v1/deliveries"),
        )
    ]
    trail = await shop.runtime.pool.fetchval("SELECT jsonb_agg(t)::text FROM audit_trail t")
    said = "".join(answer.text for answer in answers) + trail
    assert SECRET not in said
    assert "693a91f6" not in said
    assert (await shop.client.delete(path, headers=shop.auth())).status_code == 204
    await shop.ask("GET", path, expect=404)


async def test_a_target_that_cannot_be_told_is_named(shop: Shop) -> None:
    for field, changes in (
        ("target", {"target": "http://hooks.example.com/in"}),
        ("target", {"target": "https://127.0.0.1/in"}),
        ("target", {"target": "https://user:word@example.com/"}),
        ("target", {"channel": "email"}),
        ("secret", {"secret": None}),
        ("secret", {"secret": "whsec_AAAA"}),
        ("secret", {"secret": "not base64!"}),
        ("kinds[0]", {"kinds": ["everything"]}),
        ("window_seconds", {"window_seconds": 1}),
        ("time_zone", {"time_zone": "Mars/Olympus"}),
        ("store_ids", {"store_ids": []}),
    ):
        problem = await shop.ask("POST", PATH, json=body(**changes), expect=422)
        assert problem["errors"][0]["field"] == field, changes
    await shop.ask("POST", PATH, json=body(quiet_from="22:00"), expect=422)
    await shop.ask("POST", PATH, json=body(quiet_from="22:00Z", quiet_until="07:00Z"), expect=422)
    mail = body(
        channel="email", target="manager@example.com", secret=None, quiet_from="22:00", quiet_until="07:00"
    )
    assert (await shop.ask("POST", PATH, json=mail, expect=201))["quiet_from"] == "22:00:00"


async def test_whoever_is_bound_to_stores_has_only_these_told_of(shop: Shop) -> None:
    everything = await shop.ask("POST", PATH, json=body(), expect=201)
    bound = shop.auth("manager", stores=[STORE, "S0002"])
    await shop.ask("POST", PATH, json=body(), headers=bound, expect=403)
    await shop.ask("POST", PATH, json=body(store_ids=[STORE, "S0003"]), headers=bound, expect=403)
    own = await shop.ask("POST", PATH, json=body(store_ids=[STORE]), headers=bound, expect=201)
    found = (await shop.ask("GET", PATH, headers=bound))["items"]
    assert [each["subscription_id"] for each in found] == [own["subscription_id"]]
    for path in (f"{PATH}/{everything['subscription_id']}",):
        await shop.ask("GET", path, headers=bound, expect=404)
        await shop.ask("PUT", path, json={"name": "x", "channel": "webhook"}, headers=bound, expect=404)
        await shop.ask("POST", f"{path}:test", headers=bound, expect=404)
    await shop.ask("POST", PATH, json=body(), headers=shop.auth("analyst"), expect=403)


async def test_rules_are_set_by_scope_and_read_with_their_version(shop: Shop, gtin: str) -> None:
    path = "/v1/alert-rules/overstock"
    made = await shop.ask("PUT", f"{path}?brand=Harbour", json={"threshold_days": 30}, expect=201)
    assert (made["version"], made["escalate_after_minutes"], made["gtin"]) == (1, None, None)
    same = await shop.ask("PUT", f"{path}?brand=Harbour", json={"threshold_days": 30})
    assert same == made
    stale = shop.auth() | {"If-Match": '"7"'}
    await shop.ask("PUT", f"{path}?brand=Harbour", json={"threshold_days": 40}, headers=stale, expect=412)
    await shop.ask("PUT", f"{path}?gtin={gtin}&store_id={STORE}", json={"severity": "critical"}, expect=201)
    pages, cursor = [], ""
    while cursor is not None:
        page = await shop.ask(
            "GET", "/v1/alert-rules", params={"limit": 1} | ({"cursor": cursor} if cursor else {})
        )
        pages += [(rule["brand"], rule["gtin"], rule["store_id"]) for rule in page["items"]]
        cursor = page["next_cursor"]
    assert pages == [("Harbour", None, None), (None, gtin, STORE)]
    for wrong, field in (
        ("below_reorder_point", "enabled"),
        ("negative", "enabled"),
        ("negative", "threshold_days"),
        ("dead_stock", "window_days"),
    ):
        terms = {field: False if field == "enabled" else 5}
        if (wrong, field) == ("negative", "enabled"):
            await shop.ask("PUT", f"/v1/alert-rules/{wrong}", json=terms, expect=201)
            continue
        problem = await shop.ask("PUT", f"/v1/alert-rules/{wrong}", json=terms, expect=422)
        assert problem["errors"][0]["field"] == field
    await shop.ask("PUT", f"{path}?brand=Harbour&gtin={gtin}", json={}, expect=422)
    bound = shop.auth("manager", stores=[STORE])
    await shop.ask("PUT", path, json={}, headers=bound, expect=403)
    await shop.ask("PUT", f"{path}?store_id={STORE}", json={}, headers=bound, expect=201)
    assert (await shop.client.delete(f"{path}?brand=Harbour", headers=shop.auth())).status_code == 204
    await shop.ask("GET", f"{path}?brand=Harbour", expect=404)
    assert len((await shop.ask("GET", "/v1/alert-kinds"))["items"]) == 11


async def test_a_parked_delivery_is_looked_at_sent_again_or_dropped(shop: Shop) -> None:
    made = await shop.ask("POST", PATH, json=body(), expect=201)
    sent = await shop.ask("POST", f"{PATH}/{made['subscription_id']}:test")
    path = f"/v1/deliveries/{sent['delivery_id']}"
    detail = await shop.ask("GET", path)
    assert (detail["state"], detail["body"]["test"], detail["log"]) == ("pending", True, [])
    await shop.ask("POST", f"{path}:retry", expect=409)
    await shop.runtime.pool.execute("UPDATE deliveries SET state = 'parked', tries = 8, reason = 'dead'")
    parked = (await shop.ask("GET", "/v1/deliveries?state=parked&channel=webhook"))["items"]
    assert [(each["delivery_id"], each["reason"]) for each in parked] == [(sent["delivery_id"], "dead")]
    assert (await shop.ask("POST", f"{path}:retry"))["state"] == "pending"
    assert (await shop.ask("POST", f"{path}:drop", json={"reason": "moved"}))["state"] == "dropped"
    await shop.ask("POST", f"{path}:drop", json={"reason": "moved"}, expect=409)
    trail = await shop.runtime.pool.fetch(
        "SELECT action FROM audit_trail WHERE entity = 'delivery' ORDER BY id"
    )
    assert [row[0] for row in trail] == ["retry", "drop"]
    for bad in (shop.auth("manager"), shop.auth("admin", stores=[STORE])):
        await shop.ask("GET", "/v1/deliveries", headers=bad, expect=403)
