"""Subscribers are told in a handful of messages, of what still holds, and of no more than they asked for."""

import tracemalloc
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from humidor_common.clock import utc_now
from humidor_common.db.transaction import transaction
from humidor_inventory.alerts.reporting import Finding, report, settle
from humidor_inventory.notifications.digests import tell_all
from humidor_inventory.testing.shop import STORE, Shop

PATH = "/v1/alert-subscriptions"


async def subscribe(shop: Shop, **changes: Any) -> str:
    values = {"name": "East", "channel": "email", "target": "manager@example.com", "language": "en"}
    made = await shop.ask("POST", PATH, json=values | changes, expect=201)
    return str(made["subscription_id"])


def finding(subject: str, **changes: Any) -> Finding:
    values: dict[str, Any] = {
        "kind": "climate_excursion",
        "store_id": STORE,
        "figures": {"temperature_c": 31},
    }
    return Finding(subject=subject, **(values | changes))


async def raise_alerts(shop: Shop, findings: Sequence[Finding], now: datetime) -> list[Any]:
    async with transaction(shop.runtime.pool) as conn:
        return await report(conn, findings, now=now)


async def messages(shop: Shop) -> list[tuple[str, str]]:
    rows = await shop.runtime.pool.fetch("SELECT target, subject FROM deliveries ORDER BY delivery_id")
    return [(row[0], row[1]) for row in rows]


async def test_each_is_told_what_they_asked_for_once_for_each_window(shop: Shop) -> None:
    await subscribe(shop, kinds=["expired"], target="expired@example.com")
    await subscribe(shop, severities=["critical"], target="critical@example.com")
    await subscribe(shop, store_ids=["S0002"], target="other@example.com")
    await subscribe(shop, enabled=False, target="nobody@example.com")
    await subscribe(shop, target="all@example.com")
    now = utc_now()
    findings = [
        finding("Z1"),
        finding("Z2", severity="critical"),
        finding("g/L", kind="expired"),
        finding("Z1", store_id="S0002"),
        finding("Z3", severity="info"),
    ]
    await raise_alerts(shop, findings, now)
    assert [await tell_all(shop.runtime.pool, now=now + timedelta(seconds=s)) for s in (0, 299, 301)] == [
        0,
        0,
        4,
    ]
    assert sorted(await messages(shop)) == [
        ("all@example.com", "4 stock alerts: climate excursion 3, expired 1"),
        ("critical@example.com", "1 stock alerts: climate excursion 1"),
        ("expired@example.com", "1 stock alerts: expired 1"),
        ("other@example.com", "1 stock alerts: climate excursion 1"),
    ]
    await raise_alerts(shop, findings, now)
    later = now + timedelta(hours=2)
    await tell_all(shop.runtime.pool, now=later)
    assert await tell_all(shop.runtime.pool, now=later + timedelta(minutes=6)) == 3
    text = await shop.runtime.pool.fetchval("SELECT body FROM deliveries WHERE target LIKE 'other%' OFFSET 1")
    assert "- escalated · warning · climate excursion: 1 (stores 1)" in text


async def test_what_came_and_went_within_a_window_is_not_told(shop: Shop) -> None:
    await subscribe(shop, told=["raised", "closed"])
    now, pool = utc_now(), shop.runtime.pool
    await raise_alerts(shop, [finding("Z1"), finding("Z2")], now)
    for minutes, subjects in ((1, ["Z1"]), (60, ["Z2"])):
        at = now + timedelta(minutes=minutes)
        async with transaction(pool) as conn:
            keys = [("climate_excursion", STORE, subject) for subject in subjects]
            assert await settle(conn, keys, reason="cool again", now=at) == 1
        await tell_all(pool, now=at)
        await tell_all(pool, now=at + timedelta(minutes=6))
    bodies = await pool.fetch("SELECT body FROM deliveries ORDER BY delivery_id")
    assert len(bodies) == 2
    assert "Z1" not in bodies[0][0]
    assert "closed · warning · climate excursion: 1" in bodies[1][0]
    assert "[closed] climate excursion S0001 Z2: cool again" in bodies[1][0]


async def test_nobody_is_told_of_what_is_quiet_or_snoozed_nor_woken_by_what_can_wait(shop: Shop) -> None:
    now, pool = utc_now(), shop.runtime.pool
    hour = (now + timedelta(hours=1)).replace(minute=0, second=0, microsecond=0)
    quiet = {
        "quiet_from": (now - timedelta(hours=2)).strftime("%H:%M"),
        "quiet_until": hour.strftime("%H:%M"),
    }
    await subscribe(shop, **quiet, time_zone="UTC", window_seconds=5)
    await shop.ask("PUT", "/v1/alert-rules/overstock", json={"quiet": True}, expect=201)
    snoozed, _ = await raise_alerts(shop, [finding("Z1"), finding("g", kind="overstock")], now)
    snooze = {"until": (now + timedelta(days=9)).isoformat(), "reason": "known"}
    await shop.ask("POST", f"/v1/alerts/{snoozed}:snooze", json=snooze)
    await raise_alerts(shop, [finding("Z2")], now)
    assert await tell_all(pool, now=now) == 0
    assert await tell_all(pool, now=hour - timedelta(seconds=1)) == 0
    assert await tell_all(pool, now=hour) == 1
    assert [subject for _, subject in await messages(shop)] == ["1 stock alerts: climate excursion 1"]
    await raise_alerts(shop, [finding("Z3", severity="critical")], now)
    await tell_all(pool, now=now)
    assert await tell_all(pool, now=now + timedelta(seconds=6)) == 1, "what is critical does not wait"


async def test_a_storm_of_10_000_alerts_is_a_handful_of_messages(shop: Shop) -> None:
    """Bounded in messages, in their size, in statements and in memory, however many alerts there are."""
    for name in ("a", "b", "c"):
        await subscribe(shop, target=f"{name}@example.com")
    now, pool = utc_now(), shop.runtime.pool
    findings = [finding(f"g{n}", kind="expired", store_id=f"S{n % 100:04}") for n in range(10_000)]
    for start in range(0, 10_000, 2500):
        await raise_alerts(shop, findings[start : start + 2500], now)
    del findings
    statements = await _statements(pool)
    tracemalloc.start()
    told = [await tell_all(pool, now=now), await tell_all(pool, now=now + timedelta(minutes=6))]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert told == [0, 3]
    assert [subject for _, subject in await messages(shop)] == ["10000 stock alerts: expired 10000"] * 3
    sizes = [row[0] for row in await pool.fetch("SELECT length(body::text) FROM deliveries")]
    assert max(sizes) < 4096
    assert peak < 8 * 1024 * 1024
    assert await _statements(pool) - statements < 60
    assert await pool.fetchval("SELECT count(*) FROM alert_notices") == 0
    assert await pool.fetchval("SELECT count(*) FROM alert_digest_items") == 0


async def _statements(pool: Any) -> int:
    """How many transactions the database has seen: each piece of work is one of a few statements."""
    async with pool.acquire() as conn:
        await conn.execute("SELECT pg_stat_force_next_flush()")
        count: int = await conn.fetchval(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        )
    return count
