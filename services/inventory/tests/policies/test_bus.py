"""Through a real broker: a stored policy turns a sale of the topic into a suggestion of its own quantity."""

from collections.abc import Callable

from humidor_common.db.transaction import transaction
from humidor_common.messaging import outbox
from humidor_common.testing.plugin import SettingsFor
from humidor_common.testing.running import drained, running
from humidor_inventory.app import SERVICE
from humidor_inventory.testing.shop import STORE, Shop, line, make_gtin, sale

WEEKLY = {
    "policy": "R_S",
    "demand": {"mean_per_day": 12, "sd_per_day": 5},
    "lead_time_days": 2,
    "review_days": 7,
    "service": {"kind": "cycle", "target": 0.95},
    "order_multiple": 10,
}


async def test_a_sale_from_the_topic_is_answered_by_the_policy(
    settings_for: SettingsFor, auth: Callable[..., dict[str, str]]
) -> None:
    settings = settings_for(SERVICE)
    gtin = make_gtin(1)
    async with running(SERVICE, settings) as api, running(SERVICE, settings, "worker") as worker:
        shop = Shop(api.runtime, api.client, auth)
        await shop.put_store()
        await shop.put_product(gtin)
        await shop.receive((gtin, 133, "A"))
        view = await shop.ask("PUT", f"/v1/policies/{STORE}/{gtin}", json=WEEKLY, expect=201)
        assert view["answer"]["order_up_to"] == 133
        path = f"/v1/replenishments?store_id={STORE}&gtin={gtin}&state=open"
        assert (await shop.ask("GET", path))["items"] == []
        async with transaction(api.runtime.pool) as conn:
            await outbox.append(conn, [sale(line(gtin, 3)) for _ in range(7)])
        api.runtime.wake_relay()
        await drained(api, worker)
        (suggested,) = (await shop.ask("GET", path))["items"]
        assert (suggested["quantity"], suggested["order_up_to_sticks"]) == (30, 133 * 20)
        await shop.check()
