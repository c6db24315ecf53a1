"""Through a real broker: sales reach the stock, poison is set aside, and a rebuild gives the same stock."""

from collections.abc import Callable

from humidor_common.db.transaction import transaction
from humidor_common.messaging import outbox
from humidor_common.messaging.rebuild import rebuild
from humidor_common.testing.plugin import SettingsFor
from humidor_common.testing.running import drained, running
from humidor_inventory.app import SERVICE
from humidor_inventory.checks.projection import PROJECTION
from humidor_inventory.testing.shop import Shop, line, make_gtin, returned, sale


async def test_sales_from_the_topic_change_the_stock_once_and_a_rebuild_proves_it(
    settings_for: SettingsFor, auth: Callable[..., dict[str, str]]
) -> None:
    settings = settings_for(SERVICE)
    gtin = make_gtin(1)
    async with running(SERVICE, settings) as api, running(SERVICE, settings, "worker") as worker:
        shop = Shop(api.runtime, api.client, auth)
        await shop.put_store()
        await shop.put_product(gtin)
        await shop.receive((gtin, 50, "A"))
        sales = [sale(line(gtin, 1)) for _ in range(30)]
        poison = sale(line(gtin, 10**30))
        back = returned(sales[0].sale_id, line(gtin, 1))
        async with transaction(api.runtime.pool) as conn:
            await outbox.append(conn, [back, *sales[:10], poison, *sales[10:], sales[3]])
        api.runtime.wake_relay()
        await drained(api, worker)
        assert (await shop.stock(gtin))["on_hand"] == 50 - 30 + 1
        await shop.check()
        letters = (await shop.ask("GET", "/v1/dead-letters"))["items"]
        assert ["a quantity of 1" in letter["reason"] for letter in letters] == [True]
        outcome = await rebuild(settings, PROJECTION)
        assert (outcome.equal, outcome.events_read, outcome.skipped) == (True, 33, 1)
        assert (await shop.stock(gtin))["on_hand"] == 21
        await shop.check()
