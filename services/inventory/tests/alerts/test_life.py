"""What people do about alerts, and what is done where nobody does anything."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from humidor_common.clock import utc_now
from humidor_common.db.transaction import transaction
from humidor_inventory.alerts.reporting import Finding, report
from humidor_inventory.alerts.service import escalate_due
from humidor_inventory.testing.shop import STORE, Shop


async def raise_alert(shop: Shop, subject: str = "Z1", **changes: Any) -> str:
    values: dict[str, Any] = {
        "kind": "climate_excursion",
        "store_id": STORE,
        "figures": {"temperature_c": 31},
    }
    async with transaction(shop.runtime.pool) as conn:
        (alert_id,) = await report(conn, [Finding(subject=subject, **(values | changes))], now=utc_now())
    return f"/v1/alerts/{alert_id}"


async def escalate(shop: Shop, minutes: int) -> int:
    async with transaction(shop.runtime.pool) as conn:
        return await escalate_due(conn, now=utc_now() + timedelta(minutes=minutes))


async def test_what_nobody_acknowledges_is_escalated_once(shop: Shop) -> None:
    seen, unseen = await raise_alert(shop), await raise_alert(shop, "Z2")
    first = await shop.ask("POST", f"{seen}:acknowledge", json={"note": "on my way"})
    again = await shop.ask(
        "POST", f"{seen}:acknowledge", json={"note": "me too"}, headers=shop.auth("manager")
    )
    assert (first["acknowledged_by"], again) == ("tester", first)
    assert [await escalate(shop, minutes) for minutes in (59, 61, 120)] == [0, 1, 0]
    assert (await shop.ask("GET", unseen))["escalated_at"] is not None
    assert (await shop.ask("GET", seen))["escalated_at"] is None
    told = await shop.runtime.pool.fetch("SELECT what FROM alert_notices ORDER BY notice_id")
    assert [row[0] for row in told] == ["raised", "raised", "escalated"]


async def test_a_snooze_puts_escalation_off_and_can_be_ended(shop: Shop) -> None:
    path = await raise_alert(shop)
    until = (utc_now() + timedelta(hours=5)).isoformat()
    snoozed = await shop.ask(
        "POST", f"{path}:snooze", json={"until": until, "reason": "cooler is being mended"}
    )
    assert snoozed["snoozed_by"] == "tester"
    assert [await escalate(shop, minutes) for minutes in (240, 301)] == [0, 1]
    assert (await shop.ask("POST", f"{path}:wake"))["snoozed_until"] is None
    for bad in ("2020-01-01T00:00:00Z", "2990-01-01T00:00:00Z"):
        problem = await shop.ask("POST", f"{path}:snooze", json={"until": bad, "reason": "x"}, expect=422)
        assert problem["errors"][0]["field"] == "until"
    trail = await shop.runtime.pool.fetch(
        "SELECT action, reason FROM audit_trail WHERE entity = 'alert' ORDER BY id"
    )
    assert [tuple(row) for row in trail] == [("snooze", "cooler is being mended"), ("wake", None)]


async def test_what_never_escalates_is_not_made_to_by_a_snooze(shop: Shop) -> None:
    path = await raise_alert(shop, kind="overstock")
    until = (utc_now() + timedelta(hours=1)).isoformat()
    await shop.ask("POST", f"{path}:snooze", json={"until": until, "reason": "sale next week"})
    assert await escalate(shop, 60 * 24 * 300) == 0


async def test_alerts_of_other_stores_are_not_there_and_closed_ones_are_over(shop: Shop) -> None:
    path = await raise_alert(shop)
    stranger = shop.auth("manager", stores=["S0002"])
    await shop.ask("GET", path, headers=stranger, expect=404)
    await shop.ask("POST", f"{path}:acknowledge", json={}, headers=stranger, expect=404)
    await shop.ask("POST", f"{path}:acknowledge", json={}, headers=shop.auth("analyst"), expect=403)
    await shop.ask("POST", f"/v1/alerts/{uuid4()}:wake", expect=404)
    assert (await shop.ask("GET", "/v1/alerts/overview", headers=stranger))["open"] == 0
    await shop.runtime.pool.execute("UPDATE alerts SET state = 'closed', closed_at = now()")
    assert (await shop.ask("POST", f"{path}:acknowledge", json={}, expect=409))["code"] == "alert-closed"


async def test_the_overview_counts_what_is_open(shop: Shop) -> None:
    path = await raise_alert(shop, severity="critical")
    await raise_alert(shop, "Z2", severity="critical")
    await raise_alert(shop, "Z1", kind="overstock", store_id="S0002", severity="info")
    await shop.ask("POST", f"{path}:acknowledge", json={})
    found = await shop.ask("GET", "/v1/alerts/overview")
    counts = [(c["kind"], c["severity"], c["open"], c["acknowledged"]) for c in found["counts"]]
    assert counts == [("climate_excursion", "critical", 2, 1), ("overstock", "info", 1, 0)]
    assert [(s["store_id"], s["open"], s["critical"]) for s in found["stores"]] == [
        (STORE, 2, 2),
        ("S0002", 1, 0),
    ]
    assert (await shop.ask("GET", f"/v1/alerts/overview?store_id={STORE}"))["open"] == 2
