"""Findings become alerts: raised once, updated, closed when their cause has ended, whoever reports."""

import asyncio
from typing import Any

from humidor_common.db.transaction import transaction
from humidor_common.events.inventory import AlertClosed, AlertRaised
from humidor_inventory.alerts.reporting import Finding, reconcile, report, settle
from humidor_inventory.testing.shop import NOON, STORE, Shop


def finding(subject: str = "Z1", store_id: str = STORE, **changes: Any) -> Finding:
    values: dict[str, Any] = {"kind": "climate_excursion", "figures": {"temperature_c": 31.5}}
    return Finding(store_id=store_id, subject=subject, **(values | changes))


async def open_alerts(shop: Shop, **params: str) -> list[tuple[str, str]]:
    found = await shop.ask("GET", "/v1/alerts", params={"state": "open"} | params)
    return [(alert["store_id"], alert["subject"]) for alert in found["items"]]


async def test_a_cause_is_raised_once_and_its_figures_follow(shop: Shop) -> None:
    async with transaction(shop.runtime.pool) as conn:
        first = await report(conn, [finding(), finding("Z2")], now=NOON)
        again = await report(conn, [finding(), finding()], now=NOON)
        worse = finding(severity="critical", figures={"temperature_c": 34.0})
        assert (len(first), again, await report(conn, [worse], now=NOON)) == (2, [], [])
    found = (await shop.ask("GET", "/v1/alerts", params={"severity": "critical"}))["items"]
    assert [(a["alert_id"], a["figures"]) for a in found] == [(str(first[0]), {"temperature_c": 34.0})]
    assert found[0]["gtin"] is None
    assert await shop.outbox(AlertRaised.TYPE) == 2


async def test_what_has_ended_is_closed_with_the_reason_and_told(shop: Shop) -> None:
    async with transaction(shop.runtime.pool) as conn:
        await report(conn, [finding(), finding("Z2")], now=NOON)
        key = ("climate_excursion", STORE, "Z1")
        assert await settle(conn, [key, key], reason="the air is dry again", now=NOON) == 1
        assert await settle(conn, [key], reason="the air is dry again", now=NOON) == 0
        assert len(await report(conn, [finding()], now=NOON)) == 1
    closed = (await shop.ask("GET", "/v1/alerts", params={"state": "closed"}))["items"]
    assert [(a["subject"], a["closed_reason"]) for a in closed] == [("Z1", "the air is dry again")]
    assert await shop.outbox(AlertClosed.TYPE) == 1


async def test_reconciling_closes_only_what_was_looked_at(shop: Shop) -> None:
    async with transaction(shop.runtime.pool) as conn:
        await report(conn, [finding(), finding("Z2"), finding("Z1", "S0002")], now=NOON)
        await report(conn, [finding(kind="climate_gap")], now=NOON)
        await reconcile(conn, ["climate_excursion"], [STORE], [finding("Z2"), finding("Z3")], now=NOON)
    assert await open_alerts(shop, kind="climate_excursion") == [
        ("S0001", "Z2"),
        ("S0002", "Z1"),
        (STORE, "Z3"),
    ]
    assert await open_alerts(shop, kind="climate_gap") == [(STORE, "Z1")]
    async with transaction(shop.runtime.pool) as conn:
        await reconcile(conn, ["climate_excursion"], None, [], now=NOON)
    assert await open_alerts(shop) == [(STORE, "Z1")]


async def test_who_report_the_same_at_once_raise_it_once(shop: Shop) -> None:
    async def look(order: int) -> int:
        findings = [finding(f"Z{n}") for n in range(20)][::order]
        async with transaction(shop.runtime.pool) as conn:
            return len(await report(conn, findings, now=NOON))

    assert sum(await asyncio.gather(*(look(order) for order in (1, -1, 1, -1)))) == 20
    assert await shop.outbox(AlertRaised.TYPE) == 20
